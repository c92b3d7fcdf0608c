"""All that is kept on a user."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fanfare.schemas.messages import UserDeliveryView
from fanfare.schemas.scalars import View
from fanfare.schemas.self_service import NoteView
from fanfare.schemas.subscriptions import ConsentView, SubscriptionView
from fanfare.schemas.users import UserView


class ExportView(View):
    """All that is kept on a user. Further pages have only more `deliveries` and `inbox`.

    `pending`: addresses that are not confirmed yet, by channel; `suppressed`: causes by channel; `limits`: times of
    messages that count against rate limits.
    """

    user: UserView | None
    opted_out: bool | None
    pending: Mapping[str, str] | None
    suppressed: Mapping[str, str] | None
    limits: Mapping[str, Any] | None
    subscriptions: Sequence[SubscriptionView] | None
    consents: Sequence[ConsentView] | None
    deliveries: Sequence[UserDeliveryView]
    inbox: Sequence[NoteView]
    next_cursor: str | None
