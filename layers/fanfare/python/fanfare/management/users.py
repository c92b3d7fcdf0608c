"""Users: recipients and their addresses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from fanfare.channels import Email, Sms
from fanfare.data_classes import dataclass
from fanfare.domain.audience import User
from fanfare.errors import FanfareError, Invalid, NotFound, Unavailable
from fanfare.management.own_data import UNFINISHED_LIMIT, EraseOwnData
from fanfare.merge_patch import merged
from fanfare.pagination import take
from fanfare.schemas.errors import faults, item_error
from fanfare.schemas.users import (
    DEVICES_LIMIT,
    PushAddress,
    PutUserRequest,
    UnstoredUserView,
    UserItem,
    UserResultView,
    UserView,
)
from fanfare.signing.person_ids import is_person_id
from fanfare.store.audience import Audience
from fanfare.store.audience.profiles import identities
from fanfare.store.audience.users import MaybeChange
from fanfare.store.deliveries import Deliveries
from fanfare.store.inbox import Inboxes

if TYPE_CHECKING:
    from collections.abc import Callable

    from fanfare.management.windows import EraseWindows

    PersonId = Callable[[str, str], str]

ERASED_AT_ONCE = 5_000  # rows per table: about five seconds at the write limit of a partition


@dataclass(frozen=True, kw_only=True)
class ManageUsers:
    audience: Audience
    deliveries: Deliveries
    inboxes: Inboxes
    windows: Callable[[], EraseWindows] | None = None
    own_data: EraseOwnData | None = None  # None in functions that read no messages
    person_id: PersonId | None = None

    def put(self, user_id: str, request: PutUserRequest) -> tuple[User, bool]:
        """The stored user, and whether it was created. Replaces all data of a known user."""
        check_id(user_id, request.id)
        user = self.audience.users.put(user_id, request.profile())
        return user, user.rev == 1

    def patch(self, user_id: str, patch: Mapping[str, Any]) -> User:
        """The user after a merge patch, which is checked as in a PUT; other fields stay as they are.

        Raises NotFound, Invalid.
        """

        def change(profile: Mapping[str, Any]) -> dict[str, Any]:
            target = merged(dict(profile), patch)
            # fields that the patch does not name may be from before a rule
            checked = _checked_fields({name: target.get(name) for name in patch})
            check_id(user_id, checked.id)
            values = {name: None for name in patch if name != "id"} | checked.profile()
            return {**profile, **values}

        user = self.audience.users.change_known(user_id, change)
        if user is None:
            raise NotFound("No such user.", code="user_not_found")
        return user

    def put_many(self, items: Sequence[Any]) -> list[UserResultView]:
        """Store or reject each user; results are in the order of the items. If an id repeats, the last item is kept."""
        checked = [_checked(item, f"/items/{place}") for place, item in enumerate(items)]
        stored = self.audience.users.put_many(
            {user.id: user.profile() for user in checked if isinstance(user, UserItem)}
        )
        return self._results(items, checked, stored)

    def merge_many(self, items: Sequence[Any]) -> list[UserResultView]:
        """Merge each item into its user, who may be new, or reject it; results are in the order of the items."""
        checked = [_checked_patch(item, f"/items/{place}") for place, item in enumerate(items)]
        patches: dict[str, list[tuple[int, Mapping[str, Any]]]] = {}
        for place, item in enumerate(items):
            if isinstance(checked[place], UserItem):
                patches.setdefault(item["id"], []).append((place, item))
        refused: dict[int, Invalid] = {}

        def merging(user_id: str) -> MaybeChange:
            def change(profile: Mapping[str, Any]) -> Mapping[str, Any] | None:
                after, taken = dict(profile), False
                for place, patch in patches[user_id]:
                    try:
                        after, taken = _merged(after, patch, f"/items/{place}"), True
                    except Invalid as invalid:
                        refused[place] = invalid
                return after if taken and (after != profile or not profile) else None

            return change

        stored = self.audience.users.change_many({user_id: merging(user_id) for user_id in patches})
        return self._results(items, [refused.get(place, user) for place, user in enumerate(checked)], stored)

    def _results(
        self, items: Sequence[Any], checked: Sequence[UserItem | Invalid], stored: Mapping[str, User]
    ) -> list[UserResultView]:
        created = {user_id for user_id, user in stored.items() if user.rev == 1}
        results = []
        for item, user in zip(items, checked, strict=True):
            if isinstance(user, Invalid):
                results.append(_refused(written(item, "id"), user))
                continue
            if user.opted_out:
                self.audience.users.opt_out(user.id, True)
            results.append(UserResultView(id=user.id, status=201 if user.id in created else 200, error=None))
            created.discard(user.id)  # a repeated id exists already
        return results

    def get(self, user_id: str) -> User:
        """The user. Raises NotFound."""
        return find_user(user_id, self.audience)

    def check_unstored(self, user_id: str) -> None:
        """Raises NotFound unless a delivery to this recipient by address is kept."""
        if not self.deliveries.any_of(user_id):
            raise NotFound("No such user.", code="user_not_found")

    def page(self, *, after: str | None, limit: int, opted_out: bool = False) -> tuple[list[User], str | None]:
        """A page of all users by id, and the id to continue after; `opted_out`: without all others."""
        ids, position = take(self.audience.directory.user_ids(after=after, limit=limit + 1), limit, lambda last: last)
        users = self.audience.users.get_many(ids)
        page = [users[each] for each in ids if each in users]
        return [user for user in page if user.opted_out or not opted_out], position

    def find(
        self, *, email: str | None, phone: str | None, after: str | None, limit: int
    ) -> tuple[list[User | str], str | None]:
        """A page of those with these addresses, in any spelling, and the id to continue after. Raises Invalid.

        Users by id, then the ids of people without a stored user.
        """
        wanted = {}
        for channel, field, written_as in ((Email, "email", email), (Sms, "phone", phone)):
            if written_as is not None:
                # + is a space in a query, if it is not encoded
                text = f"+{written_as[1:]}" if field == "phone" and written_as.startswith(" ") else written_as
                address = channel.normalised(text)
                if address is None:
                    raise Invalid.field(f"?{field}", f"invalid_{field}", "Invalid address.")
                wanted[channel.name] = address
        found = [set(self.audience.directory.at(channel, address)) for channel, address in wanted.items()]
        users = self.audience.users.get_many(sorted(set.intersection(*found)))
        # a user may have changed since
        stored = [each for each in users if wanted.items() <= identities(users[each].profile).items()]
        unstored = [each for each in self._unstored(wanted) if self.deliveries.any_of(each)]
        ids = sorted({*stored, *unstored}, key=_order)
        left = [each for each in ids if after is None or _order(each) > _order(after)]
        page, position = take(left, limit, lambda last: last)
        return [users.get(each, each) for each in page], position

    def _unstored(self, wanted: Mapping[str, str]) -> list[str]:
        """The id of a recipient by this address."""
        if self.person_id is None or len(wanted) != 1:
            return []
        return [self.person_id(channel, address) for channel, address in wanted.items()]

    def post_device(self, user_id: str, device: PushAddress) -> bool:
        """Store a device, which belongs to this user from now on. Whether it is new. Raises NotFound."""
        new = self.audience.directory.post_device(user_id, device.platform, device.token, most=DEVICES_LIMIT)
        if new is None:
            raise NotFound("No such user.", code="user_not_found")
        return new

    def forget_device(self, user_id: str, token: str) -> None:
        """Remove a device. Idempotent."""
        self.audience.directory.forget_token(user_id, token)

    def delete(self, user_id: str) -> None:
        """Erase all data of the user before it returns. Idempotent.

        Addresses are erased first. Raises Unavailable if one call can't erase everything; a repeat continues.
        """
        self.audience.erase(user_id)
        within = self.own_data is None or self.own_data.run(user_id)
        done = self.inboxes.erase(user_id, limit=ERASED_AT_ONCE)
        done &= self.windows is None or self.windows().run(user_id, limit=ERASED_AT_ONCE)
        # an item of a window is found by its delivery
        if not (done and self.deliveries.erase(user_id, limit=ERASED_AT_ONCE)):
            raise Unavailable(
                f"Erasure is not complete; one call erases {ERASED_AT_ONCE:,} rows per table. Repeat the request.",
                code="erasure_unfinished",
            )
        if not within:
            raise Unavailable(
                f"More than {UNFINISHED_LIMIT:,} messages are not finished, and one of them may have data of this "
                "user. Repeat the request when fewer are.",
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
    known = dict.fromkeys(UserView.model_fields) | {"push": (), "attributes": {}} | dict(user.profile)
    return UserView.model_validate(known | {"id": user.id})


def _order(user_id: str) -> tuple[bool, str]:
    """The place in a look-up: people without a stored user come last."""
    return is_person_id(user_id), user_id


def unstored_view(user_id: str) -> UnstoredUserView:
    """A recipient by address, as the API shows it."""
    return UnstoredUserView(id=user_id, stored=False)


def _checked_fields(fields: Mapping[str, Any]) -> PutUserRequest:
    """The fields of a user. Raises Invalid."""
    try:
        return PutUserRequest.model_validate(fields)
    except ValidationError as error:
        raise Invalid("Request has invalid fields.", errors=faults(error.errors())) from error


def check_patch(patch: Mapping[str, Any]) -> None:
    """Raises Invalid for what is wrong whatever is stored. Parts of an object may fit only with the stored ones."""
    _checked_fields(merged({}, {name: each for name, each in patch.items() if not _is_part(name, each)}))


def _is_part(name: str, value: Any) -> bool:
    return name in ("quiet_hours", "webhook") and isinstance(value, Mapping)


def check_id(of_path: str, told: str | None) -> None:
    """Raises Invalid if the id in a body differs from the path."""
    if told not in (None, of_path):
        raise Invalid.field("/id", "differs_from_path", f"Must be {of_path}, as in the path, or left out.")


def _checked(item: Any, at: str) -> UserItem | Invalid:
    try:
        return UserItem.model_validate(item)
    except ValidationError as error:
        return Invalid("Invalid user.", errors=faults(error.errors(), at=at))


def _checked_patch(item: Any, at: str) -> UserItem | Invalid:
    """The item as far as it can be checked without the stored user: parts of an object may fit only with it."""
    if not isinstance(item, Mapping):
        return _checked(item, at)
    return _checked(merged({}, {name: each for name, each in item.items() if not _is_part(name, each)}), at)


def _merged(profile: Mapping[str, Any], patch: Mapping[str, Any], at: str) -> dict[str, Any]:
    """The profile after a merge patch with the id. Raises Invalid."""
    target = merged(dict(profile), patch)
    # fields that the patch does not name may be from before a rule
    checked = _checked({name: target.get(name) for name in patch}, at)
    if isinstance(checked, Invalid):
        raise checked
    values = dict.fromkeys(patch) | checked.profile()
    after = {**profile, **{name: value for name, value in values.items() if name not in ("id", "opted_out")}}
    return {name: value for name, value in after.items() if value is not None}


def _refused(user_id: str | None, error: FanfareError) -> UserResultView:
    return UserResultView.model_validate({"id": user_id, "status": error.status, "error": item_error(error)})


def written(item: Any, name: str) -> str | None:
    """The field `name` of a rejected item, if it is a string."""
    found = item.get(name) if isinstance(item, dict) else None
    return found if isinstance(found, str) else None
