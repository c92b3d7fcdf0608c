"""Mails of Fanfare's own, which ask for a confirmation or bring a link."""

from __future__ import annotations

from collections.abc import Sequence

from fanfare.self_service.pages.look import Look
from fanfare.self_service.pages.rendering import rendered


class Mail:
    """A mail of Fanfare's own. `words`: why, what to do, the button, and what to do if it was not you. `stop`: the link
    that stops such mails."""

    def __init__(self, subject: str, words: Sequence[str], link: str, *, look: Look, stop: str, **about: str) -> None:
        self.look = look
        self.subject = look.t(subject, **about)
        self.lines = [look.t(line, **about) for line in words]
        self.link = link
        self.stop = stop

    def text(self) -> str:
        """The mail in plain text."""
        return rendered("mail.txt", self.look, mail=self)

    def html(self) -> str:
        """The mail in HTML. No URL is written out: on a phone it makes the mail wider than the window."""
        return rendered("mail.html", self.look, mail=self)
