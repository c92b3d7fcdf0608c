# Written by tests/client/unasync.py from its twin in _async.
from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx2

from .. import endpoint
from ..calls import Call, path
from ..retries import Retries
from ..signing import CredentialSource, Signer
from ..types import Queue
from .brand import AsyncBrand
from .messages import Messages
from .subscriptions import Subscriptions
from .suppressions import Suppressions
from .templates import Templates
from .topics import Topics
from .transport import Transport
from .users import Users

TIMEOUT = 35.0  # seconds per attempt; API Gateway's own timeout is 30
POOL_TIMEOUT = 5.0  # seconds until a connection is free: of this process, not of the server


class Fanfare:
    """Client of Fanfare's internal API, for services."""

    def __init__(
        self,
        url: str,
        *,
        region: str,
        credentials: CredentialSource,
        retries: Retries | None = None,
        timeout: float = TIMEOUT,
        http: httpx2.Client | None = None,
    ) -> None:
        """Pass `http` to use your own httpx2 client, e.g. with a proxy; it is closed together with this one."""
        self._transport = Transport(
            url,
            Signer(credentials, region),
            http=http or httpx2.Client(timeout=httpx2.Timeout(timeout, pool=min(timeout, POOL_TIMEOUT))),
            retries=retries or Retries(),
        )
        self.messages = Messages(self._transport)
        self.topics = Topics(self._transport)
        self.templates = Templates(self._transport)
        self.users = Users(self._transport)
        self.subscriptions = Subscriptions(self._transport)
        self.suppressions = Suppressions(self._transport)
        self.brand = AsyncBrand(self._transport)

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
        """A client for the first of: the arguments, $FANFARE_URL, $FANFARE_STACK, the local stack of `make run`.

        Credentials and region come from the AWS default chain. Raises ConfigurationError.
        """
        found = endpoint.find(url=url, region=region, profile=profile, stack=stack)
        return cls(found.url, region=found.region, credentials=found.credentials, **more)

    def openapi(self) -> Mapping[str, Any]:
        """The API's OpenAPI document."""
        description: Mapping[str, Any] = self._transport.json(Call("GET", "/openapi.json"))
        return description

    def queues(self) -> Sequence[Queue]:
        """The approximate number of waiting jobs and dead letters of each queue."""
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
