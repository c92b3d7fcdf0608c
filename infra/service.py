"""The service stack: APIs, queues and functions. It holds no data and can be recreated."""

from __future__ import annotations

from typing import Final

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from constructs import Construct
from fanfare.channels import CHANNELS

from .constructs.access_target import AccessTarget
from .constructs.function import Function, FunctionDefaults
from .constructs.http.internal_api import InternalApi
from .constructs.http.public_api import PublicApi
from .constructs.layers import Layers
from .constructs.naming import pascal
from .constructs.operations import Operations
from .constructs.receipts import Receipts
from .constructs.schedule import Schedule
from .constructs.sender import Sender
from .constructs.sms import sms_and_push
from .constructs.worker import Worker
from .constructs.zone import Zone
from .settings import DeploymentSettings
from .storage import Storage, boundary

DELIVER_TIMEOUT: Final = Duration.seconds(60)
LEASE_SECONDS: Final = DELIVER_TIMEOUT.to_seconds() + 15  # longer than the function that holds the lease can run


class Service(Stack):
    """Internal API → fan-out → one queue and worker per channel; the reconciler recovers lost work every minute.

    Readers use the public API. Reports of providers arrive as receipts. Events about messages go to an event bus.
    """

    def __init__(self, scope: Construct, id: str, *, settings: DeploymentSettings, storage: Storage) -> None:
        super().__init__(
            scope, id, description="Fanfare: APIs, queues and functions", permissions_boundary=boundary(settings)
        )
        zone = Zone(self, "Zone", settings=settings)
        sender = Sender(self, "Sender", settings=settings, zone=zone)
        bus = events.EventBus(self, "Bus", description="Fanfare: events about messages")
        public_api = PublicApi(self, "PublicApi", settings=settings, accounts=storage.accounts, zone=zone)
        self._defaults = FunctionDefaults(
            settings=settings,
            layers=Layers(self, "Layers", settings=settings).versions,
            access_targets={
                **storage.access_targets,
                **sender.access_targets,
                **public_api.access_targets,
                **sms_and_push(self.partition, self.region, settings=settings),
                "events": event_bus(bus, settings),
                "webhook_endpoints": AccessTarget(environment=webhook_endpoints(settings)),
                "own_messages": AccessTarget(environment=own_messages(settings)),
            },
        )
        workers = {**self._channel_workers(), **self._other_workers()}
        Receipts(self, "Receipts", rules=sender.rules, queue=workers["record_receipt"].queue, settings=settings)
        api = self._apis(public_api)
        reconcile = self._schedule()
        operations = Operations(self, "Operations", settings=settings, watched=[self, storage])
        self._outputs(
            InternalApiUrl=api.url,
            PublicApiUrl=public_api.url,
            EventBusName=bus.event_bus_name,
            **{f"{name}PolicyArn": policy.managed_policy_arn for name, policy in api.policies.items()},
            ReconcileFunctionName=reconcile.function_name,
            OperationsTopicArn=operations.topic.topic_arn,
            SenderAddress=settings.sender_address,
            **{f"{pascal(name)}QueueUrl": worker.queue.queue_url for name, worker in workers.items()},
            **{f"{pascal(name)}DeadLettersUrl": worker.dead_letters.queue_url for name, worker in workers.items()},
        )

    def _channel_workers(self) -> dict[str, Worker]:
        """One per channel."""
        return {
            name: Worker(
                self,
                pascal(name),
                defaults=self._defaults,
                queue=name,
                name=f"deliver-{name}",
                code="deliver",
                timeout=DELIVER_TIMEOUT,
                environment={"FANFARE_CHANNEL": name, "FANFARE_LEASE_SECONDS": str(LEASE_SECONDS)},
            )
            for name in CHANNELS
        }

    def _other_workers(self) -> dict[str, Worker]:
        """Before the channels and after them: the fan-out, and what records receipts."""
        fan_out = Worker(
            self,
            "FanOut",
            defaults=self._defaults,
            queue="fan_out",
            name="fan_out",
            timeout=Duration.minutes(5),
            batch_size=1,  # jobs with a large audience take long: they must not delay others in the same event
            # A long fan-out continues by sending itself a job. Lambda's recursive loop detection would stop it after
            # about sixteen runs; the fan-out ends with the last page, because the cursor only moves forward.
            recursive_loop=lambda_.RecursiveLoop.ALLOW,
        )
        record_receipt = Worker(
            self,
            "RecordReceipt",
            defaults=self._defaults,
            queue="record_receipt",
            name="record_receipt",
            timeout=Duration.seconds(30),
            # Receipts arrive one by one and are not urgent: gather them, so that a call stores 25.
            batch_size=100,
            max_batching_window=Duration.seconds(5),
            environment={} if self._defaults.settings.delivery_receipts else {"FANFARE_DELIVERY_RECEIPTS": "false"},
        )
        return {"fan_out": fan_out, "record_receipt": record_receipt}

    def _apis(self, public_api: PublicApi) -> InternalApi:
        """The functions of both APIs."""
        internal = self._api_function("InternalApiFunction", "internal_api", memory_size=1024)
        api = InternalApi(self, "InternalApi", settings=self._defaults.settings, function=internal)
        public_api.serve(self._api_function("PublicApiFunction", "public_api", memory_size=1024))
        return api

    def _api_function(self, id: str, name: str, *, memory_size: int) -> Function:
        timeout = Duration.seconds(29)  # just below API Gateway's
        return Function(self, id, defaults=self._defaults, name=name, timeout=timeout, memory_size=memory_size)

    def _schedule(self) -> Function:
        """The reconciler, every minute."""
        reconcile = Function(
            self,
            "Reconcile",
            defaults=self._defaults,
            name="reconcile",
            timeout=Duration.seconds(55),
            retry_attempts=0,  # the next minute's run is the retry
        )
        Schedule(self, "Clock", function=reconcile)
        return reconcile

    def _outputs(self, **values: str) -> None:
        for name, value in values.items():
            CfnOutput(self, name, value=value)


def event_bus(bus: events.EventBus, settings: DeploymentSettings) -> AccessTarget:
    """The bus for services."""
    deliveries = str(settings.delivery_events).lower()
    environment = {"FANFARE_EVENT_BUS_NAME": bus.event_bus_name, "FANFARE_DELIVERY_EVENTS": deliveries}
    return AccessTarget((bus.event_bus_arn,), environment)


def own_messages(settings: DeploymentSettings) -> dict[str, str]:
    """Whether services see only their own messages, and who sees all."""
    if not settings.own_messages_only:
        return {}
    overseers = ",".join(settings.message_overseers)
    return {"FANFARE_OWN_MESSAGES_ONLY": "true", "FANFARE_MESSAGE_OVERSEERS": overseers}


def webhook_endpoints(settings: DeploymentSettings) -> dict[str, str]:
    """Private addresses that the webhook channel allows: none, except on a developer's machine."""
    return {"FANFARE_WEBHOOK_ALLOWED": ",".join(settings.webhook_allowed)} if settings.webhook_allowed else {}
