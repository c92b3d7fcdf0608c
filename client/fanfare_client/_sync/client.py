# Written by tests/client/unasync.py from its twin in _async.
from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from .. import place
from ..calls import Call, path
from ..retries import Retries
from ..signing import CredentialSource, Signer
from ..types import Queue
from .messages import Messages
from .subscriptions import Subscriptions
from .suppressions import Suppressions
from .templates import Templates
from .topics import Topics
from .transport import Transport
from .users import Users

TIMEOUT = 35.0  # seconds for an attempt: API Gateway gives up after 30


class Fanfare:
    """Fanfare's internal API, for services."""

    def __init__(
        self,
        url: str,
        *,
        region: str,
        credentials: CredentialSource,
        retries: Retries | None = None,
        timeout: float = TIMEOUT,
        http: httpx.Client | None = None,
    ) -> None:
        """`http` is for a client of httpx of your own, with a proxy or certificates; it is closed with this one."""
        self._transport = Transport(
            url,
            Signer(credentials, region),
            http=http or httpx.Client(timeout=timeout),
            retries=retries or Retries(),
        )
        self.messages = Messages(self._transport)
        self.topics = Topics(self._transport)
        self.templates = Templates(self._transport)
        self.users = Users(self._transport)
        self.subscriptions = Subscriptions(self._transport)
        self.suppressions = Suppressions(self._transport)

    @classmethod
    def from_environment(
        cls,
        url: str | None = None,
        *,
        region: str | None = None,
        profile: str | None = None,
        stack: str | Path | None = None,
        **more: Any,
    ) -> Self:
        """By the arguments, $FANFARE_URL, $FANFARE_STACK, or the stack that `make run` keeps, in this order.

        Credentials and region are those of every AWS SDK. Raises ConfigurationError.
        """
        found = place.find(url=url, region=region, profile=profile, stack=stack)
        return cls(found.url, region=found.region, credentials=found.credentials, **more)

    def openapi(self) -> Mapping[str, Any]:
        """The API's own description."""
        description: Mapping[str, Any] = self._transport.json(Call("GET", "/openapi.json"))
        return description

    def queues(self) -> Sequence[Queue]:
        """How much waits in each queue, and how much was given up: the dead letters."""
        queues: Sequence[Queue] = (self._transport.json(Call("GET", path("queues"))))["items"]
        return queues

    def close(self) -> None:
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
