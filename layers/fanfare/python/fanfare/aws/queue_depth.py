"""Numbers of waiting jobs and dead letters. No message is received, so none is hidden from workers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from fanfare.data_classes import dataclass

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType

WAITING: Final = "ApproximateNumberOfMessages"
IN_FLIGHT: Final = "ApproximateNumberOfMessagesNotVisible"
DELAYED: Final = "ApproximateNumberOfMessagesDelayed"
ASKED: Final[tuple[QueueAttributeNameType, ...]] = (WAITING, IN_FLIGHT, DELAYED)


@dataclass(frozen=True, kw_only=True)
class Depth:
    """Approximate numbers of jobs in a queue: waiting, in flight, delayed, and in its dead-letter queue."""

    queue: str
    waiting: int
    in_flight: int
    delayed: int
    dead_letters: int


class QueueDepths:
    """`queues`: name → (URL of the queue, URL of its dead-letter queue)."""

    def __init__(self, client: SQSClient, queues: Mapping[str, tuple[str, str]]) -> None:
        self.client = client
        self._queues = queues

    def depths(self) -> list[Depth]:
        """The depth of each queue, in the order of the deployment."""
        return [self._depth(name, *urls) for name, urls in self._queues.items()]

    def _depth(self, name: str, url: str, dead_letters_url: str) -> Depth:
        queue, dead = self._counted(url), self._counted(dead_letters_url)
        return Depth(
            queue=name,
            waiting=queue[WAITING],
            in_flight=queue[IN_FLIGHT],
            delayed=queue[DELAYED],
            # including those that the reconciler is reading, which are hidden
            dead_letters=sum(dead.values()),
        )

    def _counted(self, url: str) -> dict[str, int]:
        answer = self.client.get_queue_attributes(QueueUrl=url, AttributeNames=[*ASKED])["Attributes"]
        return {name: int(answer[name]) for name in ASKED}
