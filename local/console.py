"""The console: what the providers were given, and the switches of the simulator.

GET  /                 the last mails, to look through
GET  /outbox/<n>       one mail: rendered, its text, its headers
GET  /outbox.json      {"items": [...]}, the newest last; ?channel=&to=&message_id= narrow it
GET  /aws-calls.json   the AWS calls of the functions since the start or the last DELETE
GET, POST /simulator   the switches; `simulator` says which
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from .aws_calls import AwsCalls
from .http import Answer, Handle, Request, as_json, problem
from .outbox import Outbox
from .simulator import BadSettings, Simulator

PAGES: Final = Path(__file__).with_name("pages")
SHOWN: Final = 100
PAGE_POLICY: Final = (
    "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
# A mail brings its own styles, and nothing else: no script, no request to anywhere.
MAIL_POLICY: Final = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
ONE: Final = re.compile(r"/outbox/(\d{1,9})(/body)?")


class Console:
    """Answers what a browser, a test or `curl` asks of the running stack."""

    def __init__(self, *, outbox: Outbox, simulator: Simulator, calls: AwsCalls) -> None:
        self.outbox = outbox
        self.simulator = simulator
        self.calls = calls
        self._pages = Environment(loader=FileSystemLoader(PAGES), autoescape=True, undefined=StrictUndefined)
        self._routes: dict[tuple[str, str], Handle] = {
            ("GET", "/"): self._index,
            ("GET", "/style.css"): self._style,
            ("GET", "/outbox.json"): self._items,
            ("GET", "/aws-calls.json"): lambda _: as_json(self.calls.as_json()),
            ("DELETE", "/aws-calls.json"): self._reset_calls,
            ("GET", "/simulator"): lambda _: as_json(self.simulator.as_json()),
            ("POST", "/simulator"): self._switch,
        }

    def handle(self, request: Request) -> Answer:
        method = "GET" if request.method == "HEAD" else request.method
        if method == "GET" and (found := ONE.fullmatch(request.path)):
            return self._body(int(found[1])) if found[2] else self._mail(int(found[1]))
        answer = self._routes.get((method, request.path))
        return answer(request) if answer else problem(404, "The console has no such page.")

    def _items(self, request: Request) -> Answer:
        wanted = {name: request.query.get(name, "") for name in ("channel", "to", "message_id")}
        return as_json({"items": [mail.as_item(number) for number, mail in self.outbox.find(**wanted)]})

    def _reset_calls(self, _: Request) -> Answer:
        self.calls.reset()
        return Answer(204)

    def _style(self, _: Request) -> Answer:
        return Answer(200, (PAGES / "style.css").read_bytes(), {"Content-Type": "text/css; charset=utf-8"})

    def _index(self, request: Request) -> Answer:
        channel, to = request.query.get("channel", ""), request.query.get("to", "")
        found = self.outbox.find(channel=channel, to=to)
        last = list(reversed(found[-SHOWN:]))
        return self._page("index.html", mails=last, count=len(found), channel=channel, to=to)

    def _mail(self, number: int) -> Answer:
        mail = self.outbox.get(number)
        return self._page("mail.html", mail=mail, number=number) if mail else problem(404, "No such mail.")

    def _body(self, number: int) -> Answer:
        mail = self.outbox.get(number)
        if mail is None or mail.html is None:
            return problem(404, "No such mail, or it has no HTML.")
        headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": MAIL_POLICY}
        return Answer(200, mail.html.encode(), headers)

    def _switch(self, request: Request) -> Answer:
        if request.headers.get("content-type", "").partition(";")[0] != "application/json":
            return problem(415, "Send application/json.")
        try:
            changes = json.loads(request.body)
            if not isinstance(changes, dict):
                raise BadSettings("a JSON object")
            self.simulator.change(changes)
        except ValueError as error:  # BadSettings is one
            return problem(422, str(error))
        return as_json(self.simulator.as_json())

    def _page(self, name: str, **values: Any) -> Answer:
        headers = {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Security-Policy": PAGE_POLICY,
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        }
        return Answer(200, self._pages.get_template(name).render(**values).encode(), headers)
