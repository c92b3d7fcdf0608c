from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Unpack

from ..calls import Call, given, path, user_chunks
from ..types import Export, PushAddress, UnstoredUser, User, UserBody, UserDelivery, UserItem, UserResult, Window
from .items import AsyncItems
from .transport import AsyncTransport


class AsyncUsers:
    """Users: the recipients and their addresses."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def put(self, user_id: str, **user: Unpack[UserBody]) -> User:
        """Create or replace the user."""
        stored: User = await self._transport.json(Call("PUT", path("users", user_id), body=given(**user)))
        return stored

    async def put_many(self, users: Iterable[UserItem], *, merge: bool | None = None) -> Sequence[UserResult]:
        """Create or replace many users, in several requests if necessary. Returns a result per user, in order.

        `merge`: keep fields that are left out; None removes one, `attributes` are merged by name.
        """
        results: list[UserResult] = []
        for chunk in user_chunks(users):
            answer = await self._transport.json(Call("POST", path("users"), body=given(items=chunk, merge=merge)))
            results += answer["items"]
        return results

    async def patch(self, user_id: str, **changes: Any) -> User:
        """Change the given fields. None removes one, `attributes` are merged by name, `push` is replaced."""
        user: User = await self._transport.json(Call("PATCH", path("users", user_id), body=changes))
        return user

    def list(
        self,
        *,
        email: str | None = None,
        phone: str | None = None,
        opted_out: bool | None = None,
        page_size: int = 100,
        cursor: str | None = None,
    ) -> AsyncItems[User | UnstoredUser]:
        """All users by id, those who opted out of everything, or those with an address in any spelling, stored or
        not."""
        query = {"email": email, "phone": phone, "opted_out": opted_out, "limit": page_size, "cursor": cursor}
        return AsyncItems(self._transport, path("users"), query)

    async def add_device(self, user_id: str, platform: str = "", token: str = "") -> PushAddress:
        """Add a device. Its token belongs to the last user who got it; of more than 20, the oldest is removed."""
        call = Call("POST", path("users", user_id, "devices"), body={"platform": platform, "token": token})
        device: PushAddress = await self._transport.json(call)
        return device

    async def remove_device(self, user_id: str, token: str = "") -> None:
        """Remove a device. Idempotent."""
        await self._transport.json(Call("DELETE", path("users", user_id, "devices"), {"token": token}))

    async def get(self, user_id: str) -> User | UnstoredUser:
        user: User | UnstoredUser = await self._transport.json(Call("GET", path("users", user_id)))
        return user

    async def get_masked(self, user_id: str) -> User:
        """The user with masked addresses, for callers who may not see them."""
        user: User = await self._transport.json(Call("GET", path("masked", "users", user_id)))
        return user

    async def delete(self, user_id: str) -> None:
        """Erase everything stored about the user. On Unavailable with code `erasure_unfinished`, repeat the call."""
        await self._transport.json(Call("DELETE", path("users", user_id)))

    def deliveries(self, user_id: str, *, page_size: int = 100, cursor: str | None = None) -> AsyncItems[UserDelivery]:
        """The user's deliveries, newest first."""
        query = {"limit": page_size, "cursor": cursor}
        return AsyncItems(self._transport, path("users", user_id, "deliveries"), query)

    def digests(self, user_id: str, *, page_size: int = 100, cursor: str | None = None) -> AsyncItems[Window]:
        """The user's open digests, oldest first."""
        query = {"limit": page_size, "cursor": cursor}
        return AsyncItems(self._transport, path("users", user_id, "digests"), query)

    async def digest(self, user_id: str, digest_id: str) -> Window:
        """A digest of the user, open or closed."""
        window: Window = await self._transport.json(Call("GET", path("users", user_id, "digests", digest_id)))
        return window

    async def close_digest(self, user_id: str, digest_id: str) -> Window:
        """Close a digest before its time. Idempotent."""
        call = Call("POST", path("users", user_id, "digests", digest_id, "close"))
        window: Window = await self._transport.json(call)
        return window

    async def export(self, user_id: str, *, cursor: str | None = None) -> Export:
        """All that is kept on the user. Continue with `next_cursor` until it is None."""
        page: Export = await self._transport.json(Call("GET", path("users", user_id, "export"), {"cursor": cursor}))
        return page
