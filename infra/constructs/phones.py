"""What reaches phones: Amazon SNS, by number or through the platform applications of push."""

from __future__ import annotations

from collections.abc import Mapping

from ..settings import DeploymentSettings
from .reach import Reach


def phones(partition: str, *, settings: DeploymentSettings) -> Mapping[str, Reach]:
    """Phone numbers, and the devices of the platform applications that the deployment has."""
    configured = {"FCM": settings.push_fcm_application_arn, "APNS": settings.push_apns_application_arn}
    applications = {name: arn for name, arn in configured.items() if arn}
    return {
        # A phone number has no ARN: what has one, any topic, endpoint or application, is left out instead.
        # https://docs.aws.amazon.com/sns/latest/dg/sns-using-identity-based-policies.html
        "phone_numbers": Reach((f"arn:{partition}:sns:*:*:*",), all_but=True),
        "push_applications": Reach(
            tuple(applications.values()),
            {f"FANFARE_PUSH_{name}_APPLICATION_ARN": arn for name, arn in applications.items()},
        ),
        "push_endpoints": Reach(
            tuple(f"{arn.replace(':app/', ':endpoint/')}/*" for arn in applications.values()),
            patterns_mean="Every device has an endpoint, made when it is first written to.",
        ),
    }
