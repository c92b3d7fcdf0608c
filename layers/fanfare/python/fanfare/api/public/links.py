"""Links in mails. GET changes nothing, because mail clients fetch links; POST acts."""

from __future__ import annotations

from typing import Annotated, Any, Final

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path

from fanfare.api.openapi import PAGE
from fanfare.api.public.pages import html
from fanfare.api.requests import form_of
from fanfare.channels import Email
from fanfare.domain.audience import By
from fanfare.errors import MalformedRequest, UnsupportedMediaType
from fanfare.ids import NAME_PATTERN
from fanfare.runtime.settings import brand
from fanfare.runtime.signing import public_links
from fanfare.runtime.use_cases import public_api as use_cases
from fanfare.self_service import pages
from fanfare.self_service.addresses import masked
from fanfare.self_service.confirm import Confirmed
from fanfare.self_service.preferences import Asking, Preferences
from fanfare.signing.links import RefusalLink

router = Router()

Token = Annotated[str, Path(description="The token in the link.")]
CHOICE: Final = {"type": "string", "pattern": f"{NAME_PATTERN.removesuffix('$')}/[a-z]+$"}
# Forms that the pages post, by operation
FORMS: Final[dict[str, dict[str, Any]]] = {
    "confirm": {
        "type": "object",
        "properties": {
            "what": {"type": "string", "enum": [pages.NOT_ME], "description": "Forget it: somebody else asked."}
        },
    },
    "unsubscribe_by_link": {
        "type": "object",
        "properties": {
            "List-Unsubscribe": {"type": "string", "enum": ["One-Click"]},
            "what": {
                "type": "string",
                "enum": ["topic", pages.EVERYTHING, pages.PREFERENCES, "never", pages.ALLOW],
                "description": "What to do. Default: unsubscribe from the topic of the link. `preferences`: mail the "
                "link to the preferences to the present address. `never`, `allow`: of a link in a mail to confirm "
                "something, whether such mails are sent.",
            },
        },
    },
    "change_preferences": {
        "type": "object",
        "properties": {
            "shown": {"type": "array", "items": CHOICE, "description": "Each topic/channel on the page."},
            "yes": {"type": "array", "items": CHOICE, "description": "The topics/channels that are ticked."},
            "nothing": {"type": "string", "enum": ["yes"], "description": "Opt out of all messages."},
        },
    },
}


@router.get("/v1/confirmations/<token>", tags=["links"], responses=PAGE)
def show_confirmation(token: Token) -> Response[str]:
    """Show what a link confirms. Changes nothing."""
    asked = use_cases.confirm().ask(token)
    if done := use_cases.confirm().done(asked):
        return _confirmed(done)
    if asked.topic is not None:
        topic = asked.topic
        return html(
            pages.confirm_subscription(topic=topic.title, required=topic.required, asked_at=asked.at, brand=brand())
        )
    if asked.choices is not None:
        given = [(topic.title, channel) for topic, channel in asked.offered]
        return html(pages.confirm_choices(given, opt_in=asked.choices.opt_in, asked_at=asked.at, brand=brand()))
    account = masked(asked.pending.user_id) if asked.pending else ""
    return html(pages.confirm_address(account=account, asked_at=asked.at, brand=brand()))


@router.post("/v1/confirmations/<token>", tags=["links"], responses=PAGE)
def confirm(token: Token) -> Response[str]:
    """Confirm a subscription, an address or choices, or say that it was somebody else. A repeat changes nothing."""
    if _what() == pages.NOT_ME:
        use_cases.confirm().refuse(token)
        return html(pages.not_me(brand=brand()))
    return _confirmed(use_cases.confirm().run(token))


@router.get("/v1/unsubscribe/<token>", tags=["links"], responses=PAGE)
def show_unsubscribe(token: Token) -> Response[str]:
    """Show what a link unsubscribes from. Changes nothing."""
    link = public_links().open_unsubscribe(token)
    if isinstance(link, RefusalLink):
        return html(pages.ask_to_refuse(brand=brand()))
    found = use_cases.unsubscribe().look(link)
    return html(
        pages.ask_to_unsubscribe(
            topic=found.title,
            channel=found.channel,
            subscribed=found.subscribed,
            current=found.current,
            brand=brand(),
        )
    )


@router.post("/v1/unsubscribe/<token>", tags=["links"], responses=PAGE)
def unsubscribe_by_link(token: Token) -> Response[str]:
    """Unsubscribe with one click (RFC 8058), by a mail client or the page. A repeat gets the same response.

    The page can also unsubscribe from everything, or have the link to the preferences mailed to the present address.
    """
    link, what = public_links().open_unsubscribe(token), _what()
    if isinstance(link, RefusalLink):
        return _refused(link, allow=what == pages.ALLOW)
    if what == pages.PREFERENCES:
        use_cases.mail_preferences().run(link)
        return html(pages.preferences_mailed(brand=brand()))
    everything = what == pages.EVERYTHING
    by = By.PAGE if what else By.ONE_CLICK
    found = use_cases.unsubscribe().run(link, by=by, everything=everything)
    if everything:
        return html(pages.everything_stopped(current=found.current, brand=brand()))
    return html(pages.unsubscribed(topic=found.title, channel=found.channel, current=found.current, brand=brand()))


@router.get("/v1/preferences/<token>", tags=["links"], responses=PAGE)
def show_preferences(token: Token) -> Response[str]:
    """Show the preferences of a user. Changes nothing."""
    return _choices(use_cases.preferences().show(token))


@router.post("/v1/preferences/<token>", tags=["links"], responses=PAGE)
def change_preferences(token: Token) -> Response[str]:
    """Save the preferences that the page sends.

    What they take away ends at once. What they give holds once it is confirmed by a link, which is mailed to the user's
    present address.
    """
    form = form_of(router.current_event.raw_event)
    found, asking = use_cases.preferences().change(
        token, shown=form.get("shown", ()), yes=form.get("yes", ()), nothing=form.get("nothing") == ["yes"]
    )
    return _choices(found, asking)


def _what() -> str | None:
    """What the form of a page says it does; None for one click, which may come as any body."""
    try:
        said = form_of(router.current_event.raw_event).get("what", [])
    except (UnsupportedMediaType, MalformedRequest):
        return None
    return said[-1] if said else None


def _refused(link: RefusalLink, *, allow: bool) -> Response[str]:
    own_mail = use_cases.own_mail()
    if allow:
        own_mail.allow(link.address)
        return html(pages.allowed(brand=brand()))
    own_mail.stop(link.address)
    return html(pages.refused(brand=brand()))


def _confirmed(done: Confirmed) -> Response[str]:
    choices = public_links().preferences_link(done.user, Email.name) if done.user else None
    if done.choices:
        return html(pages.choices_confirmed(preferences=choices, brand=brand()))
    if done.topic is None:
        return html(pages.address_confirmed(preferences=choices, brand=brand()))
    return html(
        pages.subscribed(
            topic=done.topic.title,
            required=done.topic.required,
            opted_out=done.opted_out,
            preferences=choices,
            brand=brand(),
        )
    )


def _choices(found: Preferences, asking: Asking | None = None) -> Response[str]:
    opted_out, what = found.user.opted_out, asking or Asking.NOTHING
    if not found.current:
        return html(pages.stop_everything(opted_out=opted_out, asking=what, brand=brand()))
    return html(
        pages.preferences(found.choices(), opted_out=opted_out, saved=asking is not None, asking=what, brand=brand())
    )
