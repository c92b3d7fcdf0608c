"""The caller's own profile. Only the token identifies the caller.

A caller with a valid token who is not a user yet has an empty profile and is created with the first change.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fanfare.channels.webhook import Owner, Webhook, secret
from fanfare.clock import Clock, to_text
from fanfare.data_classes import dataclass
from fanfare.domain.audience import EndpointHealth, User
from fanfare.errors import NotFound
from fanfare.management.users import user_view
from fanfare.schemas.self_service import MeView, MyWebhookView, PendingView
from fanfare.self_service.addresses import CONFIRMED, ConfirmAddress, checked_address, known_address
from fanfare.self_service.changes import CountChanges, gives
from fanfare.signing.keyed_hash import Keys
from fanfare.store.audience import Audience
from fanfare.store.audience.confirmations import Confirmations
from fanfare.translations import language_of

if TYPE_CHECKING:
    from fanfare.schemas.self_service import PatchMeRequest


@dataclass(frozen=True, kw_only=True)
class ManageProfile:
    audience: Audience
    confirmations: Confirmations
    confirm_address: ConfirmAddress
    count_changes: CountChanges
    keys: Keys
    clock: Clock

    def view(self, user_id: str) -> MeView:
        """The user's profile; empty for a new user."""
        user = self.audience.users.get(user_id) or User(id=user_id, profile={})
        waiting = {
            field: self.confirmations.pending(user_id, channel, now=self.clock())
            for channel, field in CONFIRMED.items()
        }
        pending = PendingView.model_validate({field: each and each.address for field, each in waiting.items()})
        mine = {"opted_out": user.opted_out, "pending": pending, "suppressed": user.suppressed}
        return MeView.model_validate(user_view(user).model_dump() | mine)

    def change(self, user_id: str, request: PatchMeRequest, *, languages: Sequence[str] = ()) -> MeView:
        """Change the given fields. A new address is pending until confirmed, in the user's language or one of these.

        Raises Invalid, TooManyRequests, Unavailable.
        """
        changes = request.changes()
        self.count_changes.run(user_id, int(gives(changes)))
        addresses = {
            channel: checked_address(channel, changes.pop(field))
            for channel, field in CONFIRMED.items()
            if field in changes
        }
        fresh = self._fresh(user_id, addresses)
        for channel, address in fresh.items():
            self.confirm_address.check_allowance(user_id, channel, address)
        opted_out = bool(changes.pop("opted_out")) if "opted_out" in changes else None
        changes |= {CONFIRMED[channel]: None for channel, address in addresses.items() if address is None}
        locale = None
        if request.model_fields_set:
            changed = self.audience.users.change(user_id, lambda before: {**before, **changes})
            locale = changed.profile.get("locale")
        if "webhook" in changes:
            self.audience.endpoints.switch_on(user_id)
        if opted_out is not None:
            self.audience.users.opt_out(user_id, opted_out)
        for channel in addresses.keys() - fresh.keys():
            self.confirmations.drop_pending(user_id, channel)
        for channel, address in fresh.items():
            self.confirm_address.ask(user_id, channel, address, language=language_of(locale, *languages))
        return self.view(user_id)

    def confirm(self, user_id: str, channel: str, code: str) -> MeView:
        """Use the address that the code was sent to. Raises Invalid for a wrong code, Conflict if none is pending."""
        self.confirm_address.run(user_id, channel, code)
        return self.view(user_id)

    def webhook(self, user_id: str) -> MyWebhookView:
        """URL of the user's own server, and the secret by which it verifies calls. Raises NotFound."""
        user = self.audience.users.get(user_id)
        webhook: dict[str, Any] | None = user.profile.get("webhook") if user else None
        if user is None or not webhook:
            raise NotFound("You have no webhook.", code="webhook_not_found")
        health = EndpointHealth.read(user.endpoints.get(Webhook.name))
        owner = Owner(user.id, user.generation, user.secret_no)
        return MyWebhookView(
            url=webhook["url"],
            secret=secret(self.keys, owner),
            state="on" if health is None else "off" if health.off else "failing",
            reason=health.off if health else None,
            failing_since=health.since if health else None,
            off_since=health.off_at if health else None,
        )

    def rotate_webhook(self, user_id: str) -> MyWebhookView:
        """A new secret; calls are signed with the one before, too, for a day. Raises NotFound."""
        self.webhook(user_id)
        self.audience.endpoints.rotate_secret(user_id, at=to_text(self.clock()))
        return self.webhook(user_id)

    def _fresh(self, user_id: str, addresses: dict[str, str | None]) -> dict[str, str]:
        """Addresses that differ from the user's present ones, by channel."""
        user = self.audience.users.get(user_id)
        profile = user.profile if user else {}
        return {
            channel: address
            for channel, address in addresses.items()
            if address is not None and address != known_address(channel, profile)
        }
