"""DNS records: made in the deployer's hosted zone, or told as outputs."""

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
    """`id` is what it is called in the template, `domain` where it lies; `name` where that is known at deployment only.

    `made` is whether it is made where there is a zone for it; told it is always.
    """

    id: str
    domain: str
    type: Literal["CNAME", "MX", "TXT"]
    value: str
    name: str = ""
    made: bool = True


class Zone(Construct):
    """Every record is told as an output, `DnsDkim1` = `name type value`, whoever makes it."""

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
