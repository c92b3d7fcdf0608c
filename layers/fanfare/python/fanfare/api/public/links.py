"""Links in mails. GET changes nothing, because mail clients fetch links; POST acts."""

from __future__ import annotations

from typing import Annotated, Any, Final

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path

from fanfare.api.openapi import PAGE
from fanfare.api.public.pages import html
from fanfare.api.requests import form_of
from fanfare.ids import NAME_PATTERN
from fanfare.runtime.settings import brand
from fanfare.runtime.signing import public_links
from fanfare.runtime.use_cases import public_api as use_cases
from fanfare.self_service import pages
from fanfare.self_service.confirm import Confirmed
from fanfare.self_service.preferences import Preferences

router = Router()

Token = Annotated[str, Path(description="The token in the link.")]
CHOICE: Final = {"type": "string", "pattern": f"{NAME_PATTERN.removesuffix('$')}/[a-z]+$"}
# Forms that the pages post, by operation
FORMS: Final[dict[str, dict[str, Any]]] = {
    "unsubscribe_by_link": {
        "type": "object",
        "properties": {"List-Unsubscribe": {"type": "string", "enum": ["One-Click"]}},
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
        return html(pages.confirm_subscription(topic=topic.title, required=topic.required, brand=brand()))
    return html(pages.confirm_address(brand=brand()))


@router.post("/v1/confirmations/<token>", tags=["links"], responses=PAGE)
def confirm(token: Token) -> Response[str]:
    """Confirm a subscription or an address. A repeat gets the same response."""
    return _confirmed(use_cases.confirm().run(token))


@router.get("/v1/unsubscribe/<token>", tags=["links"], responses=PAGE)
def show_unsubscribe(token: Token) -> Response[str]:
    """Show what a link unsubscribes from. Changes nothing."""
    link = use_cases.unsubscribe().look(token)
    return html(
        pages.ask_to_unsubscribe(
            topic=link.title,
            channel=link.channel,
            subscribed=link.subscribed,
            preferences=public_links().preferences_link(link.user_id),
            brand=brand(),
        )
    )


@router.post("/v1/unsubscribe/<token>", tags=["links"], responses=PAGE)
def unsubscribe_by_link(token: Token) -> Response[str]:
    """Unsubscribe with one click (RFC 8058), by a mail client or the page. A repeat gets the same response."""
    link = use_cases.unsubscribe().run(token)
    choices = public_links().preferences_link(link.user_id)
    return html(pages.unsubscribed(topic=link.title, channel=link.channel, preferences=choices, brand=brand()))


@router.get("/v1/preferences/<token>", tags=["links"], responses=PAGE)
def show_preferences(token: Token) -> Response[str]:
    """Show the preferences of a user. Changes nothing."""
    return _choices(use_cases.preferences().show(token), saved=False)


@router.post("/v1/preferences/<token>", tags=["links"], responses=PAGE)
def change_preferences(token: Token) -> Response[str]:
    """Save the preferences that the page sends."""
    form = form_of(router.current_event.raw_event)
    found = use_cases.preferences().change(
        token, shown=form.get("shown", ()), yes=form.get("yes", ()), nothing=form.get("nothing") == ["yes"]
    )
    return _choices(found, saved=True)


def _confirmed(done: Confirmed) -> Response[str]:
    choices = public_links().preferences_link(done.user_id)
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


def _choices(found: Preferences, *, saved: bool) -> Response[str]:
    return html(pages.preferences(found.choices(), opted_out=found.user.opted_out, saved=saved, brand=brand()))
