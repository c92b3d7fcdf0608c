"""What waits in the queues, and what they gave up. Numbers alone: nothing is taken out, so nothing is hidden."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType

WAITING: Final = "ApproximateNumberOfMessages"
IN_FLIGHT: Final = "ApproximateNumberOfMessagesNotVisible"
DELAYED: Final = "ApproximateNumberOfMessagesDelayed"
ASKED: Final[tuple[QueueAttributeNameType, ...]] = (WAITING, IN_FLIGHT, DELAYED)


@dataclass(frozen=True, kw_only=True)
class Depth:
    """How many jobs of a queue wait, are being worked at, come later, or were given up. SQS counts approximately."""

    queue: str
    waiting: int
    in_flight: int
    delayed: int
    dead_letters: int


class QueueDepths:
    """The queues by name: their URL, and that of their dead letters."""

    def __init__(self, client: SQSClient, queues: Mapping[str, tuple[str, str]]) -> None:
        self.client = client
        self._queues = queues

    def depths(self) -> list[Depth]:
        """Each queue, in the order of the deployment."""
        return [self._depth(name, *urls) for name, urls in self._queues.items()]

    def _depth(self, name: str, url: str, dead_letters_url: str) -> Depth:
        queue, dead = self._counted(url), self._counted(dead_letters_url)
        return Depth(
            queue=name,
            waiting=queue[WAITING],
            in_flight=queue[IN_FLIGHT],
            delayed=queue[DELAYED],
            # those that the reconciler looks at just now are hidden, and still there
            dead_letters=sum(dead.values()),
        )

    def _counted(self, url: str) -> dict[str, int]:
        answer = self.client.get_queue_attributes(QueueUrl=url, AttributeNames=[*ASKED])["Attributes"]
        return {name: int(answer[name]) for name in ASKED}
