"""What the contract says of every call, held against every route of the public API."""

from __future__ import annotations

import time
from collections import defaultdict
from html.parser import HTMLParser
from typing import Any

import pytest
from aws_lambda_powertools.event_handler.api_gateway import Route
from fanfare.api.admission import is_page
from fanfare.api.caching import cached
from fanfare.domain.delivery import Delivery
from fanfare.domain.outcomes import Outcome
from fanfare.runtime import signing, stores
from jsonschema import Draft202012Validator

from functions.public_api.handler import api
from infra.constructs.http import public_api as gateway
from infra.grants import GRANTS
from tests.integration import internal_api
from tests.integration.conftest import Aws
from tests.integration.internal_api import EVENTS, event
from tests.integration.letters import Post
from tests.integration.public_api import browse, call, deliver, preferences_link, reader, unsubscribe_link

OPEN = api.about.open_to_all
OPEN = api.about.open_to_all
ROUTES = {f"{route.method} {route.openapi_path}": route for route in api.routes}
PAGES = [name for name, route in ROUTES.items() if is_page(route)]
WITH_BODY = [name for name, route in ROUTES.items() if route.dependant.body_params]
LISTS = [name for name, route in ROUTES.items() if any(p.alias == "limit" for p in route.dependant.query_params)]
CLOSED = [name for name, route in ROUTES.items() if route.openapi_path not in OPEN and "topics" not in name]
API_EVENTS = sorted(path.stem for path in EVENTS.glob("public_*.json"))

CONTRACT = """
    DELETE /v1/me · GET /v1/me/export · GET /v1/me/consents
    GET /v1/topics · GET /v1/me · PATCH /v1/me · POST /v1/me/confirmations
    GET /v1/me/subscriptions · PUT /v1/me/subscriptions/{topic_id}/{channel}
    DELETE /v1/me/subscriptions/{topic_id}/{channel} · DELETE /v1/me/suppressions/{channel}
    GET /v1/me/preferences · PUT /v1/me/preferences
    GET /v1/me/webhook · POST /v1/me/webhook/rotations
    GET /v1/me/inbox · POST /v1/me/inbox/{message_id}/read · GET /v1/me/deliveries
    POST /v1/subscriptions · GET /v1/confirmations/{token} · POST /v1/confirmations/{token}
    GET /v1/unsubscribe/{token} · POST /v1/unsubscribe/{token}
    GET /v1/preferences/{token} · POST /v1/preferences/{token}
    GET /v1/views/{token}
    GET / · GET /v1/health · GET /openapi.json · GET /docs
"""


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)


def path(route: Route) -> str:
    """The route's path with names of nobody."""
    found = route.openapi_path.replace("{channel}", "email")
    for name in ("message_id", "topic_id", "token"):
        found = found.replace(f"{{{name}}}", "nobody")
    return found


def test_the_routes_of_the_contract_are_there_and_no_others() -> None:
    assert {each.strip() for line in CONTRACT.splitlines() for each in line.split("·") if each.strip()} == set(ROUTES)


def test_the_gateway_leaves_open_what_the_document_says_is_open() -> None:
    assert set(gateway.OPEN) == OPEN
    for name, route in ROUTES.items():
        operation = api.description["paths"][route.openapi_path][route.method.lower()]
        assert (operation.get("security") == []) == (route.openapi_path in OPEN), name
        assert ("401" in operation["responses"]) == (route.openapi_path not in OPEN), name


@pytest.mark.parametrize("name", CLOSED)
def test_a_route_of_a_user_answers_nobody_else(name: str, aws: Aws) -> None:
    route = ROUTES[name]
    body: dict[str, Any] = {"channel": "sms", "code": "123456"} if "confirmations" in name else {}
    body |= {"topics": {}} if "preferences" in name else {}
    answer = call(route.method, path(route), body if name in WITH_BODY else None, user=None)
    assert (answer.status, answer.headers["content-type"]) == (401, "application/problem+json")


@pytest.mark.parametrize("name", API_EVENTS)
def test_every_event_is_answered_as_documented(name: str, aws: Aws, post: Post) -> None:
    internal_api.deliver(event("put_topic"))
    sent = event(name)
    answer = deliver(sent)
    assert answer.status < 500
    assert answer.headers["x-request-id"] == sent["requestContext"]["requestId"]
    documents = ("/openapi.json", "/docs")
    assert answer.headers["cache-control"] == ("public, max-age=300" if sent["rawPath"] in documents else "no-store")
    check_documented(sent, answer)


def check_documented(sent: dict[str, Any], answer: internal_api.Answer) -> None:
    """The answer has a status, media type and body that the document promises."""
    method = sent["requestContext"]["http"]["method"]
    (route,) = [r for r in api.routes if r.method == method and r.rule.match(sent["rawPath"])]
    document = api.description
    told = document["paths"][route.openapi_path][method.lower()]["responses"][str(answer.status)]
    if "$ref" in told:
        told = document["components"]["responses"][told["$ref"].rpartition("/")[2]]
    if answer.status == 204:
        assert "content" not in told
        return
    media_type = answer.headers["content-type"].partition(";")[0]
    schema = told["content"][media_type]["schema"]
    if media_type != "text/html":
        Draft202012Validator({**schema, "components": document["components"]}).validate(answer.body)


@pytest.mark.parametrize("name", sorted(set(ROUTES) - set(PAGES)))
def test_a_parameter_that_is_not_known_is_refused(name: str) -> None:
    answer = call(ROUTES[name].method, path(ROUTES[name]), {}, dry="true")
    assert (answer.status, answer.pointers) == (422, ["?dry"])


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(("query", "pointer"), [({"limit": "0"}, "?limit"), ({"cursor": "ImEi.forged"}, "?cursor")])
def test_a_page_or_cursor_that_there_can_not_be_is_refused(
    name: str, query: dict[str, Any], pointer: str, aws: Aws
) -> None:
    answer = call("GET", path(ROUTES[name]), **query)
    assert (answer.status, answer.pointers) == (422, [pointer])


@pytest.mark.parametrize("name", WITH_BODY)
@pytest.mark.parametrize(
    ("raw", "content_type", "status"),
    [
        ('{"a": 1, "a": 2}', "application/json", 400),
        ("[]", "application/json", 422),
        ('{"no such field": 1}', "application/json", 422),
        ('"' + "a" * 262_144 + '"', "application/json", 413),
        ("{}", "application/x-www-form-urlencoded", 415),
    ],
)
def test_a_body_that_is_wrong_is_told(name: str, raw: str, content_type: str, status: int) -> None:
    if status == 415 and name == "POST /v1/subscriptions":
        content_type = "text/plain"  # it takes a form
    answer = call(ROUTES[name].method, path(ROUTES[name]), raw=raw, content_type=content_type)
    assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json")


@pytest.mark.parametrize("name", [name for name in PAGES if name.startswith("POST")])
def test_a_form_that_is_too_large_is_refused(name: str, aws: Aws) -> None:
    answer = call("POST", path(ROUTES[name]), raw="a" * 262_145, content_type=None)
    assert (answer.status, answer.body["code"]) == (413, "payload_too_large")


@pytest.mark.parametrize("name", ROUTES)
def test_another_method_is_refused_with_those_that_are_taken(name: str) -> None:
    answer = call("TRACE", path(ROUTES[name]))
    assert (answer.status, answer.body["code"]) == (405, "method_not_allowed")
    assert ROUTES[name].method in answer.headers["allow"].split(", ")


def test_health_and_description_need_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FANFARE_AUDIENCE_TABLE", "FANFARE_SECRET_ARN", "FANFARE_PUBLIC_URL"):
        monkeypatch.delenv(name, raising=False)
    assert call("GET", "/v1/health", user=None).body == {"status": "ok"}
    assert call("GET", "/openapi.json", user=None).body == api.description


@pytest.mark.parametrize("document", ["/openapi.json", "/docs"])
def test_a_public_document_is_kept_by_caches_and_not_sent_to_who_has_it(document: str) -> None:
    first = call("GET", document, user=None)
    tag = first.headers["etag"]
    assert (first.status, first.headers["cache-control"]) == (200, "public, max-age=300")
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = call("GET", document, user=None, headers={"if-none-match": known})
        assert (again.status, again.text, again.headers["etag"]) == (304, "", tag)
        assert again.headers["cache-control"] == "public, max-age=300"
    for other in ('"other"', "", tag.strip('"')):
        assert call("GET", document, user=None, headers={"if-none-match": other}).text == first.text


def test_a_changed_document_has_another_tag() -> None:
    headers = {"Content-Type": "application/json"}
    before, after = (cached({}, {"statusCode": 200, "headers": headers, "body": body})["headers"] for body in "ab")
    assert before["ETag"] != after["ETag"]


def test_nothing_else_is_kept_by_caches(aws: Aws) -> None:
    for path in ("/v1/health", "/v1/me", "/v1/topics", "/v1/unsubscribe/x"):
        answer = call("GET", path, headers={"if-none-match": "*"})
        assert (answer.headers["cache-control"], answer.status == 304, "etag" in answer.headers) == (
            "no-store",
            False,
            False,
        )
    for document in ("/openapi.json", "/docs"):
        assert call("POST", document, headers={"if-none-match": "*"}).headers["cache-control"] == "no-store"


def test_the_page_of_the_description_has_every_operation_and_schema() -> None:
    page = browse("/docs")
    parser = Ids()
    parser.feed(page.text)
    assert page.status == 200
    assert {route.func.__name__ for route in api.routes} | set(api.description["components"]["schemas"]) <= parser.ids
    assert {link.removeprefix("#") for link in parser.links if link.startswith("#")} <= parser.ids
    assert {link for link in parser.links if not link.startswith("#")} == {"/openapi.json"}


class Ids(HTMLParser):
    """The ids of a page, and where it links to."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: set[str] = set()

    def handle_starttag(self, _: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.ids |= {found["id"] or ""} if "id" in found else set()
        self.links |= {found["href"] or ""} if "href" in found else set()


def test_the_log_names_no_body_and_no_person_and_no_token(post: Post, caplog: pytest.LogCaptureFixture) -> None:
    internal_api.deliver(event("put_topic"))
    caplog.clear()
    call("PATCH", "/v1/me", {"email": "ada@example.com", "phone": "+436641234568"})
    call("POST", "/v1/subscriptions", {"email": "ada@example.com", "topic": "orders.shipped"}, user=None)
    token = post.mails[0].link.rpartition("/")[2]
    browse(post.mails[0].link, {})
    log = str([vars(record) for record in caplog.records])
    assert "/v1/confirmations/{token}" in log
    assert not [secret for secret in ("example.com", "4366", token, post.code) if secret in log]


# Only an erasure of somebody with items in an open window of a digest: tests/faults/test_digests.py
OF_A_WINDOW = {
    "batches": {"dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:UpdateItem"},
    "messages": {"dynamodb:UpdateItem"},
}
PARTS = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}


def test_the_function_may_call_exactly_what_it_calls(aws: Aws, post: Post) -> None:
    for name in ("put_topic", "put_user", "subscribe_user"):
        internal_api.deliver(event(name))
    stores.inboxes().put([("ada", "01941f29-7c00-7abc-8def-0123456789ab", "t", "b")])
    row = {"pk": {"S": "user#ada"}, "sk": {"S": "message#email#delivered"}}
    aws.dynamodb.put_item(TableName=aws.tables["deliveries"], Item=row)
    view = sent_to_ada()
    made: dict[str, set[str]] = defaultdict(set)
    named = {table: name for name, table in aws.tables.items()}

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        for item in params.get("TransactItems", ()):
            for part, body in item.items():
                made[named[body["TableName"]]].add(f"dynamodb:{PARTS[part]}")
        for table in params.get("RequestItems", ()):
            made[named[table]].add(f"dynamodb:{model.name}")
        if "TableName" in params:
            made[named[params["TableName"]]].add(f"dynamodb:{model.name}")

    stores.audience().table.client.meta.events.register("provide-client-params.dynamodb.*", note)
    assert browse(view).status == 200
    everything(post)
    granted = {name: set(actions) for name, actions in GRANTS["public_api"].items() if name in named.values()}
    for name, actions in OF_A_WINDOW.items():
        made[name] |= actions
    assert made == granted


def sent_to_ada() -> str:
    """A link to a message in the browser."""
    body = {"topic": "orders.shipped", "recipients": ["ada"], "content": {"subject": "Hi", "text": "Hi"}}
    message = internal_api.call("POST", "/v1/messages", body | {"channels": ["email"]}).body["id"]
    sent = Delivery(
        message_id=message,
        user_id="ada",
        channel="email",
        batch_id="0-first",
        status=Outcome.SENT,
        updated_at="2027-01-01T08:00:00.000Z",
        retain_until=1_900_000_000,
    )
    stores.deliveries().record([sent])
    return signing.public_links().view_link(reader("ada"), message, "email")


def everything(post: Post) -> None:
    """Each call once, so that each of its paths to a table is taken."""
    for name in API_EVENTS:
        deliver(event(name))
    call("PATCH", "/v1/me", {"email": "new@example.com", "phone": "+436641234568", "opted_out": True})
    call("POST", "/v1/me/confirmations", {"channel": "sms", "code": post.code})
    call("PATCH", "/v1/me", {"phone": None, "opted_out": False})
    call("POST", "/v1/subscriptions", {"email": "grace@example.com", "topic": "orders.shipped"}, user=None)
    mails = [*post.mails]
    for link in [*(mail.link for mail in mails), unsubscribe_link("ada", "orders.shipped")]:
        browse(link)
        browse(link, {})
    for form in ({"shown": "orders.shipped/email", "yes": "orders.shipped/email", "nothing": "yes"}, {"shown": "x"}):
        assert browse(preferences_link("ada"), form).status == 200
        browse(post.mails[-1].link, {"what": "not_me"} if "nothing" in form else {})
    for form in ({"what": "everything"}, {"what": "preferences"}):
        assert browse(unsubscribe_link("ada", "orders.shipped"), form).status == 200
    for form in ({}, {"what": "allow"}):
        assert browse(mails[0].stop, form).status == 200
