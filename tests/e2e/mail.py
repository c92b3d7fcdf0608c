"""What people find in their mail, and what it leads to."""

from __future__ import annotations

import re
from typing import Any

from local.api import until

from .conftest import World

LINK = re.compile(r"https?://[^\s\"'<>]+")


def links(mail: dict[str, Any]) -> set[str]:
    """All that a scanner finds in a mail: in its text, its HTML and its headers."""
    return set(LINK.findall(" ".join([mail["text"] or "", mail["html"] or "", *mail["headers"].values()])))


def link_in(mail: dict[str, Any], purpose: str) -> str:
    (found,) = {link for link in links(mail) if f"/v1/{purpose}/" in link}
    return found


def opted_in(world: World, address: str, topic: str) -> dict[str, Any]:
    """Ask for a topic: the mail with the link to confirm."""
    asked = world.anybody.call("POST", "/v1/subscriptions", {"email": address, "topic": topic})
    assert asked.status == 202
    (mail,) = until("the link arrives", lambda: world.console.outbox(channel="email", to=address), seconds=10)
    return dict(mail)


def sent_to(world: World, address: str, topic: str) -> list[dict[str, Any]]:
    """What somebody gets of a new message to a topic."""
    message_id = world.send(topic, template=None, content={"subject": "News", "text": "Something happened"})
    assert world.rest(message_id)["state"] == "sent"
    return world.console.outbox(channel="email", to=address, message_id=message_id)


def newest(world: World, address: str, purpose: str) -> str:
    """The link of this purpose in the newest mail that has one."""
    mails = world.console.outbox(channel="email", to=address)
    found = [link_in(mail, purpose) for mail in mails if f"/v1/{purpose}/" in (mail["text"] or "")]
    assert found
    return found[-1]


def choices_of(world: World, address: str, unsubscribe: str) -> str:
    """The link to all choices, which is mailed to whoever asks for it on the page to unsubscribe."""
    assert world.anybody.press(unsubscribe, what="preferences").status == 200
    return newest(world, address, "preferences")
