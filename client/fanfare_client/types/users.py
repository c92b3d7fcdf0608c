"""Users, their addresses and what they received."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NotRequired, TypedDict

from .common import DeliveryStatus, ItemError
from .topics import Consent, Subscription


class PushAddress(TypedDict):
    """A device or browser."""

    platform: str
    token: str


class WebhookAddress(TypedDict):
    """The URL of a user's own server."""

    url: str


class QuietHours(TypedDict):
    """The hours in which only critical messages are sent, in the user's time zone. They can span midnight."""

    start: str
    end: str


class UserBody(TypedDict):
    """A complete user. Fields that are left out are removed."""

    id: NotRequired[str | None]
    name: NotRequired[str | None]
    email: NotRequired[str | None]
    phone: NotRequired[str | None]
    push: NotRequired[Sequence[PushAddress] | None]
    webhook: NotRequired[WebhookAddress | None]
    locale: NotRequired[str | None]
    time_zone: NotRequired[str | None]
    quiet_hours: NotRequired[QuietHours | None]
    attributes: NotRequired[Mapping[str, str | int | float | bool | None] | None]


class UserItem(TypedDict):
    """A user with the id. `opted_out`: of all messages, e.g. in another system; only the user can end it."""

    id: str
    opted_out: NotRequired[Literal[True] | None]
    name: NotRequired[str | None]
    email: NotRequired[str | None]
    phone: NotRequired[str | None]
    push: NotRequired[Sequence[PushAddress] | None]
    webhook: NotRequired[WebhookAddress | None]
    locale: NotRequired[str | None]
    time_zone: NotRequired[str | None]
    quiet_hours: NotRequired[QuietHours | None]
    attributes: NotRequired[Mapping[str, str | int | float | bool | None] | None]


class User(TypedDict):
    """A user."""

    id: str
    name: str | None
    email: str | None
    phone: str | None
    push: Sequence[PushAddress]
    webhook: WebhookAddress | None
    locale: str | None
    time_zone: str | None
    quiet_hours: QuietHours | None
    attributes: Mapping[str, Any]


class UnstoredUser(TypedDict):
    """Somebody without a stored user, named by an address in a message. Deliveries are kept under this id."""

    id: str
    stored: Literal[False]


class UserResult(TypedDict):
    """The result of one item: 201 created, 200 replaced, 422 rejected."""

    id: str | None
    status: int
    error: ItemError | None


class UserDelivery(TypedDict):
    """The delivery of one message to a user on one channel."""

    message_id: str
    channel: str
    status: DeliveryStatus
    reason: str | None
    attempts: int
    provider_id: str | None
    receipt: str | None
    digest_id: str | None
    updated_at: str


class Note(TypedDict):
    """One entry of an inbox."""

    message_id: str
    title: str
    body: str
    at: str
    read_at: str | None


class Export(TypedDict):
    """All that is kept on a user. Further pages have only more `deliveries` and `inbox`."""

    user: User | None
    opted_out: bool | None
    pending: Mapping[str, str] | None
    suppressed: Mapping[str, str] | None
    limits: Mapping[str, Any] | None
    preferences: Mapping[str, Any] | None
    subscriptions: Sequence[Subscription] | None
    consents: Sequence[Consent] | None
    deliveries: Sequence[UserDelivery]
    inbox: Sequence[Note]
    next_cursor: str | None
