"""Templates: every change is a new version; deleting one hides it from new messages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from fanfare.clock import Clock, to_text
from fanfare.domain.catalogue import Template, Version
from fanfare.errors import Fault, Invalid, NotFound, TemplateError
from fanfare.schemas.templates import PreviewRequest, PutTemplateRequest, TemplateView
from fanfare.store.catalogue import Catalogue
from fanfare.templates.renderer import Renderer, derived, offers

BODY_LIMIT: Final = 380_000  # bytes: DynamoDB takes items of 400 KB


def put_template(
    template_id: str, request: PutTemplateRequest, *, catalogue: Catalogue, renderer: Renderer, clock: Clock
) -> Template:
    """Store a new version, once everything in it compiles and its example renders. Raises Invalid.

    The layout goes into the version as it is now: a version is all that it takes to render it, and never changes.
    """
    body = request.body()
    if request.layout is not None:
        body["layout"] = _layout(request.layout, catalogue)
    renderer.check(body)
    if (made := derived(body)) and _size(body | {"derived": made}) <= BODY_LIMIT:
        body |= {"derived": made}
    size = _size(body)
    if size > BODY_LIMIT:
        what, where = ("with its layout", "/layout") if request.layout is not None else ("as it is kept", "/example")
        raise Invalid.field(where, "too_large", f"{what} it has {size:,} bytes; {BODY_LIMIT:,} can be kept")
    return catalogue.add_version(template_id, body, created_at=to_text(clock()))


def _size(body: Mapping[str, Any]) -> int:
    return len(json.dumps(body, ensure_ascii=False).encode())


def get_template(template_id: str, version: int | None, *, catalogue: Catalogue) -> Template:
    """A version, the newest one if none is named, of a template that is not hidden. Raises NotFound."""
    head = catalogue.template_head(template_id)
    if head is None or head.hidden:
        raise _not_found()
    if version is None or version == head.version:
        return head
    template = catalogue.template(template_id, version)
    if template is None:
        raise NotFound("the template has no such version", code="template_not_found")
    return template


def list_templates(*, after: str | None, limit: int, catalogue: Catalogue) -> tuple[list[Version], str | None]:
    """A page of templates, and the id to go on after."""
    found = catalogue.templates(after=after, limit=limit + 1)
    return found[:limit], found[limit - 1].id if len(found) > limit else None


def list_versions(
    template_id: str, *, before: int | None, limit: int, catalogue: Catalogue
) -> tuple[list[Version], int | None]:
    """A page of a template's versions, the newest first, and the version to go on before. Raises NotFound."""
    head = catalogue.template_head(template_id)
    if head is None or head.hidden:
        raise _not_found()
    found = catalogue.versions(template_id, before=before, limit=limit + 1)
    return found[:limit], found[limit - 1].version if len(found) > limit else None


def preview(template_id: str, request: PreviewRequest, *, catalogue: Catalogue, renderer: Renderer) -> dict[str, str]:
    """What would be sent to somebody without a name. Raises NotFound, and Invalid where it does not render."""
    body = get_template(template_id, None, catalogue=catalogue).body
    if not offers(body, request.channel):
        raise Invalid.field("/channel", "no_content", "the template has nothing for this channel")
    data: dict[str, Any] = body.get("example") or {} if request.data is None else request.data
    renderer.check_data(body, data)
    user = {"id": "preview", "name": "", "locale": request.locale}
    try:
        return renderer.render(body, request.channel, locale=request.locale, data=data, user=user)
    except TemplateError as error:
        fault = Fault("/data", "template_error", str(error))
        raise Invalid("the template does not render with this data", code="template_error", errors=[fault]) from error


def _layout(template_id: str, catalogue: Catalogue) -> dict[str, Any]:
    """The newest version of the layout, as it is put into the version of a template. Raises Invalid."""
    head = catalogue.template_head(template_id)
    if head is None or head.hidden:
        raise Invalid.field("/layout", "unknown_template", "there is no such template")
    if "layout" in head.body:
        raise Invalid.field("/layout", "layout_in_layout", "this template has a layout itself: there is one at most")
    frame = {name: head.body[name] for name in ("channels", "locales", "partials", "derived") if name in head.body}
    return {"id": head.id, "version": head.version, **frame}


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
    return NotFound("there is no such template", code="template_not_found")
