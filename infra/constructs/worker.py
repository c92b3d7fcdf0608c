"""A queue and the function that consumes it."""

from __future__ import annotations

from typing import Any, Final

from aws_cdk import Duration, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from ..nag import suppress_nag
from ..settings import DeploymentSettings
from .access_target import AccessTarget
from .function import Function, FunctionDefaults

BATCH_SIZE: Final = 10  # jobs or batches per invocation
MAX_RECEIVES: Final = 5


class Worker(Construct):
    """A queue with a dead-letter queue, and the function that consumes it."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        defaults: FunctionDefaults,
        queue: str,
        timeout: Duration,
        batch_size: int = BATCH_SIZE,
        max_batching_window: Duration | None = None,
        **function: Any,
    ) -> None:
        """`function` is passed on to the Function."""
        super().__init__(scope, id)
        self.consumes = queue
        window = max_batching_window.to_seconds() if max_batching_window else 0
        self.dead_letters = self._dead_letters(defaults.settings)
        self.queue = self._queue(
            "Queue",
            defaults.settings,
            retention_period=Duration.days(4),
            # AWS recommends six times the timeout and the batching window, so that a throttled invocation is retried
            # before its messages become visible again, and five receives, because each throttled invocation is one.
            # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
            visibility_timeout=Duration.seconds(6 * timeout.to_seconds() + window),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=MAX_RECEIVES),
        )
        self._can_be_reached(defaults.access_targets)
        self.function = Function(self, "Function", defaults=defaults, timeout=timeout, **function)
        lambda_.EventSourceMapping(
            self,
            "EventSource",
            target=self.function,
            event_source_arn=self.queue.queue_arn,
            batch_size=batch_size,
            max_batching_window=max_batching_window,
            report_batch_item_failures=True,
            max_concurrency=defaults.settings.max_concurrency,
        )

    def _dead_letters(self, settings: DeploymentSettings) -> sqs.Queue:
        return self._queue(
            "DeadLetters",
            settings,
            retention_period=Duration.days(14),
            # Without a wait, SQS looks at some of its servers only, and often finds none of a few letters.
            # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html
            receive_message_wait_time=Duration.seconds(0 if settings.local else 1),
        )

    def _can_be_reached(self, targets: dict[str, AccessTarget]) -> None:
        """Add the queues to what functions can be granted."""
        stack = Stack.of(self)
        # What all URLs begin with is given once: Lambda takes 4,096 bytes of environment.
        at = {"FANFARE_QUEUES": f"https://sqs.{stack.region}.{stack.url_suffix}/{stack.account}/"}
        for kind, queue in (("queue", self.queue), ("dead_letters", self.dead_letters)):
            variable = f"FANFARE_{self.consumes}_{kind}_URL".upper()
            targets[f"{self.consumes}.{kind}"] = AccessTarget((queue.queue_arn,), {**at, variable: queue.queue_name})

    def _queue(self, id: str, settings: DeploymentSettings, **props: Any) -> sqs.Queue:
        queue = sqs.Queue(self, id, encryption=sqs.QueueEncryption.SQS_MANAGED, enforce_ssl=not settings.local, **props)
        if settings.local:
            suppress_nag(queue, "AwsSolutions-SQS4", "The emulator uses http, on loopback.")
        return queue
