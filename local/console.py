"""The console of the local stack: the operators' console, plus the outbox with everything sent to providers.

GET  /outbox           the latest mails
GET  /outbox/<n>       one mail: rendered, text, headers
GET  /outbox.json      {"items": [...]}, newest last; filters ?channel=&to=&message_id=. channel=inbox lists the
                       users' inboxes; `to` is then the user id
GET  /aws-calls.json   the AWS calls of the functions since the start or the last DELETE
GET, POST /simulator   the switches of the simulator, see simulator.py
"""

from __future__ import annotations

from typing import Any, Final

import urllib3
from flask import Blueprint, Flask, Response, abort, jsonify, render_template, request

from console.api import Call, Unreachable
from console.app import make
from console.exports import csv_file
from console.host import Host
from console.messages.content import MAIL_POLICY
from local.api import Api, Reply
from local.http import problem
from local.imports import Imports
from local.providers.inboxes import Inboxes
from local.providers.outbox import Outbox
from local.providers.simulator import CHANNELS, BadSettings, Simulator
from testing.aws_calls import AwsCalls

SHOWN: Final = 100
COLUMNS: Final = ("number", "at", "channel", "to", "subject", "message_id", "user_id")
AT_ONCE: Final = 2  # every concurrent call needs another process of the emulator


def local_console(
    api: Api, *, outbox: Outbox, simulator: Simulator, calls: AwsCalls, inboxes: Inboxes, cookie: str = "fanfare-local"
) -> Flask:
    """The WSGI app of the local console."""
    imports = Imports(api.url, api.region, api.credentials) if api.credentials else None
    host = Host(more={"Outbox": _pages(outbox)}, import_file=imports)
    app = make(signed(api), stage="local", cookie=cookie, at_once=AT_ONCE, host=host)
    machine = _machine(outbox, simulator, calls, inboxes)
    app.extensions["csrf"].exempt(machine)  # it accepts only JSON, which pages of other origins can't post
    app.register_blueprint(machine)
    return app


def signed(api: Api) -> Call:
    """A `call` function for the console that signs as the operator."""

    def call(method: str, url: str, body: Any, /, **headers: str) -> Reply:
        try:
            return api.call(method, url, body, raw=None, **headers)
        except urllib3.exceptions.HTTPError as error:
            raise Unreachable(str(error)) from error

    return call


def _pages(outbox: Outbox) -> Blueprint:
    part = Blueprint("outbox", __name__, url_prefix="/outbox", template_folder="pages")

    @part.get("")
    def index() -> str:
        asked = {name: request.args.get(name, "") for name in ("channel", "to")}
        found = outbox.find(**asked)
        last = list(reversed(found[-SHOWN:]))
        return render_template("outbox.html", mails=last, count=len(found), channels=CHANNELS, **asked)

    @part.get("/-/export.csv")
    def export() -> Response:
        asked = {name: request.args.get(name, "") for name in ("channel", "to")}
        return csv_file("outbox", COLUMNS, (mail.as_item(number) for number, mail in reversed(outbox.find(**asked))))

    @part.get("/<int:number>")
    def one(number: int) -> str:
        return render_template("mail.html", mail=outbox.get(number) or abort(404), number=number)

    @part.get("/<int:number>/body")
    def body(number: int) -> Response:
        mail = outbox.get(number)
        if mail is None or mail.html is None:
            abort(404)
        return Response(mail.html, mimetype="text/html", headers={"Content-Security-Policy": MAIL_POLICY})

    return part


def _machine(outbox: Outbox, simulator: Simulator, calls: AwsCalls, inboxes: Inboxes) -> Blueprint:
    part = Blueprint("machine", __name__)

    @part.get("/outbox.json")
    def items() -> Response:
        wanted = {name: request.args.get(name, "") for name in ("to", "message_id")}
        channel = request.args.get("channel", "")
        if channel == "inbox":
            return jsonify({"items": inboxes.items(**wanted)})
        return jsonify({"items": [mail.as_item(number) for number, mail in outbox.find(channel=channel, **wanted)]})

    @part.get("/aws-calls.json")
    def aws_calls() -> Response:
        return jsonify(calls.as_json())

    @part.delete("/aws-calls.json")
    def reset_calls() -> Response:
        calls.reset()
        return Response(status=204)

    @part.get("/simulator")
    def switches() -> Response:
        return jsonify(simulator.as_json())

    @part.post("/simulator")
    def switch() -> Response:
        if request.mimetype != "application/json":
            return _problem(415, "Send application/json.")
        changes = request.get_json(silent=True)
        if not isinstance(changes, dict):
            return _problem(422, "Send a JSON object.")
        try:
            simulator.change(changes)
        except BadSettings as error:
            return _problem(422, str(error))
        return jsonify(simulator.as_json())

    return part


def _problem(status: int, detail: str) -> Response:
    response = problem(status, detail)
    return Response(response.body, status, dict(response.headers))
