"""Templates and their versions."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query

from fanfare.api.openapi import answers
from fanfare.api.pagination import ListRequest
from fanfare.api.parameters import Cursor, Limit, TemplateId
from fanfare.api.responses import json_response, no_content
from fanfare.management.templates import template_view
from fanfare.runtime.use_cases import internal_api as use_cases
from fanfare.schemas.errors import WarningView
from fanfare.schemas.scalars import VersionNumber
from fanfare.schemas.templates import (
    PreviewRequest,
    PutTemplateRequest,
    PutTemplateView,
    TemplatesView,
    TemplateView,
    VersionsView,
    warning_views,
)

router = Router()


@router.put("/v1/templates/<template_id>", tags=["templates"], responses=answers(_201=PutTemplateView))
def put_template(template_id: TemplateId, request: PutTemplateRequest) -> Response[PutTemplateView]:
    """Store a new version of a template. A version never changes.

    All its parts must compile and render with the example; errors have line and column.
    """
    template, warnings = use_cases.templates().put(template_id, request)
    view = PutTemplateView(id=template.id, version=template.version, warnings=warning_views(warnings))
    return json_response(201, view)


@router.get("/v1/templates", tags=["templates"])
def list_templates(limit: Limit = 50, cursor: Cursor = None) -> TemplatesView:
    """List templates by id, each with its newest version."""
    asked = ListRequest(router.current_event)
    items, position = use_cases.templates().page(after=asked.open(cursor), limit=limit)
    return asked.view(TemplatesView, items, position)


@router.get("/v1/templates/<template_id>", tags=["templates"])
def get_template(
    template_id: TemplateId,
    version: Annotated[VersionNumber | None, Query(description="Default: the newest version.")] = None,
) -> TemplateView:
    """Read a version of a template."""
    return template_view(use_cases.templates().get(template_id, version))


@router.get("/v1/templates/<template_id>/versions", tags=["templates"])
def list_versions(template_id: TemplateId, limit: Limit = 50, cursor: Cursor = None) -> VersionsView:
    """List the versions of a template, newest first."""
    asked = ListRequest(router.current_event)
    items, position = use_cases.templates().versions(template_id, before=asked.open(cursor), limit=limit)
    return asked.view(VersionsView, items, position)


@router.delete("/v1/templates/<template_id>", tags=["templates"], responses=answers(_204=None))
def delete_template(template_id: TemplateId) -> Response[None]:
    """Hide a template from new messages.

    Accepted messages keep their version. A repeat gets the same response.
    """
    use_cases.templates().delete(template_id)
    return no_content()


@router.post("/v1/templates/<template_id>/previews", tags=["templates"])
def preview_template(template_id: TemplateId, request: PreviewRequest) -> dict[str, str | list[WarningView]]:
    """Render the newest version of a template, or a draft: the parts of a channel, as they would be sent."""
    rendered, warnings = use_cases.templates().preview(template_id, request)
    return {**rendered, "warnings": warning_views(warnings)}
