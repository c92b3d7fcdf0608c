"""Generates docs/http.md from the OpenAPI documents."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

HEAD: Final = """\
<!-- Generated from the code by `python -m tools.openapi`; a test fails if they differ. -->
# HTTP APIs

Requests and answers are JSON. Times are RFC 3339 in UTC. Callers choose the ids of topics, templates and users:
`[A-Za-z0-9][A-Za-z0-9._:-]{0,127}`; ids of users may also be what identity providers issue:
`[A-Za-z0-9_][A-Za-z0-9._:@|+=~-]{0,127}`. The id of a reader is their token's `sub`, with `~` and two upper-case hex
digits for each byte of another character and of `~`. Ids that begin with `addr_` are reserved. Ids stand in logs,
queues and events, also one that is an address. Unknown fields in a request are an error. A body has at most 256 KiB.
Every answer has an `x-request-id`.

Errors are `application/problem+json` ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)) with a stable `code`,
`retryable`, and in `errors` a pointer to each invalid field. Lists are `{"items": […], "next_cursor": …}`. Pass the
cursor as `?cursor=` until it is null; a page may have fewer items than requested.

OpenAPI documents: [internal](openapi/internal.yaml), [public](openapi/public.yaml). Each API also serves its own at
`/openapi.json`.
"""
INTRODUCED: Final = {
    "Internal API": """\
For services. Requests are signed with SigV4 for `execute-api`. On the stack of `make run`:

```sh
eval "$(make env)"
curl --silent --aws-sigv4 "aws:amz:$REGION:execute-api" --user "$ACCESS_KEY_ID:$SECRET_ACCESS_KEY" \\
  --header "Content-Type: application/json" --request PUT "$INTERNAL_URL/v1/topics/news.weekly" \\
  --data '{"title": "Weekly news", "channels": ["email", "inbox"], "public": true}'
```

<!-- answer -->
```json
{
  "id": "news.weekly", "title": "Weekly news", "description": "", "titles": {}, "descriptions": {},
  "channels": ["email", "inbox"], "required": false,
  "category": "general", "limit": null, "public": true, "sms_smart": false, "footer": true, "sender": null,
  "digest": null, "frequencies": [], "frequency": null, "shards": 1,
  "created_at": "2027-01-01T08:00:00.000Z", "updated_at": "2027-01-01T08:00:00.000Z"
}
```

curl before 8.9 signs `@` and `%40` in paths wrongly, and query parameters that are not in alphabetical order; the
answer is 403. Use a newer one, the [client](client.md) or [`fanfare`](cli.md).""",
    "Public API": """\
For users, with a token or with a signed link from a mail. `make run` writes tokens of two users, ada and grace, to
`.local/stack.json`; the user's id is the token's `sub`:

```sh
token=$(python3 -c "import json; print(json.load(open('.local/stack.json'))['users']['ada']['id_token'])")
curl --silent --header "Authorization: Bearer $token" --request PUT \\
  "$PUBLIC_URL/v1/me/subscriptions/news.weekly/inbox"
```

<!-- answer -->
```json
{
  "user_id": "8f14e45f-ceea-467a-9c5e-1b2a3c4d5e6f", "topic": "news.weekly", "channel": "inbox",
  "created_at": "2027-01-01T08:00:00.000Z", "state": "subscribed", "at": "2027-01-01T08:00:00.000Z", "by": "person",
  "frequency": null
}
```""",
}
OBVIOUS: Final = re.compile(r"The \w+'s id\.$")  # of a parameter of the path
METHODS: Final = ("get", "post", "put", "patch", "delete")

Document = Mapping[str, Any]


def page(internal: Document, public: Document) -> str:
    """Both APIs, operation by operation, and the schemas of their responses."""
    lines = [HEAD]
    for (title, said), document in zip(INTRODUCED.items(), (internal, public), strict=True):
        lines += [f"## {title}", "", said, "", _common(document), ""]
        for method, path, operation in _operations(document):
            lines += _operation(document, path, method, operation)
    lines += ["## Shapes", ""]
    both = {"components": {"schemas": {**internal["components"]["schemas"], **public["components"]["schemas"]}}}
    for name in sorted(_nested(internal, both) | _nested(public, both)):
        lines += _shape(both, name, both["components"]["schemas"][name])
    return "\n".join(lines).rstrip() + "\n"


def _operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    for path, item in document["paths"].items():
        yield from ((method, path, item[method]) for method in METHODS if method in item)


def _errors(document: Document, *, with_body: bool = False) -> set[str]:
    """The statuses of errors that every operation has, or every one with a body."""
    found = [
        {status for status in operation["responses"] if status >= "4"}
        for _, _, operation in _operations(document)
        if not with_body or "requestBody" in operation
    ]
    return set.intersection(*found)


def _common(document: Document) -> str:
    every = _errors(document)
    body = _errors(document, with_body=True) - every
    return f"Every operation can also answer {_list(every)}; one with a request body, also {_list(body)}."


def _list(statuses: set[str]) -> str:
    return ", ".join(f"`{status}`" for status in sorted(statuses))


def _nested(document: Document, both: Document) -> set[str]:
    """The names of the shapes in answers and in fields of bodies; a body's own fields are at its operation."""
    waiting: list[Any] = []
    for _, _, operation in _operations(document):
        waiting += [_found(document, answer) for answer in operation["responses"].values()]
        waiting += _body(document, operation).get("properties", {}).values()
    names: set[str] = set()
    while waiting:
        node = waiting.pop()
        if isinstance(node, Mapping):
            _, _, name = str(node.get("$ref", "")).partition("#/components/schemas/")
            if name and name not in names:
                names.add(name)
                waiting.append(_found(both, node))
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node
    return {name for name in names if not _items(both["components"]["schemas"][name])}


def _items(schema: Document) -> Document | None:
    """What a list holds; lists are described once, in the head."""
    fields = schema.get("properties", {})
    items: Document | None = fields["items"]["items"] if fields.keys() == {"items", "next_cursor"} else None
    return items


def _shape(document: Document, name: str, schema: Document) -> Iterator[str]:
    """An object schema."""
    if fields := schema.get("properties"):
        yield from (f"### {name}", "")
        if said := schema.get("description"):
            yield from (said, "")
        yield from ("| name | type | what |", "|---|---|---|")
        for field, of in fields.items():
            yield _row(field, _type(document, of), of.get("description", ""))
        yield ""


def _operation(document: Document, path: str, method: str, operation: Document) -> Iterator[str]:
    yield f"### {method.upper()} {path}"
    yield ""
    yield operation["summary"]
    if operation.get("description", operation["summary"]) != operation["summary"]:
        yield from ("", operation["description"])
    yield ""
    rows = [*_parameters(document, operation), *_fields(document, operation)]
    if rows:
        yield "| in | name | type | what |"
        yield "|---|---|---|---|"
        yield from rows
        yield ""
    yield f"Answers: {_answers(document, operation)}."
    yield ""


def _parameters(document: Document, operation: Document) -> Iterator[str]:
    for given in operation.get("parameters", ()):
        parameter = _found(document, given)
        what = parameter.get("description", "")
        if parameter["in"] != "path" or not (what == "" or OBVIOUS.match(what)):
            yield _row(parameter["in"], parameter["name"], _type(document, parameter["schema"]), what)


def _body(document: Document, operation: Document) -> Document:
    content = _found(document, operation.get("requestBody", {})).get("content", {})
    body: Document = _found(document, content.get("application/json", {}).get("schema", {}))
    return body


def _fields(document: Document, operation: Document) -> Iterator[str]:
    body = _body(document, operation)
    required = body.get("required", ())
    for name, schema in body.get("properties", {}).items():
        what = schema.get("description", "") + (" Required." if name in required else "")
        yield _row("body", name, _type(document, schema), what)


def _answers(document: Document, operation: Document) -> str:
    usual = _errors(document) | (_errors(document, with_body=True) if "requestBody" in operation else set())
    answers = [(status, answer) for status, answer in operation["responses"].items() if status not in usual]
    return ", ".join(f"`{status}`{_model(document, answer)}" for status, answer in answers)


def _model(document: Document, answer: Document) -> str:
    """The name of the schema of a successful response."""
    content = _found(document, answer).get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    if "$ref" not in schema:
        return ""
    items = _items(_found(document, schema))
    return f" list of {_type(document, items)}" if items else f" {schema['$ref'].rpartition('/')[2]}"


def _type(document: Document, schema: Document) -> str:
    """A short name of the type."""
    if "$ref" in schema:
        found = _found(document, schema)
        return _type(document, found) if "enum" in found else schema["$ref"].rpartition("/")[2]
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return " or ".join(dict.fromkeys(_type(document, each) for each in schema[several]))
    if schema.get("type") == "array":
        return f"list of {_type(document, schema.get('items', {}))}"
    return str(schema.get("type", "any"))


def _found(document: Document, node: Any) -> Any:
    """Resolve a reference."""
    while isinstance(node, Mapping) and "$ref" in node:
        place = node["$ref"]
        node = document
        for step in place.removeprefix("#/").split("/"):
            node = node[step]
    return node


def _row(*cells: str) -> str:
    """A table row; the third cell from the right is the name."""
    told = [" ".join(cell.split()).replace("|", "\\|").replace("<", "&lt;") for cell in cells]
    told[-3] = f"`{told[-3]}`"
    return f"| {' | '.join(told)} |"
