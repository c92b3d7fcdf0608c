"""The client and the API's document say the same: operations, parameters, fields."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, NotRequired, get_origin, get_type_hints

import httpx2
import pytest
import yaml
from fanfare_client import types

from . import unasync
from .server import ok, script

DOCUMENT = yaml.safe_load((Path(__file__).parents[2] / "docs" / "openapi" / "internal.yaml").read_text())
OPERATIONS = {
    operation["operationId"]: (method.upper(), path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
SCHEMAS = DOCUMENT["components"]["schemas"]

# operation → the method of the client, by its place
METHODS = {
    "get_openapi": "openapi",
    "get_brand": "brand.get",
    "put_brand": "brand.put",
    "list_queues": "queues",
    "list_digests": "users.digests",
    "get_digest": "users.digest",
    "close_digest": "users.close_digest",
    "list_messages": "messages.list",
    "submit_message": "messages.submit",
    "get_message": "messages.get",
    "delete_message": "messages.cancel",
    "list_deliveries": "messages.deliveries",
    "explain_delivery": "messages.explain",
    "get_content": "messages.content",
    "redrive_message": "messages.redrive",
    "list_suppressions": "suppressions.list",
    "get_suppression": "suppressions.get",
    "list_masked_suppressions": "suppressions.list_masked",
    "put_suppression": "suppressions.put",
    "delete_suppression": "suppressions.delete",
    "list_templates": "templates.list",
    "get_template": "templates.get",
    "put_template": "templates.put",
    "delete_template": "templates.delete",
    "preview_template": "templates.preview",
    "list_versions": "templates.versions",
    "list_topics": "topics.list",
    "get_topic": "topics.get",
    "put_topic": "topics.put",
    "delete_topic": "topics.delete",
    "subscribe_many": "subscriptions.put_many",
    "put_users": "users.put_many",
    "get_user": "users.get",
    "get_masked_user": "users.get_masked",
    "put_user": "users.put",
    "delete_user": "users.delete",
    "list_users": "users.list",
    "export_user": "users.export",
    "list_subscribers": "topics.subscribers",
    "count_subscribers": "topics.counts",
    "put_suppressions": "suppressions.put_many",
    "patch_user": "users.patch",
    "post_device": "users.add_device",
    "delete_device": "users.remove_device",
    "list_user_deliveries": "users.deliveries",
    "list_subscriptions": "subscriptions.list",
    "subscribe_user": "subscriptions.put",
    "unsubscribe_user": "subscriptions.delete",
    "resubscribe_user": "subscriptions.resubscribe",
    "list_consents": "subscriptions.consents",
}
SAMPLES = {
    "message_id": "m-1",
    "user_id": "u-1",
    "topic_id": "t-1",
    "template_id": "p-1",
    "channel": "email",
    "address": "a@b.c",
    "digest_id": "d-1",
}
MANY = {
    "put_users": ([{"id": "u-1"}],),
    "subscribe_many": ("t-1", [{"user_id": "u-1", "channel": "email"}]),
    "put_suppressions": ([{"channel": "email", "address": "a@b.c"}],),
}


def test_every_operation_has_a_method() -> None:
    assert METHODS.keys() == OPERATIONS.keys()


@pytest.mark.parametrize("name", METHODS)
def test_a_method_calls_its_operation(name: str) -> None:
    method, path, operation = OPERATIONS[name]
    request = _asked(name, operation)
    assert (request.method, request.url.path) == (method, path.format(**SAMPLES))
    assert bool(request.content) == bool(operation.get("requestBody"))


@pytest.mark.parametrize("name", METHODS)
def test_a_method_knows_every_parameter_of_the_query(name: str) -> None:
    _, _, operation = OPERATIONS[name]
    known = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"} - {"dry_run"}
    taken = inspect.signature(_method(script().client(), METHODS[name])).parameters
    assert known <= {"limit" if parameter == "page_size" else parameter for parameter in taken}


def test_a_dry_run_is_a_submit_that_stores_nothing() -> None:
    server = script()
    with server.client() as fanfare:
        fanfare.messages.dry_run(topic="t", content={"text": "Hi"})
    assert server.asked[0].url.raw_path == b"/v1/messages?dry_run=true"
    assert "idempotency-key" not in server.asked[0].headers


# What has another name here, and what is folded into the methods
NAMES = {
    "PutSuppressionRequest": None,
    "PreviewRequest": None,
    "PutUsersRequest": None,
    "PatchUserRequest": None,
    "SubscribeRequest": None,
    "SuppressRequest": None,
    "ResubscriptionRequest": None,
    "Answer": None,
    "By": None,
    "ProblemView": None,
    "State": None,
    "FaultView": "ItemFault",
    "PushView": "PushAddress",
    "BrandLinkRequest": None,
    "PutBrandRequest": "BrandBody",
    "PutSubscriptionRequest": "SubscriptionBody",
    "PutTemplateRequest": "TemplateBody",
    "PutTemplateView": "StoredVersion",
    "PutTopicRequest": "TopicBody",
    "PutUserRequest": "UserBody",
    "TemplateSummaryView": "TemplateVersion",
    "WarningView": "ContentWarning",
    "WebhookView": "WebhookAddress",
}


def _envelope(schema: dict[str, Any]) -> bool:
    return set(schema.get("properties", ())) in ({"items"}, {"items", "next_cursor"})


TYPED = {name: NAMES.get(name, name.removesuffix("View")) for name, schema in SCHEMAS.items() if not _envelope(schema)}


@pytest.mark.parametrize("name", [name for name, typed in TYPED.items() if typed])
def test_a_type_has_the_fields_of_its_schema(name: str) -> None:
    typed = getattr(types, str(TYPED[name]))
    schema = SCHEMAS[name]
    fields = get_type_hints(typed, include_extras=True)
    assert set(fields) == set(schema["properties"])
    needed = {field for field, kind in fields.items() if get_origin(kind) is not NotRequired}
    assert needed == set(schema.get("required", ()))


def test_the_words_of_the_api_are_the_clients() -> None:
    assert list(types.State.__args__) == SCHEMAS["State"]["enum"]  # type: ignore[attr-defined]
    statuses = SCHEMAS["DeliveryView"]["properties"]["status"]["enum"]
    assert list(types.DeliveryStatus.__args__) == statuses  # type: ignore[attr-defined]
    channels = SCHEMAS["SubscriptionItem"]["properties"]["channel"]["enum"]
    assert list(types.Channel.__args__) == channels  # type: ignore[attr-defined]


def test_threads_and_event_loops_have_the_same_client() -> None:
    for file, text in unasync.twins().items():
        assert file.read_text() == text, f"{file.name} is stale: python -m tests.client.unasync"
    written = {file.name for file in (unasync.PACKAGE / "_sync").glob("*.py")}
    assert written == {file.name for file in (unasync.PACKAGE / "_async").glob("*.py")}


def _method(fanfare: Any, place: str) -> Callable[..., Any]:
    for name in place.split("."):
        fanfare = getattr(fanfare, name)
    assert callable(fanfare)
    return fanfare  # type: ignore[no-any-return]


def _asked(name: str, operation: dict[str, Any]) -> httpx2.Request:
    server = script(ok({"items": [], "next_cursor": None}))
    with server.client() as fanfare:
        method = _method(fanfare, METHODS[name])
        if name in MANY:
            method(*MANY[name])
        elif name == "submit_message":
            method(topic="t", content={"text": "Hi"})
        elif name == "put_brand":
            method(name="Example Shop")
        elif name == "preview_template":
            method("p-1", channel="email")
        else:
            answer = method(
                *(SAMPLES[each["name"]] for each in operation.get("parameters", ()) if each["in"] == "path")
            )
            list(answer) if name.startswith("list_") else None
    (request,) = server.asked
    return request
