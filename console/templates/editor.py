"""The editor: sources as fields, a preview of what is not stored yet, and the differences before it is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from fanfare_client.diffs import differences
from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from ..api import InternalApi, Refused
from ..messages.content import keep_mail
from .drafts import Draft, as_fields, escaped
from .previews import Mistake, of_draft

PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "email": ("subject", "preheader", "html", "text"),
    "sms": ("text",),
    "push": ("title", "body"),
    "webhook": ("title", "body"),
    "inbox": ("title", "body"),
}
NEW: Final = Draft(
    sources={"/channels/email/subject": "Hello {{ user.name }}", "/channels/email/html": "<p>{{ data.text }}</p>"},
    example='{\n  "text": "It works."\n}',
)


@dataclass(frozen=True, kw_only=True)
class Shown:
    """The preview of a draft. `frames`: language → URL of its rendered mail."""

    channel: str
    locale: str
    channels: tuple[str, ...] = ()
    locales: tuple[str, ...] = ()
    content: Mapping[str, str] = field(default_factory=dict)
    frames: Mapping[str, str] = field(default_factory=dict)
    mistakes: tuple[Mistake, ...] = ()
    warnings: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True)
class EditorPages:
    """The views, over the internal API."""

    api: InternalApi

    def new(self) -> str | Answer:
        template_id = request.args.get("id", "").strip()
        if template_id:
            return redirect(url_for(".edit", template_id=template_id))
        return render_template("template_new.html")

    def edit(self, template_id: str) -> str | tuple[str, int] | Answer:
        stored = self.api.find("templates", template_id)
        if request.method == "GET":
            draft = Draft.of_template(stored) if stored else NEW
            return self._page(template_id, stored, draft)
        draft = Draft.of_form(request.form)
        action = request.form.get("action", "preview")
        if action == "add":
            return self._page(template_id, stored, self._added(draft))
        if action == "preview" and "HX-Request" in request.headers:
            return render_template("template_preview.html", shown=self._shown(template_id, draft), draft=draft)
        if action in ("look", "store"):
            return self._store(template_id, stored, draft, sure=action == "store")
        return self._page(template_id, stored, draft)

    def _page(self, template_id: str, stored: Any, draft: Draft, status: int = 200) -> tuple[str, int]:
        page = render_template(
            "template_edit.html",
            template_id=template_id,
            stored=stored,
            draft=draft,
            shown=self._shown(template_id, draft),
            addable=PARTS,
        )
        return page, status

    def _added(self, draft: Draft) -> Draft:
        """With the part that is asked for."""
        channel, _, part = request.form.get("add_part", "").partition("/")
        locale = request.form.get("add_locale", "").strip()
        if part not in PARTS.get(channel, ()):
            return draft
        above = f"/locales/{escaped(locale)}" if locale else "/channels"
        return draft.plus(f"{above}/{channel}/{part}")

    def _store(self, template_id: str, stored: Any, draft: Draft, *, sure: bool) -> str | tuple[str, int] | Answer:
        """A second look at the differences; then a new version."""
        body, mistakes = draft.body()
        shown = self._shown(template_id, draft)
        if mistakes or shown.mistakes:
            return self._page(template_id, stored, draft, 422)
        if not sure:
            found = [(each.part, each.lines[2:]) for each in differences(stored or {}, body)]
            fields = as_fields(draft)
            return render_template(
                "template_store.html", template_id=template_id, stored=stored, found=found, fields=fields, shown=shown
            )
        version = self.api.put("templates", template_id, body=body)["version"]
        flash(f"Saved as version {version}. To see it in your mailbox, send a test to yourself.", "done")
        return redirect(url_for(".one", template_id=template_id))

    def _shown(self, template_id: str, draft: Draft) -> Shown:
        body, mistakes = draft.body()
        asked = request.form
        channels = tuple(body["channels"])
        channel = asked.get("channel", "")
        channel = channel if channel in channels else (channels or ("email",))[0]
        locales = tuple(sorted(body.get("locales", {})))
        locale = asked.get("locale", "") if asked.get("locale", "") in locales else ""
        about: dict[str, Any] = {"channel": channel, "locale": locale, "channels": channels, "locales": locales}
        if mistakes:
            return Shown(**about, mistakes=mistakes)
        try:
            wanted = [locale, *([each for each in ("", *locales) if each != locale] if asked.get("all") else [])]
            found = [self._rendered(template_id, channel, each, body) for each in wanted]
        except Refused as refused:
            if refused.status != 422:
                raise
            wrong = tuple(of_draft(fault, draft.example or "{}") for fault in refused.faults)
            return Shown(**about, mistakes=wrong or (Mistake("Template", refused.detail),))
        content, warnings = found[0]
        frames = {
            each: keep_mail(parts["html"]) for each, (parts, _) in zip(wanted, found, strict=True) if "html" in parts
        }
        return Shown(**about, content=content, frames=frames, warnings=tuple(warnings))

    def _rendered(self, template_id: str, channel: str, locale: str, body: Any) -> tuple[dict[str, str], Any]:
        wanted = {"channel": channel, "locale": locale or None, "draft": body}
        answer = self.api.post("templates", template_id, "previews", body=wanted)
        return {part: text for part, text in answer.items() if part != "warnings"}, answer["warnings"]
