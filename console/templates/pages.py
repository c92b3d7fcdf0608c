"""Pages of templates: the gallery, one template with a live preview, the differences of two versions, a test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from fanfare_client.diffs import differences
from flask import Blueprint, Response, abort, flash, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as Answer

from ..api import InternalApi, Refused
from ..exports import csv_file
from ..host import Host
from ..messages.content import mail
from ..words import ADDRESSES
from .editor import EditorPages
from .previews import Mistake, languages, mistake, preview_of, read_json, rendered, sources, written

A_PAGE: Final = 12
VERSIONS: Final = 20
LANGUAGES: Final = 12  # shown side by side
COLUMNS: Final = ("id", "version", "created_at")


def pages(api: InternalApi, _: Host) -> Blueprint:
    """The pages."""
    part = Blueprint("templates", __name__, url_prefix="/templates")
    views, editor = TemplatePages(api), EditorPages(api)
    part.add_url_rule("", view_func=views.index)
    part.add_url_rule("/-/export.csv", view_func=views.export)
    part.add_url_rule("/-/new", view_func=editor.new)
    part.add_url_rule("/<template_id>", view_func=views.one)
    part.add_url_rule("/<template_id>/body", view_func=views.body)
    part.add_url_rule("/<template_id>/versions.csv", view_func=views.export_versions)
    part.add_url_rule("/<template_id>/differences", view_func=views.compare)
    part.add_url_rule("/<template_id>/edit", view_func=editor.edit, methods=["GET", "POST"])
    part.add_url_rule("/<template_id>/test", view_func=views.test, methods=["GET", "POST"])
    part.add_app_template_global(languages)
    return part


@dataclass(frozen=True)
class TemplatePages:
    """The views, over the internal API."""

    api: InternalApi

    def index(self) -> str:
        found = self.api.get("templates", limit=A_PAGE, cursor=request.args.get("cursor"))
        items = [each for each in self.api.get_many(("templates", item["id"]) for item in found["items"]) if each]
        return render_template("templates.html", items=items, next_cursor=found["next_cursor"])

    def export(self) -> Response:
        return csv_file("templates", COLUMNS, self.api.every("templates"))

    def one(self, template_id: str) -> str:
        template = self.api.get("templates", template_id)
        versions = self.api.get("templates", template_id, "versions", limit=VERSIONS)["items"]
        preview = preview_of(self.api, template, request.args)
        return render_template(
            "template.html",
            template=template,
            versions=versions,
            preview=preview,
            data=preview.data if preview.data is not None else written(template["example"]),
            languages=languages(template, preview.channel)[:LANGUAGES],
            sources=sources(template, preview.channel, preview.locale),
        )

    def export_versions(self, template_id: str) -> Response:
        items = self.api.every("templates", template_id, "versions")
        return csv_file(f"versions-{template_id}", ("version", "created_at"), items)

    def body(self, template_id: str) -> Response:
        channel = request.args.get("channel", "email")
        data, mistakes = read_json(request.args.get("data"))
        content = {} if mistakes else rendered(self.api, template_id, channel, request.args.get("locale", ""), data)
        if "html" not in content:
            abort(404)
        return mail(content["html"])

    def compare(self, template_id: str) -> str:
        old, new = (request.args.get(name, type=int) for name in ("old", "new"))
        after = self.api.get("templates", template_id, version=new)
        old = old or max(1, after["version"] - 1)
        before = self.api.get("templates", template_id, version=old)
        found = [(each.part, each.lines[2:]) for each in differences(before, after)]
        return render_template("template_differences.html", before=before, after=after, found=found)

    def test(self, template_id: str) -> str | tuple[str, int] | Answer:
        """Send the newest version to the operator, at an address that this browser's session remembers."""
        template = self.api.get("templates", template_id)
        channels = [channel for channel in ADDRESSES if channel in template["channels"]]
        asked = request.values
        channel = str(asked.get("channel"))
        channel = channel if channel in channels else (channels or ["email"])[0]
        form = {
            "channel": channel,
            "address": asked.get("address", session.get(f"me_{channel}", "")).strip(),
            "locale": asked.get("locale", ""),
            "data": asked.get("data", written(template["example"])),
            "key": asked.get("key") or str(uuid4()),
        }
        if request.method == "GET":
            return self._asked(template, channels, form)
        data, mistakes = read_json(form["data"])
        if mistakes:
            return self._asked(template, channels, form, mistakes)
        try:
            accepted = self._send(template, form, data)
        except Refused as refused:
            if refused.status != 422:
                raise
            found = [mistake(fault, form["data"]) for fault in refused.faults] or [Mistake("Test", refused.detail)]
            return self._asked(template, channels, form, found)
        session[f"me_{channel}"] = form["address"]
        flash(f"Test sent to {form['address']}.", "done")
        return redirect(url_for("messages.one", message_id=accepted["id"]))

    def _asked(self, template: Any, channels: list[str], form: Any, mistakes: Any = ()) -> tuple[str, int]:
        page = render_template("template_test.html", template=template, channels=channels, form=form, mistakes=mistakes)
        return page, 422 if mistakes else 200

    def _send(self, template: Any, form: dict[str, str], data: Any) -> Any:
        reader: dict[str, Any] = {"address": {ADDRESSES[form["channel"]]: form["address"]}}
        if form["locale"]:
            reader["locale"] = form["locale"]
        message = {
            "recipients": [reader],
            "template": {"id": template["id"], "version": template["version"]},
            "channels": [form["channel"]],
            "data": data if data is not None else template["example"],
        }
        return self.api.post("messages", body=message, key=form["key"])
