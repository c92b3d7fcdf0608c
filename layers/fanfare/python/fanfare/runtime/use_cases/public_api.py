"""Use cases of users: profile, subscriptions, inbox, and the links in mails."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from fanfare.insight.deliveries import ListUserDeliveries
from fanfare.insight.export import ExportUser
from fanfare.management.subscriptions import ListConsents, ManageSubscriptions
from fanfare.management.users import ManageUsers
from fanfare.runtime import clients, signing, stores
from fanfare.runtime.brand import brands
from fanfare.runtime.observability import count_now
from fanfare.runtime.registry import opened
from fanfare.runtime.settings import clock, settings
from fanfare.self_service.addresses import ConfirmAddress
from fanfare.self_service.changes import CountChanges
from fanfare.self_service.confirm import Confirm
from fanfare.self_service.history import MyDeliveries, MyInbox
from fanfare.self_service.my_subscriptions import ListPublicTopics, MySubscriptions
from fanfare.self_service.new_link import SendNewLink
from fanfare.self_service.preferences.account import MyPreferences
from fanfare.self_service.preferences.ceilings import ChooseCeilings
from fanfare.self_service.preferences.page import AskForChoices, ChoosePreferences, GiveChoices
from fanfare.self_service.profile import ManageProfile
from fanfare.self_service.retry_address import RetryAddress
from fanfare.self_service.sign_up import RequestSubscription
from fanfare.self_service.unsubscribe import MailPreferences, UndoUnsubscribe, Unsubscribe
from fanfare.self_service.verification_mail import OwnMail, VerificationMail
from fanfare.store.audience.confirmation_mails import Refusals
from fanfare.store.audience.confirmations import Confirmations

if TYPE_CHECKING:
    from fanfare.management.windows import EraseWindows


@opened.once
def _confirmations() -> Confirmations:
    return Confirmations(stores.table("audience"), keys=signing.code_keys)


@opened.once
def _count_changes() -> CountChanges:
    return CountChanges(confirmations=_confirmations(), clock=clock())


@opened.once
def own_mail() -> OwnMail:
    return OwnMail(
        audience=stores.audience(),
        refusals=Refusals(stores.table("audience"), keys=signing.code_keys),
        links=signing.public_links(),
        clock=clock(),
    )


@opened.once
def public_topics() -> ListPublicTopics:
    return ListPublicTopics(catalogue=stores.catalogue())


@opened.once
def verification_mail() -> VerificationMail:
    return VerificationMail(
        ses=clients.ses,
        sns=clients.sns,
        sender=os.environ["FANFARE_SENDER"],
        brand=brands().known,
        configuration_set=os.environ.get("FANFARE_CONFIGURATION_SET"),
        max_price=settings().sms_max_price,
        stop_link=own_mail().stop_link,
        clock=clock(),
    )


@opened.once
def profile() -> ManageProfile:
    confirm_address = ConfirmAddress(
        audience=stores.audience(),
        confirmations=_confirmations(),
        mail=verification_mail(),
        own_mail=own_mail(),
        links=signing.public_links(),
        keys=signing.code_keys,
        clock=clock(),
        countries=settings().sms_countries,
        codes_per_hour=settings().codes_per_hour,
        count=count_now,
    )
    return ManageProfile(
        audience=stores.audience(),
        confirmations=_confirmations(),
        confirm_address=confirm_address,
        keys=signing.webhook_keys,
        count_changes=_count_changes(),
        clock=clock(),
    )


@opened.once
def retry_address() -> RetryAddress:
    return RetryAddress(audience=stores.audience(), confirmations=_confirmations(), clock=clock())


@opened.once
def subscriptions() -> MySubscriptions:
    manage = ManageSubscriptions(audience=stores.audience(), catalogue=stores.catalogue(), clock=clock())
    return MySubscriptions(
        audience=stores.audience(),
        catalogue=stores.catalogue(),
        subscriptions=manage,
        clock=clock(),
        count_changes=_count_changes(),
    )


@opened.once
def my_preferences() -> MyPreferences:
    manage = ManageSubscriptions(audience=stores.audience(), catalogue=stores.catalogue(), clock=clock())
    return MyPreferences(
        audience=stores.audience(),
        catalogue=stores.catalogue(),
        subscriptions=manage,
        clock=clock(),
        count_changes=_count_changes(),
    )


@opened.once
def users() -> ManageUsers:
    return ManageUsers(
        audience=stores.audience(), deliveries=stores.deliveries(), inboxes=stores.inboxes(), windows=_erase_windows
    )


def _erase_windows() -> EraseWindows:
    from fanfare.management.windows import EraseWindows  # noqa: PLC0415 - only erasures need it

    return EraseWindows(
        windows=stores.windows(), batches=stores.batches(), deliveries=stores.deliveries(), clock=clock()
    )


@opened.once
def export() -> ExportUser:
    return ExportUser(audience=stores.audience(), deliveries=stores.deliveries(), inboxes=stores.inboxes())


@opened.once
def consents() -> ListConsents:
    return ListConsents(audience=stores.audience())


@opened.once
def inbox() -> MyInbox:
    return MyInbox(inboxes=stores.inboxes())


@opened.once
def deliveries() -> MyDeliveries:
    read = ListUserDeliveries(
        audience=stores.audience(),
        deliveries=stores.deliveries(),
    )
    return MyDeliveries(audience=stores.audience(), deliveries=read)


@opened.once
def request_subscription() -> RequestSubscription:
    return RequestSubscription(
        catalogue=stores.catalogue(),
        confirmations=_confirmations(),
        mail=verification_mail(),
        own_mail=own_mail(),
        links=signing.public_links(),
        clock=clock(),
        monotonic=time.monotonic,
        sleep=time.sleep,
        count=count_now,
    )


@opened.once
def confirm() -> Confirm:
    return Confirm(
        audience=stores.audience(),
        catalogue=stores.catalogue(),
        confirmations=_confirmations(),
        give=GiveChoices(
            audience=stores.audience(), catalogue=stores.catalogue(), confirmations=_confirmations(), clock=clock()
        ),
        links=signing.public_links(),
        clock=clock(),
    )


@opened.once
def unsubscribe() -> Unsubscribe:
    return Unsubscribe(
        audience=stores.audience(), catalogue=stores.catalogue(), links=signing.public_links(), clock=clock()
    )


@opened.once
def undo_unsubscribe() -> UndoUnsubscribe:
    return UndoUnsubscribe(
        audience=stores.audience(), catalogue=stores.catalogue(), links=signing.public_links(), clock=clock()
    )


@opened.once
def new_link() -> SendNewLink:
    return SendNewLink(
        audience=stores.audience(),
        confirmations=_confirmations(),
        sign_up=request_subscription(),
        preferences=mail_preferences(),
        links=signing.public_links(),
        clock=clock(),
        monotonic=time.monotonic,
        sleep=time.sleep,
    )


@opened.once
def mail_preferences() -> MailPreferences:
    return MailPreferences(
        audience=stores.audience(),
        confirmations=_confirmations(),
        mail=verification_mail(),
        own_mail=own_mail(),
        links=signing.public_links(),
        clock=clock(),
    )


@opened.once
def preferences() -> ChoosePreferences:
    ask = AskForChoices(
        confirmations=_confirmations(),
        mail=verification_mail(),
        own_mail=own_mail(),
        links=signing.public_links(),
        clock=clock(),
    )
    return ChoosePreferences(
        audience=stores.audience(),
        catalogue=stores.catalogue(),
        links=signing.public_links(),
        ask=ask,
        count_changes=_count_changes(),
        choose_ceilings=ChooseCeilings(audience=stores.audience()),
    )
