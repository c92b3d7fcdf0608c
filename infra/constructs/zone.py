"""DNS records: created in the deployer's hosted zone, and listed as stack outputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_route53 as route53
from constructs import Construct

from ..settings import DeploymentSettings

SECONDS: Final = "1800"


@dataclass(frozen=True)
class Record:
    """`id` is the construct id, `domain` the domain name; `name` the full name if it is only known at deployment.

    If `made` is false, the record is never created, only listed as an output.
    """

    id: str
    domain: str
    type: Literal["CNAME", "MX", "TXT"]
    value: str
    name: str = ""
    made: bool = True


class Zone(Construct):
    """Lists every record as an output, e.g. `DnsDkim1` = `name type value`, whether it is created here or not."""

    def __init__(self, scope: Construct, id: str, *, settings: DeploymentSettings) -> None:
        super().__init__(scope, id)
        self._settings = settings

    def add(self, record: Record) -> None:
        name = record.name or record.domain
        if record.made and self._settings.in_zone(record.domain):
            route53.CfnRecordSet(
                self,
                record.id,
                hosted_zone_id=self._settings.hosted_zone_id,
                name=name,
                type=record.type,
                ttl=SECONDS,
                resource_records=[record.value],
            )
        CfnOutput(Stack.of(self), f"Dns{record.id}", value=f"{name} {record.type} {record.value}")
