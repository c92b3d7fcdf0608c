"""An OpenAPI document as an HTML page, without scripts or external sources."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from fanfare.self_service.pages import texts
from fanfare.self_service.pages.look import Look
from fanfare.self_service.pages.rendering import rendered

OF_ITSELF: Final = "description"  # the tag that comes last
METHODS: Final = ("get", "put", "post", "patch", "delete")


def page(document: Mapping[str, Any], *, look: Look) -> str:
    """The HTML page of an OpenAPI document."""
    tags: dict[str, list[dict[str, Any]]] = {}
    for path, operations in document["paths"].items():
        for method in METHODS:
            if method in operations:
                operation = _operation(document, path, method, operations[method])
                tags.setdefault(operations[method]["tags"][0], []).append(operation)
    ordered = dict(sorted(tags.items(), key=lambda tag: tag[0] == OF_ITSELF))
    schemas = [_schema(name, schema) for name, schema in document["components"]["schemas"].items()]
    return rendered(
        "docs.html",
        look,
        title=document["info"]["title"],
        lead=document["info"]["description"],
        tags=ordered,
        schemas=schemas,
    )


def _operation(document: Mapping[str, Any], path: str, method: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": path,
        "summary": operation["summary"],
        "description": operation.get("description"),
        "open": operation.get("security") == [],
        "parameters": [
            {
                "name": each["name"],
                "where": each["in"],
                "required": each.get("required", False),
                "type": _type(each["schema"]),
                "description": each.get("description", ""),
            }
            for each in operation.get("parameters", ())
        ],
        "bodies": _bodies(operation.get("requestBody", {})),
        "answers": [
            {"status": status, **_answer(document, answer)} for status, answer in sorted(operation["responses"].items())
        ],
    }


def _answer(document: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
    if "$ref" in answer:
        answer = document["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    return {"description": answer["description"], "bodies": _bodies(answer)}


def _bodies(part: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"media_type": media_type, "type": _type(body["schema"]), "schema": _name(body["schema"])}
        for media_type, body in part.get("content", {}).items()
    ]


def _schema(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    required = schema.get("required", ())
    return {
        "name": name,
        "description": schema.get("description"),
        "fields": [
            {
                "name": field,
                "type": _type(each),
                "schema": _name(each),
                "required": field in required,
                "description": each.get("description", ""),
            }
            for field, each in schema.get("properties", {}).items()
        ],
        "values": schema.get("enum", ()),
        "example": _example(schema),
    }


def _example(schema: Mapping[str, Any]) -> str | None:
    examples = schema.get("examples")
    return json.dumps(examples[0], indent=2, ensure_ascii=False) if examples else None


def _name(schema: Mapping[str, Any]) -> str | None:
    """The name of the schema that this one refers to; None if it refers to none."""
    for each in (schema, schema.get("items", {}), *schema.get("anyOf", ())):
        if "$ref" in each:
            return str(each["$ref"]).rpartition("/")[2]
    return None


def _type(schema: Mapping[str, Any]) -> str:
    """A short description of a type, e.g. `string` or `list of User`."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return texts.OR.join(_type(each) for each in schema["anyOf"])
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return ", ".join(str(value) for value in schema["enum"])
    if schema.get("type") == "array":
        return texts.LIST_OF.format(items=_type(schema.get("items", {})))
    return str(schema.get("format") or schema.get("type", texts.ANYTHING))
