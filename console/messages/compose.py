"""Writing a message: who, what and when; then a dry run and a second look, and only then it goes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from flask import current_app, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from ..api import Fault, InternalApi, Refused
from ..filters import Times
from ..templates.previews import read_json, written

TEXTS: Final = (
    *("topic", "recipients", "template", "subject", "text", "html", "data", "send_at", "expires_at", "priority"),
    *("key", "of"),
)
EMAIL: Final = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
PHONE: Final = re.compile(r"\+[0-9 ()./-]{6,}")


@dataclass(frozen=True)
class Form:
    """What was written. `of` is the template whose example is in `data`."""

    texts: Mapping[str, str]
    channels: tuple[str, ...] = ()

    @classmethod
    def of_request(cls) -> Form:
        texts = {name: request.values.get(name, "").replace("\r\n", "\n").strip() for name in TEXTS}
        texts["key"] = texts["key"] or str(uuid4())
        return cls(texts, tuple(request.values.getlist("channels")))

    def body(self, times: Times) -> tuple[dict[str, Any], list[Fault]]:
        """As the API takes it, and what is wrong with it before the API is asked."""
        texts = self.texts
        faults: list[Fault] = []
        body: dict[str, Any] = {}
        if texts["topic"]:
            body["topic"] = texts["topic"]
        if texts["recipients"]:
            body["recipients"] = [
                _recipient(line) for line in re.split(r"[\n,;]+", texts["recipients"]) if line.strip()
            ]
        if texts["template"]:
            body["template"] = {"id": texts["template"]}
        else:
            body["content"] = {name: texts[name] for name in ("subject", "text", "html") if texts[name]}
        if self.channels:
            body["channels"] = [*self.channels]
        if texts["priority"] == "critical":
            body["priority"] = "critical"
        data, mistakes = read_json(texts["data"])
        faults += [Fault("/data", "invalid", f"{each.where}: {each.what}") for each in mistakes]
        if data is not None:
            body["data"] = data
        for name in ("send_at", "expires_at"):
            if texts[name]:
                try:
                    body[name] = times.utc(texts[name])
                except ValueError:
                    faults.append(Fault(f"/{name}", "invalid", "Write it like 2027-01-31T09:00."))
        return body, faults


def _recipient(line: str) -> Any:
    """An address, or the id of a stored user."""
    text = line.strip()
    if EMAIL.fullmatch(text):
        return {"address": {"email": text}}
    return {"address": {"phone": re.sub(r"[ ()./-]", "", text)}} if PHONE.fullmatch(text) else text


@dataclass(frozen=True)
class ComposePages:
    """The views, over the internal API."""

    api: InternalApi

    def write(self) -> str | tuple[str, int] | Answer:
        form = Form.of_request()
        if request.method == "GET" or request.form.get("action") == "change":
            return self._page(self._with_example(form))
        body, faults = form.body(current_app.extensions["times"])
        if faults:
            return self._page(form, faults)
        try:
            if request.form.get("action") == "send":
                return self._send(form, body)
            found = self.api.post("messages", body=body, dry_run="true")
        except Refused as refused:
            if refused.status != 422:
                raise
            return self._page(form, refused.faults or [Fault("", refused.code, refused.detail)])
        return render_template("compose_look.html", form=form, body=body, found=found, total=_total(found))

    def _send(self, form: Form, body: Mapping[str, Any]) -> Answer:
        accepted = self.api.post("messages", body=body, key=form.texts["key"])
        flash("Scheduled." if body.get("send_at") else "Accepted: it is being sent.", "done")
        return redirect(url_for(".one", message_id=accepted["id"]))

    def _page(self, form: Form, faults: Any = ()) -> tuple[str, int]:
        page = render_template(
            "compose.html",
            form=form,
            faults=faults,
            topics=[*self.api.every("topics")],
            templates=[*self.api.every("templates")],
        )
        return page, 422 if faults else 200

    def _with_example(self, form: Form) -> Form:
        """With the example of the template, if the data are not of it."""
        template_id = form.texts["template"]
        if not template_id or form.texts["of"] == template_id:
            return form
        template = self.api.find("templates", template_id)
        data = written(template["example"]) if template else form.texts["data"]
        return Form({**form.texts, "data": data, "of": template_id}, form.channels)


def _total(found: Mapping[str, Any]) -> int:
    """Recipients that would be sent to, now, later or in a digest."""
    deferred = sum(count for reasons in found["deferred"].values() for count in reasons.values())
    return int(sum(found["deliver"].values()) + deferred + sum(found["digested"].values()))
