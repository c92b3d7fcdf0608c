"""What can be remade: the way of a message."""

from __future__ import annotations

from typing import Final

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from constructs import Construct
from fanfare.channels import CHANNELS

from .constructs.every_minute import EveryMinute
from .constructs.function import Function, House
from .constructs.internal_api import InternalApi
from .constructs.layers import Layers
from .constructs.naming import pascal
from .constructs.operations import Operations
from .constructs.phones import phones
from .constructs.public_api import PublicApi
from .constructs.reach import Reach
from .constructs.receipts import Receipts
from .constructs.sender import Sender
from .constructs.worker import Worker
from .constructs.zone import Zone
from .settings import DeploymentSettings
from .storage import Storage, boundary

DELIVER_TIMEOUT: Final = Duration.seconds(60)
LEASE_SECONDS: Final = DELIVER_TIMEOUT.to_seconds() + 15  # outlives the function that holds it


class Service(Stack):
    """Internal API → fan-out → one queue and worker per channel; the reconciler sees to the rest every minute.

    People come in by the public API, what providers report by the receipts, and what became of messages goes
    out on a bus of its own.
    """

    def __init__(self, scope: Construct, id: str, *, settings: DeploymentSettings, storage: Storage) -> None:
        super().__init__(
            scope, id, description="Fanfare: the way of a message", permissions_boundary=boundary(settings)
        )
        zone = Zone(self, "Zone", settings=settings)
        sender = Sender(self, "Sender", settings=settings, zone=zone)
        bus = events.EventBus(self, "Bus", description="Fanfare: what became of messages")
        public_api = PublicApi(self, "PublicApi", settings=settings, accounts=storage.accounts, zone=zone)
        house = House(
            settings=settings,
            layers=Layers(self, "Layers", settings=settings).versions,
            reach={
                **storage.reach,
                **sender.reach,
                **public_api.reach,
                **phones(self.partition, settings=settings),
                "events": Reach(
                    (bus.event_bus_arn,),
                    {
                        "FANFARE_EVENT_BUS_NAME": bus.event_bus_name,
                        "FANFARE_DELIVERY_EVENTS": str(settings.delivery_events).lower(),
                    },
                ),
                "webhook_endpoints": Reach(environment=webhook_endpoints(settings)),
            },
        )

        workers = {
            name: Worker(
                self,
                pascal(name),
                house=house,
                queue=name,
                name=f"deliver-{name}",
                code="deliver",
                timeout=DELIVER_TIMEOUT,
                max_receive_count=3,
                environment={"FANFARE_CHANNEL": name, "FANFARE_LEASE_SECONDS": str(LEASE_SECONDS)},
            )
            for name in CHANNELS
        }
        workers["fan_out"] = Worker(
            self,
            "FanOut",
            house=house,
            queue="fan_out",
            name="fan_out",
            timeout=Duration.minutes(5),
            max_receive_count=5,
            batch_size=1,  # a job is as long as its audience: none waits behind another's in the same event
            # A long fan-out hands on to itself through its queue. Lambda takes that for a runaway and would stop
            # it after some sixteen turns; ours ends with the last page, because the cursor only moves forward.
            recursive_loop=lambda_.RecursiveLoop.ALLOW,
        )
        workers["record_receipt"] = Worker(
            self,
            "RecordReceipt",
            house=house,
            queue="record_receipt",
            name="record_receipt",
            timeout=Duration.seconds(30),
            max_receive_count=5,
            # They come one by one and are stored 25 a call: nobody waits for them, so they are gathered.
            batch_size=100,
            max_batching_window=Duration.seconds(5),
        )
        Receipts(self, "Receipts", rules=sender.rules, queue=workers["record_receipt"].queue, settings=settings)
        api = InternalApi(
            self,
            "InternalApi",
            settings=settings,
            function=Function(
                self,
                "InternalApiFunction",
                house=house,
                name="internal_api",
                timeout=Duration.seconds(29),  # just under what API Gateway waits for
                memory_size=1024,
            ),
        )
        public_api.serve(
            Function(
                self,
                "PublicApiFunction",
                house=house,
                name="public_api",
                timeout=Duration.seconds(29),
                memory_size=1024,
            )
        )
        reconcile = Function(
            self,
            "Reconcile",
            house=house,
            name="reconcile",
            timeout=Duration.seconds(55),
            retry_attempts=0,  # the next minute's run is the retry
        )
        EveryMinute(self, "Clock", function=reconcile)
        operations = Operations(self, "Operations", settings=settings, watched=[self, storage])

        self._outputs(
            InternalApiUrl=api.url,
            PublicApiUrl=public_api.url,
            EventBusName=bus.event_bus_name,
            ServicePolicyArn=api.service_policy.managed_policy_arn,
            **{f"{name}PolicyArn": policy.managed_policy_arn for name, policy in api.console_policies.items()},
            ReconcileFunctionName=reconcile.function_name,
            OperationsTopicArn=operations.topic.topic_arn,
            SenderAddress=settings.sender_address,
            **{f"{pascal(name)}QueueUrl": worker.queue.queue_url for name, worker in workers.items()},
            **{f"{pascal(name)}DeadLettersUrl": worker.dead_letters.queue_url for name, worker in workers.items()},
        )

    def _outputs(self, **values: str) -> None:
        for name, value in values.items():
            CfnOutput(self, name, value=value)


def webhook_endpoints(settings: DeploymentSettings) -> dict[str, str]:
    """Addresses that the webhook channel takes though they are not public: none, save on a developer's machine."""
    return {"FANFARE_WEBHOOK_ALLOWED": ",".join(settings.webhook_allowed)} if settings.webhook_allowed else {}
