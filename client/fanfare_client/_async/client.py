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
from .messages import AsyncMessages
from .subscriptions import AsyncSubscriptions
from .suppressions import AsyncSuppressions
from .templates import AsyncTemplates
from .topics import AsyncTopics
from .transport import AsyncTransport
from .users import AsyncUsers

TIMEOUT = 35.0  # seconds per attempt; API Gateway's own timeout is 30
POOL_TIMEOUT = 5.0  # seconds until a connection is free: of this process, not of the server


class AsyncFanfare:
    """Client of Fanfare's internal API, for services."""

    def __init__(
        self,
        url: str,
        *,
        region: str,
        credentials: CredentialSource,
        retries: Retries | None = None,
        timeout: float = TIMEOUT,
        http: httpx2.AsyncClient | None = None,
    ) -> None:
        """Pass `http` to use your own httpx2 client, e.g. with a proxy; it is closed together with this one."""
        self._transport = AsyncTransport(
            url,
            Signer(credentials, region),
            http=http or httpx2.AsyncClient(timeout=httpx2.Timeout(timeout, pool=min(timeout, POOL_TIMEOUT))),
            retries=retries or Retries(),
        )
        self.messages = AsyncMessages(self._transport)
        self.topics = AsyncTopics(self._transport)
        self.templates = AsyncTemplates(self._transport)
        self.users = AsyncUsers(self._transport)
        self.subscriptions = AsyncSubscriptions(self._transport)
        self.suppressions = AsyncSuppressions(self._transport)
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

    async def openapi(self) -> Mapping[str, Any]:
        """The API's OpenAPI document."""
        description: Mapping[str, Any] = await self._transport.json(Call("GET", "/openapi.json"))
        return description

    async def queues(self) -> Sequence[Queue]:
        """The approximate number of waiting jobs and dead letters of each queue."""
        queues: Sequence[Queue] = (await self._transport.json(Call("GET", path("queues"))))["items"]
        return queues

    async def aclose(self) -> None:
        await self._transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
