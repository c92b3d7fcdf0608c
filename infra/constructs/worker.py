"""A queue that is worked off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from ..nag import acknowledge
from ..settings import DeploymentSettings
from .function import Function, House
from .reach import Reach

BATCH_SIZE: Final = 10  # jobs or batches an invocation


class Worker(Construct):
    """A queue with dead letters, and the function that works it off."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        house: House,
        queue: str,
        name: str,
        timeout: Duration,
        max_receive_count: int,
        code: str | None = None,
        environment: Mapping[str, str] | None = None,
        batch_size: int = BATCH_SIZE,
        max_batching_window: Duration | None = None,
        recursive_loop: lambda_.RecursiveLoop | None = None,
    ) -> None:
        super().__init__(scope, id)
        self.works_off = queue
        self.dead_letters = self._queue("DeadLetters", house.settings, retention_period=Duration.days(14))
        self.queue = self._queue(
            "Queue",
            house.settings,
            retention_period=Duration.days(4),
            # Six times the timeout is what AWS asks for, so that a throttled invocation is retried before
            # its messages show again. https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
            visibility_timeout=Duration.seconds(6 * timeout.to_seconds()),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=max_receive_count),
        )
        house.reach[f"{queue}.queue"] = Reach(
            (self.queue.queue_arn,), {f"FANFARE_{queue.upper()}_QUEUE_URL": self.queue.queue_url}
        )
        house.reach[f"{queue}.dead_letters"] = Reach(
            (self.dead_letters.queue_arn,), {f"FANFARE_{queue.upper()}_DEAD_LETTERS_URL": self.dead_letters.queue_url}
        )
        self.function = Function(
            self,
            "Function",
            house=house,
            name=name,
            code=code,
            timeout=timeout,
            environment=environment,
            recursive_loop=recursive_loop,
        )
        lambda_.EventSourceMapping(
            self,
            "EventSource",
            target=self.function,
            event_source_arn=self.queue.queue_arn,
            batch_size=batch_size,
            max_batching_window=max_batching_window,
            report_batch_item_failures=True,
            max_concurrency=house.settings.max_concurrency,
        )

    def _queue(self, id: str, settings: DeploymentSettings, **props: Any) -> sqs.Queue:
        queue = sqs.Queue(self, id, encryption=sqs.QueueEncryption.SQS_MANAGED, enforce_ssl=not settings.local, **props)
        if settings.local:
            acknowledge(queue, "AwsSolutions-SQS4", "The emulator speaks http, on loopback.")
        return queue
