"""Links in mails. GET changes nothing, because mail clients fetch links; POST acts."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path

from fanfare.api.openapi import PAGE
from fanfare.api.public.origin import source_of
from fanfare.api.public.pages import html, languages_of, look_for
from fanfare.api.requests import form_of
from fanfare.channels import Email
from fanfare.domain.audience import By
from fanfare.errors import MalformedRequest, UnsupportedMediaType
from fanfare.ids import NAME_PATTERN
from fanfare.runtime.signing import public_links
from fanfare.runtime.use_cases import public_api as use_cases
from fanfare.schemas.subscriptions import ConsentView
from fanfare.self_service import pages
from fanfare.self_service.addresses import masked
from fanfare.self_service.confirm import Confirmed
from fanfare.self_service.pages import lists
from fanfare.self_service.pages.look import Look
from fanfare.self_service.pages.rendering import headers
from fanfare.self_service.preferences.page import Asking, Preferences
from fanfare.signing.links import ReaderLink, RefusalLink

router = Router()

Token = Annotated[str, Path(description="The token in the link.")]
EMAIL_LIMIT: Final = 254
CHOICE: Final = {"type": "string", "pattern": f"{NAME_PATTERN.removesuffix('$')}/[a-z]+$"}
# Forms that the pages post, by operation
FORMS: Final[dict[str, dict[str, Any]]] = {
    "confirm": {
        "type": "object",
        "properties": {
            "what": {
                "type": "string",
                "enum": [pages.NOT_ME, pages.AGAIN],
                "description": "`not_me`: forget it, because somebody else asked. `again`: mail a new link to the "
                "stored address.",
            }
        },
    },
    "unsubscribe_by_link": {
        "type": "object",
        "properties": {
            "List-Unsubscribe": {"type": "string", "enum": ["One-Click"]},
            "what": {
                "type": "string",
                "enum": ["topic", pages.EVERYTHING, pages.PREFERENCES, pages.UNDO, pages.FIND, "never", pages.ALLOW],
                "description": "What to do. Default: unsubscribe from the topic of the link. `preferences`: mail the "
                "link to the preferences to the present address. `undo`: what the page just did. `find`: of a broken "
                "link, mail the link to the preferences to `email`, if it is known. `never`, `allow`: of a link in a "
                "mail to confirm something, whether such mails are sent.",
            },
            "undo": {"type": "string", "description": "The token of the page."},
            "email": {"type": "string", "description": "The address, to `find` a user."},
        },
    },
    "change_preferences": {
        "type": "object",
        "properties": {
            "shown": {"type": "array", "items": CHOICE, "description": "Each topic/channel on the page."},
            "yes": {"type": "array", "items": CHOICE, "description": "The topics/channels that are ticked."},
            "often": {
                "type": "array",
                "items": {"type": "string"},
                "description": "How often each comes: topic/channel/frequency.",
            },
            "at_most": {
                "type": "array",
                "items": {"type": "string"},
                "description": "Own ceilings: channel/messages in 24 hours, or channel/ for none.",
            },
            "digest_at": {"type": "string", "description": "When what is over a ceiling comes, e.g. 18:00."},
            "nothing": {"type": "string", "enum": ["yes"], "description": "Opt out of all messages."},
            "what": {"type": "string", "enum": [pages.FIND], "description": "Of a broken link: see unsubscribe."},
            "email": {"type": "string", "description": "The address, to `find` a user."},
        },
    },
}


@router.get("/v1/confirmations/<token>", tags=["links"], responses=PAGE)
def show_confirmation(token: Token) -> Response[str]:
    """Show what a link confirms. Changes nothing."""
    asked = use_cases.confirm().ask(token)
    if done := use_cases.confirm().done(asked):
        return _confirmed(done)
    look = _look(asked.locale)
    if asked.topic is not None:
        title = asked.topic.title_in(look.language)
        page = pages.confirm_subscription(look, topic=title, required=asked.topic.required, asked_at=asked.at)
    elif asked.choices is not None:
        given = [(topic.title_in(look.language), channel) for topic, channel in asked.offered]
        page = pages.confirm_choices(look, given, opt_in=asked.choices.opt_in, asked_at=asked.at)
    else:
        account = masked(asked.pending.user_id) if asked.pending else ""
        page = pages.confirm_address(look, account=account, asked_at=asked.at)
    return html(page, look)


@router.post("/v1/confirmations/<token>", tags=["links"], responses=PAGE)
def confirm(token: Token) -> Response[str]:
    """Confirm a subscription, an address or choices, or say that it was somebody else. A repeat changes nothing.

    An expired link can be sent again, to the stored address.
    """
    what = _said("what")
    if what == pages.AGAIN:
        event = router.current_event.raw_event
        use_cases.new_link().run(token, source=source_of(event), languages=languages_of(event))
        return html(pages.renewed(_look()), _look())
    if what == pages.NOT_ME:
        use_cases.confirm().refuse(token)
        return html(pages.not_me(_look()), _look())
    return _confirmed(use_cases.confirm().run(token))


@router.get("/v1/unsubscribe/<token>", tags=["links"], responses=PAGE)
def show_unsubscribe(token: Token) -> Response[str]:
    """Show what a link unsubscribes from. Changes nothing."""
    link = public_links().open_unsubscribe(token)
    if isinstance(link, RefusalLink):
        return html(pages.ask_to_refuse(_look()), _look())
    found = use_cases.unsubscribe().look(link)
    look = _look(found.locale)
    page = pages.ask_to_unsubscribe(
        look,
        topic=found.title(look.language),
        channel=found.channel,
        subscribed=found.subscribed,
        current=found.current,
    )
    return html(page, look)


@router.post("/v1/unsubscribe/<token>", tags=["links"], responses=PAGE)
def unsubscribe_by_link(token: Token) -> Response[str]:
    """Unsubscribe with one click (RFC 8058), by a mail client or the page. A repeat gets the same response.

    The page can also unsubscribe from everything, undo that, or ask for a link to the preferences, which is mailed to
    the user's present address.
    """
    what = _said("what")
    if what == pages.FIND:
        return _find()
    link = public_links().open_unsubscribe(token)
    if isinstance(link, RefusalLink):
        return _refused(link, allow=what == pages.ALLOW)
    if what == pages.PREFERENCES:
        user = use_cases.mail_preferences().run(link, languages=languages_of(router.current_event.raw_event))
        look = _look(user.profile.get("locale"))
        return html(pages.preferences_mailed(look), look)
    if what == pages.UNDO:
        return _undone(link)
    everything = what == pages.EVERYTHING
    by = By.PAGE if what else By.ONE_CLICK
    found = use_cases.unsubscribe().run(link, by=by, everything=everything)
    look = _look(found.locale)
    if everything:
        return html(pages.everything_stopped(look, current=found.current, undo=found.undo), look)
    title = found.title(look.language)
    page = pages.unsubscribed(look, topic=title, channel=found.channel, current=found.current, undo=found.undo)
    return html(page, look)


@router.get("/v1/preferences/<token>", tags=["links"], responses=PAGE)
def show_preferences(token: Token) -> Response[str]:
    """Show the preferences of a user; with `show=consents` their consents, with `show=export` as a file.

    Changes nothing.
    """
    show = (router.current_event.query_string_parameters or {}).get("show")
    if show in ("consents", "export"):
        return _consents(token, export=show == "export")
    return _choices(use_cases.preferences().show(token))


@router.post("/v1/preferences/<token>", tags=["links"], responses=PAGE)
def change_preferences(token: Token) -> Response[str]:
    """Save the preferences that the page sends.

    What they take away ends at once. What they give holds once it is confirmed by a link, which is mailed to the user's
    present address.
    """
    event = router.current_event.raw_event
    form = form_of(event)
    if form.get("what") == [pages.FIND]:
        return _find()
    found, asking = use_cases.preferences().change(token, form, languages=languages_of(event))
    return _choices(found, asking)


def _look(locale: str | None = None) -> Look:
    return look_for(router.current_event.raw_event, locale)


def _said(name: str) -> str | None:
    """What the form of a page says; None for one click, which may come as any body."""
    try:
        said = form_of(router.current_event.raw_event).get(name, [])
    except (UnsupportedMediaType, MalformedRequest):
        return None
    return said[-1] if said else None


def _find() -> Response[str]:
    event = router.current_event.raw_event
    email = (_said("email") or "")[:EMAIL_LIMIT].strip()
    use_cases.new_link().find(email, source=source_of(event), languages=languages_of(event))
    return html(pages.preferences_mailed(_look()), _look())


def _undone(link: ReaderLink) -> Response[str]:
    found, everything = use_cases.undo_unsubscribe().run(link, _said("undo") or "")
    look = _look(found.locale)
    if everything:
        return html(pages.everything_undone(look), look)
    return html(pages.undone(look, topic=found.title(look.language), channel=found.channel), look)


def _refused(link: RefusalLink, *, allow: bool) -> Response[str]:
    own_mail, look = use_cases.own_mail(), _look()
    if allow:
        own_mail.allow(link.address)
        return html(pages.allowed(look), look)
    own_mail.stop(link.address)
    return html(pages.refused(look), look)


def _confirmed(done: Confirmed) -> Response[str]:
    choices = public_links().preferences_link(done.user, Email.name) if done.user else None
    look = _look(done.locale)
    if done.choices:
        return html(pages.choices_confirmed(look, preferences=choices), look)
    if done.topic is None:
        return html(pages.address_confirmed(look, preferences=choices), look)
    page = pages.subscribed(
        look,
        topic=done.topic.title_in(look.language),
        required=done.topic.required,
        opted_out=done.opted_out,
        preferences=choices,
    )
    return html(page, look)


def _choices(found: Preferences, asking: Asking | None = None) -> Response[str]:
    opted_out, what, look = found.user.opted_out, asking or Asking.NOTHING, _look(found.locale)
    if not found.current:
        return html(pages.stop_everything(look, opted_out=opted_out, asking=what), look)
    page = lists.preferences(
        look,
        found.choices(look.language),
        ceilings=found.ceilings(),
        whose=found.whose,
        opted_out=opted_out,
        saved=asking is not None,
        asking=what,
    )
    return html(page, look)


def _consents(token: str, *, export: bool) -> Response[str]:
    known, found = use_cases.preferences().consents(token)
    look = _look(known.locale)
    if not known.current:
        return _choices(known.without_topics)
    if export:
        items = [ConsentView.model_validate(consent).model_dump(mode="json") for consent, _ in found]
        body = json.dumps({"items": items}, ensure_ascii=False, indent=2)
        saved = {**headers(look), "Content-Disposition": 'attachment; filename="consents.json"'}
        return Response(status_code=200, content_type="application/json", body=body, headers=saved)
    named = [(consent, topic.title_in(look.language) if topic else consent.topic) for consent, topic in found]
    return html(lists.consents(look, named, whose=known.whose), look)
