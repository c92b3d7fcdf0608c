"""Access to Amazon SNS: phone numbers, and the platform applications of push."""

from __future__ import annotations

from collections.abc import Mapping

from ..settings import DeploymentSettings
from .access_target import AccessTarget


def sms_and_push(partition: str, region: str, *, settings: DeploymentSettings) -> Mapping[str, AccessTarget]:
    """Phone numbers, and the devices of the configured platform applications."""
    configured = {"FCM": settings.push_fcm_application_arn, "APNS": settings.push_apns_application_arn}
    applications = {name: arn for name, arn in configured.items() if arn}
    return {
        # A phone number has no ARN, so everything that has one (topics, endpoints, applications) is excluded instead.
        # https://docs.aws.amazon.com/sns/latest/dg/sns-using-identity-based-policies.html
        # Without the condition that would be in any region, each of which has a spending limit of its own.
        "phone_numbers": AccessTarget(
            (f"arn:{partition}:sns:*:*:*",),
            all_except=True,
            conditions={"StringEquals": {"aws:RequestedRegion": region}},
            environment={"FANFARE_SMS_MAX_PRICE": f"{settings.sms_max_price:.2f}"},
        ),
        "sms_countries": AccessTarget(environment={"FANFARE_SMS_COUNTRIES": ",".join(settings.sms_countries)}),
        "codes": AccessTarget(environment={"FANFARE_CODES_PER_HOUR": str(settings.codes_per_hour)}),
        "push_applications": AccessTarget(
            tuple(applications.values()),
            {f"FANFARE_PUSH_{name}_APPLICATION_ARN": arn for name, arn in applications.items()},
        ),
        "push_endpoints": AccessTarget(
            tuple(f"{arn.replace(':app/', ':endpoint/')}/*" for arn in applications.values()),
            wildcard_reason="Every device has its own endpoint, created with the first push.",
        ),
    }
