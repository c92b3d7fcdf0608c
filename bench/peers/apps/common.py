"""Code that a team would write in any of these designs: the mail, and the connection to the mail server."""

from __future__ import annotations

import functools
import hashlib
import hmac
import json
import os
import smtplib
import time
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from jinja2 import Environment

TEMPLATE = Path(os.environ["PEER_TEMPLATE"])
SINK_PORT = int(os.environ["PEER_SINK_PORT"])
DATA: dict[str, Any] = json.loads((TEMPLATE / "example.json").read_text(encoding="utf-8"))
WARM_UP_PEOPLE = int(os.environ["PEER_WARM_UP"])
FIRST_ONES = 20  # open connections
KEY = b"a key for the bench alone"


@functools.cache
def compiled(name: str) -> Any:
    """A part of the mail, compiled once per process."""
    source = (TEMPLATE / name).read_text(encoding="utf-8").rstrip("\n")
    return Environment(autoescape=name.endswith(".html")).from_string(source)


def unsubscribe_headers(user_id: str) -> dict[str, str]:
    """Headers of RFC 8058, with a signed link."""
    signature = hmac.new(KEY, user_id.encode(), hashlib.sha256).hexdigest()
    link = f"https://example.com/unsubscribe/{user_id}/{signature}"
    return {"List-Unsubscribe": f"<{link}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def letter(user: dict[str, str], data: dict[str, Any]) -> EmailMessage:
    """The complete mail to one user."""
    seen = {"user": user, "data": data}
    mail = EmailMessage()
    mail["From"], mail["To"] = "no-reply@example.com", user["email"]
    mail["Subject"] = compiled("email/subject.txt").render(seen)
    for name, value in unsubscribe_headers(user["id"]).items():
        mail[name] = value
    mail.set_content(compiled("email/text.txt").render(seen))
    mail.add_alternative(compiled("email/html.html").render(seen), subtype="html")
    return mail


class Line:
    """A connection to the mail server that each process keeps open and reopens if it breaks."""

    def __init__(self) -> None:
        self.smtp: smtplib.SMTP | None = None

    def send(self, mail: EmailMessage) -> None:
        if self.smtp is None:
            self.smtp = smtplib.SMTP("127.0.0.1", SINK_PORT, timeout=20)
        try:
            self.smtp.send_message(mail)
        except (smtplib.SMTPException, OSError):
            self.smtp = None
            raise


def posted_each(count: int, post: Callable[[dict[str, str]], object]) -> None:
    """Post a message to each person. CPU seconds without those of the first ones are kept in a file."""
    began = 0.0
    for number, user in enumerate(people(count)):
        if number == FIRST_ONES:
            began = time.process_time()
        post(user)
    Path(os.environ["PEER_SPENT"]).write_text(str(time.process_time() - began), encoding="utf-8")


def people(count: int) -> list[dict[str, str]]:
    """The same audience as in Fanfare's benchmark."""
    users = [f"user-{number:07d}" for number in range(count)]
    return [{"id": user, "name": user.title(), "email": f"{user}@example.com", "locale": "en"} for user in users]
