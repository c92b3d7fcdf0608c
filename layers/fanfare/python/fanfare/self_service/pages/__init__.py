"""Pages that people open from a mail, or to subscribe. They work without JavaScript.

This module has those of a few words; `lists` has the others, `mails` what is mailed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from fanfare.data_classes import dataclass
from fanfare.self_service.pages import texts
from fanfare.self_service.pages.look import Look
from fanfare.self_service.pages.rendering import rendered

# What a form says it does
EVERYTHING: Final = "everything"
PREFERENCES: Final = "preferences"
NOT_ME: Final = "not_me"
ALLOW: Final = "allow"
UNDO: Final = "undo"
AGAIN: Final = "again"  # ask for a new link
FIND: Final = "find"  # ask for a link by the address


@dataclass(frozen=True)
class Button:
    """A button of a form. `what`: what the form says it does; "" for the plain act of the page."""

    label: str
    what: str = ""


def ask_to_unsubscribe(look: Look, *, topic: str, channel: str, subscribed: bool, current: bool) -> str:
    """Asks whether to unsubscribe from the topic or from everything. `current`: the preferences can be mailed."""
    by = look.by(channel)
    everything = Button(look.t(texts.EVERYTHING_BUTTON), EVERYTHING)
    if not subscribed:
        title, lead = look.t(texts.UNSUBSCRIBE_GONE, topic=topic, by=by), look.t(texts.UNSUBSCRIBE_GONE_LEAD)
        return _notice(look, title, lead, buttons=[everything], asks=True, mails=current)
    return _notice(
        look,
        look.t(texts.UNSUBSCRIBE, topic=topic),
        look.t(texts.UNSUBSCRIBE_LEAD, topic=topic, by=by),
        buttons=[Button(look.t(texts.UNSUBSCRIBE_BUTTON), "topic"), everything],
        asks=True,
        mails=current,
    )


def unsubscribed(look: Look, *, topic: str, channel: str, current: bool, undo: str | None) -> str:
    """Says that the user is unsubscribed from the topic. `undo`: the token that undoes it."""
    lead = look.t(texts.UNSUBSCRIBED_LEAD, topic=topic, by=look.by(channel))
    everything = Button(look.t(texts.EVERYTHING_BUTTON), EVERYTHING)
    return _notice(look, look.t(texts.UNSUBSCRIBED), lead, **_undo(look, undo, everything), mails=current)


def everything_stopped(look: Look, *, current: bool, undo: str | None = None) -> str:
    """Says that the user gets nothing any more. `undo`: the token that undoes it."""
    lead = look.t(texts.EVERYTHING_LEAD)
    return _notice(look, look.t(texts.EVERYTHING), lead, **_undo(look, undo), mails=current)


def _undo(look: Look, token: str | None, *further: Button) -> dict[str, Any]:
    if token is None:
        return {"buttons": further}
    return {"buttons": [Button(look.t(texts.UNDO_BUTTON), UNDO), *further], "hidden": [("undo", token)]}


def undone(look: Look, *, topic: str, channel: str) -> str:
    """Says that the subscription is back."""
    return _notice(look, look.t(texts.UNDONE), look.t(texts.UNDONE_LEAD, topic=topic, by=look.by(channel)))


def everything_undone(look: Look) -> str:
    """Says that messages come again."""
    return _notice(look, look.t(texts.UNDONE_EVERYTHING), look.t(texts.UNDONE_EVERYTHING_LEAD))


def preferences_mailed(look: Look) -> str:
    """Says that the link to the preferences is on its way; also if it is not, because that is not to be known."""
    return _notice(look, look.t(texts.MAILED), look.t(texts.MAILED_LEAD))


def renewed(look: Look) -> str:
    """Says that a new link is on its way; also if it is not."""
    return _notice(look, look.t(texts.MAILED), look.t(texts.RENEWED_LEAD))


def signed_up(look: Look, *, directory: bool) -> str:
    """Says that a link to confirm is on its way; also if it is not."""
    lead, hint = look.t(texts.SIGNED_UP_LEAD), look.t(texts.SIGNED_UP_HINT)
    return _notice(look, look.t(texts.MAILED), lead, hint, links=_to_directory(look) if directory else ())


def ask_to_refuse(look: Look) -> str:
    """Asks whether to stop Fanfare's own mails to an address."""
    buttons = [Button(look.t(texts.REFUSE_BUTTON), "never")]
    return _notice(look, look.t(texts.REFUSE), look.t(texts.REFUSE_LEAD), buttons=buttons, asks=True)


def refused(look: Look) -> str:
    """Says that these mails have stopped."""
    return _notice(
        look, look.t(texts.REFUSED), look.t(texts.REFUSED_LEAD), buttons=[Button(look.t(texts.ALLOW_BUTTON), ALLOW)]
    )


def allowed(look: Look) -> str:
    """Says that these mails may come again."""
    return _notice(look, look.t(texts.ALLOWED), look.t(texts.ALLOWED_LEAD))


def confirm_subscription(look: Look, *, topic: str, required: bool, asked_at: datetime) -> str:
    """Asks to confirm a subscription."""
    return _notice(
        look,
        look.t(texts.SUBSCRIBE, topic=topic),
        look.t(texts.SUBSCRIBE_LEAD, topic=topic, asked_at=look.moment(asked_at)),
        _way_out(look, required),
        buttons=_confirm_or_not_me(look, texts.SUBSCRIBE_BUTTON),
        asks=True,
    )


def subscribed(look: Look, *, topic: str, required: bool, opted_out: bool, preferences: str | None) -> str:
    """Says that the user is subscribed."""
    lead = look.t(texts.OPTED_OUT_NOTE if opted_out else texts.SUBSCRIBED_LEAD, topic=topic)
    further = () if opted_out else (_way_out(look, required),)
    return _notice(look, look.t(texts.SUBSCRIBED), lead, *further, links=_to_choices(look, preferences))


def _way_out(look: Look, required: bool) -> str:
    """How to unsubscribe, which is not possible for required topics."""
    return look.t(texts.UNSUBSCRIBE_NEVER if required else texts.UNSUBSCRIBE_ANYTIME)


def confirm_address(look: Look, *, account: str, asked_at: datetime) -> str:
    """Asks to confirm an address. `account`: its masked id."""
    lead = look.t(texts.ADDRESS_LEAD, account=account, asked_at=look.moment(asked_at))
    buttons = _confirm_or_not_me(look, texts.ADDRESS_BUTTON)
    return _notice(look, look.t(texts.ADDRESS), lead, buttons=buttons, asks=True)


def address_confirmed(look: Look, *, preferences: str | None) -> str:
    """Says that the address is in use."""
    lead = look.t(texts.ADDRESS_DONE_LEAD)
    return _notice(look, look.t(texts.ADDRESS_DONE), lead, links=_to_choices(look, preferences))


def confirm_choices(look: Look, give: Sequence[tuple[str, str]], *, opt_in: bool, asked_at: datetime) -> str:
    """Asks to confirm what a preference page gave. `give`: (title of a topic, channel)."""
    items = [look.t(texts.CHOICE, topic=title, by=look.by(channel)) for title, channel in give]
    return _notice(
        look,
        look.t(texts.CHOICES),
        look.t(texts.CHOICES_LEAD, asked_at=look.moment(asked_at)),
        items=[*items, *([look.t(texts.CHOICE_OPT_IN)] if opt_in else [])],
        buttons=_confirm_or_not_me(look, texts.CHOICES_BUTTON),
        asks=True,
    )


def choices_confirmed(look: Look, *, preferences: str | None) -> str:
    """Says that the choices hold."""
    lead = look.t(texts.CHOICES_DONE_LEAD)
    return _notice(look, look.t(texts.CHOICES_DONE), lead, links=_to_choices(look, preferences))


def not_me(look: Look) -> str:
    """Says that what somebody else asked is forgotten."""
    return _notice(look, look.t(texts.NOT_ME_DONE), look.t(texts.NOT_ME_DONE_LEAD))


def stop_everything(look: Look, *, opted_out: bool, asking: str) -> str:
    """The preference page of a link to an earlier address: it only takes away."""
    if opted_out:
        return everything_stopped(look, current=False)
    return _notice(
        look,
        look.t(texts.OLD_ADDRESS),
        look.t(texts.ASKING.get(asking, texts.OLD_ADDRESS_LEAD)),
        buttons=[Button(look.t(texts.EVERYTHING_BUTTON), "yes")],
        field="nothing",
        asks=True,
    )


def problem(look: Look, code: str, *, renews: bool = False, finds: bool = False, directory: bool = False) -> str:
    """An error page, for a person who opened a link. `renews`: the link says which one to send again; `finds`: the
    reader may enter an address instead; `directory`: or look at what is offered."""
    title, lead = texts.PROBLEMS.get(code, texts.PROBLEM)
    buttons = [Button(look.t(texts.RENEW_BUTTON), AGAIN)] if renews else ()
    links = _to_directory(look) if directory else ()
    return _notice(look, look.t(title), look.t(lead), buttons=buttons, finds=FIND if finds else None, links=links)


def _confirm_or_not_me(look: Look, label: str) -> list[Button]:
    return [Button(look.t(label)), Button(look.t(texts.NOT_ME_BUTTON), NOT_ME)]


def _to_choices(look: Look, url: str | None) -> Sequence[tuple[str, str]]:
    return [(look.t(texts.CHOOSE_ALL), url)] if url else ()


def _to_directory(look: Look) -> Sequence[tuple[str, str]]:
    return [(look.t(texts.DIRECTORY_BACK), f"/?lang={look.language}")]


def _notice(look: Look, title: str, *paragraphs: str, **more: Any) -> str:
    """A page of few words. `more`: `items` of a list, `buttons` of a form with the `field` that they set and `hidden`
    ones, whether it `asks` first, whether the preferences can be `mails`ed or a user be `finds` by address, `links`."""
    parts = {"items": (), "buttons": (), "field": "what", "hidden": (), "asks": False, "mails": False, "finds": None}
    return rendered("notice.html", look, title=title, paragraphs=paragraphs, **{**parts, "links": (), **more})
