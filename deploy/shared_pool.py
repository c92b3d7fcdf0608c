"""Where SES's shared addresses may send from: only the region, or also others, in which SES is better known.

It is a property of the configuration set that CloudFormation does not have yet, so each deployment sets it. An account
that began after its introduction has GLOBAL.
https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_PutConfigurationSetDeliveryOptions.html
"""

from __future__ import annotations

import json
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from tools.processes import StepFailed

OPERATION: Final = "PutConfigurationSetDeliveryOptions"


def set_shared_pool(session: Any, stack: str, mode: str) -> None:
    """Set it for the stack's configuration set. `mode`: `regional` or `global`."""
    asked = mode.upper()
    ses = session.client("sesv2")

    def add_mode(params: dict[str, Any], **_: Any) -> None:
        # the locked SDK does not have it; botocore 1.44.8 does
        params["body"] = json.dumps({**json.loads(params["body"]), "SharedPoolDeliveryMode": asked}).encode()

    ses.meta.events.register(f"before-call.sesv2.{OPERATION}", add_mode)
    name = "<configuration set>"
    try:
        name = configuration_set(session, stack)
        # what is left out would be reset, e.g. a pool of dedicated addresses
        kept = ses.get_configuration_set(ConfigurationSetName=name).get("DeliveryOptions", {})
        kept.pop("SharedPoolDeliveryMode", None)
        ses.put_configuration_set_delivery_options(ConfigurationSetName=name, **kept)
    except (BotoCoreError, ClientError) as error:
        raise StepFailed(
            f"Deployed, but SES was not set to send from the shared addresses of `shared_pool: {mode}`: {error}\n"
            "Run `aws sesv2 put-configuration-set-delivery-options --tls-policy REQUIRE "
            f"--configuration-set-name {name} --shared-pool-delivery-mode {asked}`, or deploy again with the "
            f"permission ses:{OPERATION}."
        ) from error


def configuration_set(session: Any, stack: str) -> str:
    """The name of the stack's configuration set."""
    found = session.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
    (name,) = [each["PhysicalResourceId"] for each in found if each["ResourceType"] == "AWS::SES::ConfigurationSet"]
    return str(name)
