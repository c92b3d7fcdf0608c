"""What a body may say is what its document says: a field that is ours to set is refused, wherever it stands."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.integration import internal_api, public_api
from tests.integration.conftest import Aws
from tests.integration.internal_api import EVENTS, event

OURS: Final[dict[str, Any]] = {
    "rev": 7,
    "opted_out": True,
    "suppressed": {"email": "bounce"},
    "limits": {},
    "profile": {"email": "eve@example.com"},
    "pk": "user#eve",
    "sk": "user",
    "ttl": 1,
    "created_at": "2000-01-01T00:00:00Z",
    "updated_at": "2000-01-01T00:00:00Z",
    "state": "sent",
    "version": 99,
    "derived": {"channels": {}},
    "hidden": True,
    "caller": "arn:aws:iam::1:root",
    "due_at": "2000-01-01T00:00:00Z",
    "pending": {"email": None},
    "user_id": "eve",
    "id": "eve",
    "isAdmin": True,
    "role": "admin",
    "__proto__": {"x": 1},
    "constructor": {"prototype": {}},
    "__class__": "x",
    "model_config": {"extra": "allow"},
    "$set": {"opted_out": True},
}
ITEMS: Final = {"put_users", "subscribe_many", "put_suppressions"}  # whose items are taken or refused one by one
FREE: Final = {
    "data",
    "example",
    "schema",
    "parts",
    "locales",
    "channels",
    "partials",
    "attributes",
    "titles",
    "descriptions",
    "topics",  # by id, and then by channel
}  # whose names are the author's


def bodies() -> Iterator[tuple[str, str]]:
    """Events with a JSON body, and each place in it where an object stands."""
    for path in sorted(EVENTS.glob("*.json")):
        text = event(path.stem).get("body")
        if text and text.startswith("{") and "rawPath" in event(path.stem) and json.loads(text):
            for at in objects(json.loads(text), ""):
                yield path.stem, at


def objects(value: Any, at: str) -> Iterator[str]:
    if isinstance(value, dict):
        yield at
        for name, each in value.items():
            if name not in FREE:
                yield from objects(each, f"{at}/{name}")
    elif isinstance(value, list):
        for place, each in enumerate(value):
            yield from objects(each, f"{at}/{place}")


PLACES: Final = list(bodies())


def test_there_are_places_in_both_apis() -> None:
    assert len(PLACES) >= 12
    assert {name.startswith("public_") for name, _ in PLACES} == {True, False}


@pytest.mark.parametrize(("name", "at"), PLACES)
def test_a_field_that_is_ours_is_refused(name: str, at: str, aws: Aws) -> None:
    internal_api.deliver(event("put_topic"))
    internal_api.deliver(event("put_user"))
    api = public_api if name.startswith("public_") else internal_api
    for field, value in OURS.items():
        sent = event(name)
        body = json.loads(sent["body"])
        found = body
        for step in at.split("/")[1:]:
            found = found[int(step)] if isinstance(found, list) else found[step]
        if field in found or (name, field) in LEGITIMATE:
            continue
        found[field] = copy.deepcopy(value)
        sent["body"] = json.dumps(body)
        answer = api.deliver(sent)
        if name in ITEMS and at:
            assert {each["status"] for each in answer.body["items"] if each["status"] != 422} <= {200, 201, 404}
            assert 422 in {each["status"] for each in answer.body["items"]}, field
        else:
            assert (answer.status, answer.pointers) == (422, [f"{at}/{field}"]), field
    assert not [table for table in aws.tables.values() if named_eve(aws, table)]


def named_eve(aws: Aws, table: str) -> bool:
    return "eve" in json.dumps(aws.dynamodb.scan(TableName=table)["Items"])


LEGITIMATE: Final = {
    ("public_change_me", "opted_out"),  # a person's own choice
    ("public_put_my_preferences", "opted_out"),
    ("submit_message", "version"),
    ("dry_run_message", "version"),
    ("put_users", "id"),
    ("put_users", "opted_out"),  # an import reports a refusal; only `true` is taken
    ("subscribe_many", "user_id"),
    # a PUT takes what a GET answers, and does not store these
    ("put_topic", "created_at"),
    ("put_topic", "updated_at"),
    ("put_template", "created_at"),
    ("put_template", "version"),
    ("subscribe_user", "created_at"),
    ("public_subscribe", "created_at"),
    ("put_suppression", "created_at"),  # since when: stored, e.g. by an import
}
