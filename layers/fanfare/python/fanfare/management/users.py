"""Users: recipients and their addresses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from fanfare.domain.audience import User
from fanfare.errors import FanfareError, Invalid, NotFound, Unavailable
from fanfare.schemas.errors import faults, item_error
from fanfare.schemas.users import PutUserRequest, UserItem, UserResultView, UserView
from fanfare.store.audience import Audience
from fanfare.store.deliveries import Deliveries
from fanfare.store.inbox import Inboxes

ERASED_AT_ONCE = 5_000  # rows per table: about five seconds at the write limit of a partition


@dataclass(frozen=True, kw_only=True)
class ManageUsers:
    audience: Audience
    deliveries: Deliveries
    inboxes: Inboxes

    def put(self, user_id: str, request: PutUserRequest) -> tuple[User, bool]:
        """The stored user, and whether it was created. Replaces all data of a known user."""
        user = self.audience.users.put(user_id, request.profile())
        return user, user.rev == 1

    def put_many(self, items: Sequence[Any]) -> list[UserResultView]:
        """Store or reject each user; results are in the order of the items. If an id repeats, the last item is kept."""
        checked = [_checked(item, f"/items/{place}") for place, item in enumerate(items)]
        stored = self.audience.users.put_many(
            {user.id: user.profile() for user in checked if isinstance(user, UserItem)}
        )
        created = {user_id for user_id, user in stored.items() if user.rev == 1}
        results = []
        for item, user in zip(items, checked, strict=True):
            if isinstance(user, Invalid):
                results.append(_refused(written(item, "id"), user))
                continue
            results.append(UserResultView(id=user.id, status=201 if user.id in created else 200, error=None))
            created.discard(user.id)  # a repeated id exists already
        return results

    def get(self, user_id: str) -> User:
        """The user. Raises NotFound."""
        return find_user(user_id, self.audience)

    def delete(self, user_id: str) -> None:
        """Erase all data of the user before it returns. Idempotent.

        Addresses are erased first. Raises Unavailable if one call can't erase everything; a repeat continues.
        """
        self.audience.erase(user_id)
        done = [store.erase(user_id, limit=ERASED_AT_ONCE) for store in (self.inboxes, self.deliveries)]
        if not all(done):
            raise Unavailable(
                f"Erasure is not complete; one call erases {ERASED_AT_ONCE:,} rows per table. Repeat the request.",
                code="erasure_unfinished",
            )


def find_user(user_id: str, audience: Audience) -> User:
    """The user. Raises NotFound."""
    user = audience.users.get(user_id)
    if user is None:
        raise NotFound("No such user.", code="user_not_found")
    return user


def user_view(user: User) -> UserView:
    """The user as the API shows it."""
    known = dict.fromkeys(UserView.model_fields) | {"push": ()} | dict(user.profile)
    return UserView.model_validate(known | {"id": user.id})


def _checked(item: Any, at: str) -> UserItem | Invalid:
    try:
        return UserItem.model_validate(item)
    except ValidationError as error:
        return Invalid("Invalid user.", errors=faults(error.errors(), at=at))


def _refused(user_id: str | None, error: FanfareError) -> UserResultView:
    return UserResultView.model_validate({"id": user_id, "status": error.status, "error": item_error(error)})


def written(item: Any, name: str) -> str | None:
    """The field `name` of a rejected item, if it is a string."""
    found = item.get(name) if isinstance(item, dict) else None
    return found if isinstance(found, str) else None
