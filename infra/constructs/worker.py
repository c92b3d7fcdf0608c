"""A queue and the function that consumes it."""

from __future__ import annotations

from typing import Any, Final

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from ..nag import suppress_nag
from ..settings import DeploymentSettings
from .access_target import AccessTarget
from .function import Function, FunctionDefaults

BATCH_SIZE: Final = 10  # jobs or batches per invocation


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
        max_receive_count: int,
        batch_size: int = BATCH_SIZE,
        max_batching_window: Duration | None = None,
        **function: Any,
    ) -> None:
        """`function` is passed on to the Function."""
        super().__init__(scope, id)
        self.consumes = queue
        self.dead_letters = self._queue("DeadLetters", defaults.settings, retention_period=Duration.days(14))
        self.queue = self._queue(
            "Queue",
            defaults.settings,
            retention_period=Duration.days(4),
            # AWS recommends six times the timeout, so that a throttled invocation is retried before its messages
            # become visible again. https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
            visibility_timeout=Duration.seconds(6 * timeout.to_seconds()),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=max_receive_count),
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

    def _can_be_reached(self, targets: dict[str, AccessTarget]) -> None:
        """Add the queues to what functions can be granted."""
        name, queue, dead = self.consumes, self.queue, self.dead_letters
        targets[f"{name}.queue"] = AccessTarget(
            (queue.queue_arn,), {f"FANFARE_{name.upper()}_QUEUE_URL": queue.queue_url}
        )
        targets[f"{name}.dead_letters"] = AccessTarget(
            (dead.queue_arn,), {f"FANFARE_{name.upper()}_DEAD_LETTERS_URL": dead.queue_url}
        )

    def _queue(self, id: str, settings: DeploymentSettings, **props: Any) -> sqs.Queue:
        queue = sqs.Queue(self, id, encryption=sqs.QueueEncryption.SQS_MANAGED, enforce_ssl=not settings.local, **props)
        if settings.local:
            suppress_nag(queue, "AwsSolutions-SQS4", "The emulator uses http, on loopback.")
        return queue
