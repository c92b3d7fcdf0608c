"""Use cases of services: messages, topics, templates, users, subscriptions, suppressions."""

from __future__ import annotations

from email.utils import parseaddr

from fanfare.aws.queue_depth import QueueDepths
from fanfare.channels import CHANNELS
from fanfare.channels.email import ascii_mailbox
from fanfare.domain.catalogue import AllowedSenders
from fanfare.insight.content import ReadContent, SentContent
from fanfare.insight.deliveries import ListMessageDeliveries, ListUserDeliveries
from fanfare.insight.digests import ReadDigests
from fanfare.insight.dry_run import DryRun
from fanfare.insight.explain import Explain
from fanfare.insight.export import ExportUser
from fanfare.insight.messages import ReadMessages
from fanfare.management.brand import ManageBrand
from fanfare.management.own_data import EraseOwnData
from fanfare.management.subscriptions import ListConsents, ListSubscribers, ManageSubscriptions
from fanfare.management.suppressions import ManageSuppressions
from fanfare.management.templates import ManageTemplates
from fanfare.management.topics import ManageTopics
from fanfare.management.users import ManageUsers
from fanfare.management.windows import EraseWindows
from fanfare.pipeline.build_message import BuildMessage
from fanfare.pipeline.cancel import Cancel
from fanfare.pipeline.digests.withdraw import Withdraw
from fanfare.pipeline.fan_out.candidates import Candidates
from fanfare.pipeline.fan_out.short_way import ShortWay
from fanfare.pipeline.redrive import Redrive
from fanfare.pipeline.submit import Submit
from fanfare.runtime import clients, signing, stores
from fanfare.runtime.brand import brands
from fanfare.runtime.registry import opened
from fanfare.runtime.renderer import renderer
from fanfare.runtime.settings import clock, settings
from fanfare.store.earlier_steps import EarlierSteps
from fanfare.store.recipients import RecipientList


def _allowed_senders() -> AllowedSenders:
    own = parseaddr(ascii_mailbox(settings().sender))[1]
    return AllowedSenders(own=own, domain=settings().sender_domain, listed=settings().senders)


def _build_message() -> BuildMessage:
    return BuildMessage(
        catalogue=stores.catalogue(),
        renderer=renderer(),
        stale_after=settings().stale_after,
        retention=settings().retention,
        countries=settings().sms_countries,
        person_id=signing.person_id_of,
        senders=_allowed_senders(),
        links=signing.hidden_links(),
    )


@opened.once
def _candidates() -> Candidates:
    return Candidates(
        audience=stores.audience(),
        catalogue=stores.catalogue(),
        overall=settings().user_limits,
        countries=settings().sms_countries,
        windows=stores.windows(),
        time_zone=settings().time_zone,
    )


@opened.once
def _recipients() -> RecipientList:
    return RecipientList(stores.batches().items)


@opened.once
def submit() -> Submit:
    short_way = ShortWay(
        messages=stores.messages(),
        audience=stores.audience(),
        candidates=_candidates(),
        deliveries=stores.deliveries(),
        windows=stores.windows(),
        queues=clients.queues(),
        clock=clock(),
        stale_after=settings().stale_after,
    )
    return Submit(
        build=_build_message(),
        short_way=short_way,
        messages=stores.messages(),
        queues=clients.queues(),
        clock=clock(),
    )


@opened.once
def dry_run() -> DryRun:
    return DryRun(
        build=_build_message(),
        candidates=_candidates(),
        renderer=renderer(),
        clock=clock(),
        prices=settings().piece_prices,
        links=signing.hidden_links(),
    )


@opened.once
def cancel() -> Cancel:
    withdraw = Withdraw(
        batches=stores.batches(), windows=stores.windows(), deliveries=stores.deliveries(), clock=clock()
    )
    return Cancel(messages=stores.messages(), batches=stores.batches(), withdraw=withdraw, clock=clock())


@opened.once
def redrive() -> Redrive:
    return Redrive(
        messages=stores.messages(), queues=clients.queues(), clock=clock(), stale_after=settings().stale_after
    )


@opened.once
def messages() -> ReadMessages:
    return ReadMessages(messages=stores.messages(), batches=stores.batches(), clock=clock())


@opened.once
def deliveries() -> ListMessageDeliveries:
    return ListMessageDeliveries(
        messages=stores.messages(),
        recipients=_recipients(),
        deliveries=stores.deliveries(),
        reported=stores.reported_receipts(),
    )


@opened.once
def user_deliveries() -> ListUserDeliveries:
    return ListUserDeliveries(audience=stores.audience(), deliveries=stores.deliveries())


@opened.once
def explain() -> Explain:
    return Explain(
        messages=stores.messages(),
        recipients=_recipients(),
        deliveries=stores.deliveries(),
        batches=stores.batches(),
        candidates=_candidates(),
        earlier_steps=EarlierSteps(deliveries=stores.deliveries(), inboxes=stores.inboxes()),
        windows=stores.windows(),
        clock=clock(),
    )


@opened.once
def content() -> ReadContent:
    sent = SentContent(
        messages=stores.messages(),
        batches=stores.batches(),
        deliveries=stores.deliveries(),
        candidates=_candidates(),
        renderer=renderer(),
    )
    return ReadContent(sent=sent, recipients=_recipients(), links=signing.hidden_links())


@opened.once
def digests() -> ReadDigests:
    return ReadDigests(
        audience=stores.audience(), windows=stores.windows(), deliveries=stores.deliveries(), clock=clock()
    )


@opened.once
def topics() -> ManageTopics:
    return ManageTopics(
        catalogue=stores.catalogue(),
        audience=stores.audience(),
        clock=clock(),
        senders=_allowed_senders(),
        renderer=renderer(),
    )


@opened.once
def brand() -> ManageBrand:
    return ManageBrand(brands=brands(), clock=clock())


@opened.once
def templates() -> ManageTemplates:
    return ManageTemplates(catalogue=stores.catalogue(), renderer=renderer(), brands=brands(), clock=clock())


def _erase_windows() -> EraseWindows:
    return EraseWindows(
        windows=stores.windows(), batches=stores.batches(), deliveries=stores.deliveries(), clock=clock()
    )


@opened.once
def users() -> ManageUsers:
    return ManageUsers(
        audience=stores.audience(),
        deliveries=stores.deliveries(),
        inboxes=stores.inboxes(),
        windows=_erase_windows,
        own_data=EraseOwnData(
            messages=stores.messages(),
            batches=stores.batches(),
            recipients=_recipients(),
            deliveries=stores.deliveries(),
        ),
        person_id=signing.person_id_of,
    )


@opened.once
def subscriptions() -> ManageSubscriptions:
    return ManageSubscriptions(audience=stores.audience(), catalogue=stores.catalogue(), clock=clock())


@opened.once
def subscribers() -> ListSubscribers:
    return ListSubscribers(audience=stores.audience(), catalogue=stores.catalogue())


@opened.once
def export() -> ExportUser:
    return ExportUser(audience=stores.audience(), deliveries=stores.deliveries(), inboxes=stores.inboxes())


@opened.once
def consents() -> ListConsents:
    return ListConsents(audience=stores.audience())


@opened.once
def suppressions() -> ManageSuppressions:
    return ManageSuppressions(audience=stores.audience(), clock=clock())


@opened.once
def queue_depths() -> QueueDepths:
    """The queues whose depth this function may ask for."""
    urls = {
        name: (clients.queue_url(name, "QUEUE"), clients.queue_url(name, "DEAD_LETTERS"))
        for name in ("fan_out", *CHANNELS, "record_receipt")
    }
    return QueueDepths(
        clients.open_client("sqs", clients.STORE),
        {name: (url, dead) for name, (url, dead) in urls.items() if url and dead},
    )
