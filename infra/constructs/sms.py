"""Access to Amazon SNS: phone numbers, and the platform applications of push."""

from __future__ import annotations

from collections.abc import Mapping

from ..settings import DeploymentSettings
from .access_target import AccessTarget


def sms_and_push(partition: str, *, settings: DeploymentSettings) -> Mapping[str, AccessTarget]:
    """Phone numbers, and the devices of the configured platform applications."""
    configured = {"FCM": settings.push_fcm_application_arn, "APNS": settings.push_apns_application_arn}
    applications = {name: arn for name, arn in configured.items() if arn}
    return {
        # A phone number has no ARN, so everything that has one (topics, endpoints, applications) is excluded instead.
        # https://docs.aws.amazon.com/sns/latest/dg/sns-using-identity-based-policies.html
        "phone_numbers": AccessTarget((f"arn:{partition}:sns:*:*:*",), all_except=True),
        "push_applications": AccessTarget(
            tuple(applications.values()),
            {f"FANFARE_PUSH_{name}_APPLICATION_ARN": arn for name, arn in applications.items()},
        ),
        "push_endpoints": AccessTarget(
            tuple(f"{arn.replace(':app/', ':endpoint/')}/*" for arn in applications.values()),
            wildcard_reason="Every device has its own endpoint, created with the first push.",
        ),
    }
