"""Templates: every change creates a new version; deleting a template hides it from new messages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from fanfare.channels import CHANNELS
from fanfare.clock import Clock, to_text
from fanfare.data_classes import dataclass, replace
from fanfare.domain.catalogue import Template, Version
from fanfare.errors import Fault, Invalid, NotFound, TemplateError
from fanfare.management.users import check_id
from fanfare.pagination import take
from fanfare.schemas.templates import PreviewRequest, PutTemplateRequest, TemplateView
from fanfare.store.brands import Brands
from fanfare.store.catalogue import Catalogue
from fanfare.templates.body import offers
from fanfare.templates.content_check import too_large
from fanfare.templates.context import EXAMPLE, BrandSeen
from fanfare.templates.renderer import Renderer

BODY_LIMIT: Final = 380_000  # bytes; the limit of a DynamoDB item is 400 KB


@dataclass(frozen=True, kw_only=True)
class ManageTemplates:
    catalogue: Catalogue
    renderer: Renderer
    brands: Brands
    clock: Clock

    def put(self, template_id: str, request: PutTemplateRequest) -> tuple[Template, list[Fault]]:
        """Store a new version if all its parts compile and its example renders. Returns it, and warnings.

        Raises Invalid.

        The current layout is copied into the version: a version is complete and never changes.
        """
        check_id(template_id, request.id)
        body = self._body(request)
        self.renderer.check(body)
        channels = [channel for channel in CHANNELS if offers(body, channel)]
        if faults := list(too_large(self.renderer, body, channels, body.get("example") or {})):
            raise Invalid("Content can't be sent.", code="content_too_large", errors=faults)
        size = _size(body)
        if size > BODY_LIMIT:
            what, where = ("Template with its layout", "/layout") if request.layout else ("Template", "/example")
            raise Invalid.field(where, "too_large", f"{what} is {size:,} bytes; the limit is {BODY_LIMIT:,}.")
        from fanfare.templates.advice.review import all_warnings  # noqa: PLC0415 - for authors, not for each start

        found = all_warnings(self.renderer, body)
        return self.catalogue.add_version(template_id, body, created_at=to_text(self.clock())), found

    def get(self, template_id: str, version: int | None) -> Template:
        """A version (None: the newest) of a template that is not hidden. Raises NotFound."""
        head = self.catalogue.template_head(template_id)
        if head is None or head.hidden:
            raise _not_found()
        if version is None or version == head.version:
            return head
        template = self.catalogue.template(template_id, version)
        if template is None:
            raise NotFound("No such version of the template.", code="template_not_found")
        return template

    def page(self, *, after: str | None, limit: int) -> tuple[list[Version], str | None]:
        """A page of templates, and the id to continue after."""
        return take(self.catalogue.templates(after=after, limit=limit + 1), limit, lambda each: each.id)

    def versions(self, template_id: str, *, before: int | None, limit: int) -> tuple[list[Version], int | None]:
        """A page of a template's versions, newest first, and the version to continue before. Raises NotFound."""
        head = self.catalogue.template_head(template_id)
        if head is None or head.hidden:
            raise _not_found()
        found = self.catalogue.versions(template_id, before=before, limit=limit + 1)
        return take(found, limit, lambda each: each.version)

    def delete(self, template_id: str) -> None:
        """Hide it from new messages; accepted messages keep their version. Idempotent."""
        self.catalogue.hide_template(template_id)

    def preview(self, template_id: str, request: PreviewRequest) -> tuple[dict[str, str], list[Fault]]:
        """The rendered parts for a user without a name, and warnings: of the newest version, or of a draft.

        Raises NotFound, and Invalid if it does not render.
        """
        body = self.get(template_id, None).body if request.draft is None else self._draft(request.draft)
        if not offers(body, request.channel):
            raise Invalid.field("/channel", "no_content", "Template has no content for this channel.")
        data: dict[str, Any] = body.get("example") or {} if request.data is None else request.data
        self.renderer.check_data(body, data)
        user = {"id": "preview", "name": "", "locale": request.locale, "time_zone": request.time_zone}
        brand = self.brands.known()
        context = replace(EXAMPLE, brand=BrandSeen(*(getattr(brand, name) for name in BrandSeen._fields)))
        from fanfare.templates.advice.review import warnings_of  # noqa: PLC0415

        try:
            rendered = self.renderer.render(
                body, request.channel, locale=request.locale, data=data, user=user, context=context
            )
            found = warnings_of(self.renderer, body, request.channel, data=data, user=user, context=context)
            return rendered, [*found]
        except TemplateError as error:
            fault = Fault("/data", "template_error", str(error))
            detail = "Template does not render with this data."
            raise Invalid(detail, code="template_error", errors=[fault]) from error

    def _body(self, request: PutTemplateRequest) -> dict[str, Any]:
        """As it is stored, with a copy of the layout. Raises Invalid."""
        body = request.body()
        if request.layout is not None:
            body["layout"] = self._layout(request.layout)
        return body

    def _draft(self, draft: PutTemplateRequest) -> dict[str, Any]:
        """The body of a template that is not stored. Raises Invalid for what a PUT would refuse, below `/draft`."""
        try:
            body = self._body(draft)
            self.renderer.check(body)
        except Invalid as invalid:
            faults = [replace(each, pointer=f"/draft{each.pointer}") for each in invalid.errors]
            raise Invalid(invalid.detail, code=invalid.code, errors=faults) from invalid
        return body

    def _layout(self, template_id: str) -> dict[str, Any]:
        """The newest version of the layout, as copied into a template's version. Raises Invalid."""
        head = self.catalogue.template_head(template_id)
        if head is None or head.hidden:
            raise Invalid.field("/layout", "unknown_template", "No such template.")
        if "layout" in head.body:
            raise Invalid.field(
                "/layout", "layout_in_layout", "This template has a layout itself. A layout can't have another layout."
            )
        frame = {name: head.body[name] for name in ("channels", "locales", "partials") if name in head.body}
        return {"id": head.id, "version": head.version, **frame}


def _size(body: Mapping[str, Any]) -> int:
    return len(json.dumps(body, ensure_ascii=False).encode())


def template_view(template: Template) -> TemplateView:
    """The version as the API shows it."""
    return TemplateView(
        id=template.id,
        version=template.version,
        created_at=template.created_at,
        channels=template.body["channels"],
        locales=template.body.get("locales") or {},
        data_schema=template.body.get("schema"),
        example=template.body.get("example") or {},
        layout=template.body.get("layout"),
        partials=template.body.get("partials") or {},
    )


def _not_found() -> NotFound:
    return NotFound("No such template.", code="template_not_found")
