"""The endpoints for webhooks keep what they take, and answer as they are asked to."""

from __future__ import annotations

import json

import pytest
import urllib3

from .conftest import World

TOLD = {"message_id": "m-1", "user_id": "ada", "title": "Hi", "body": "Hello"}


def post(world: World, path: str) -> int:
    headers = {"webhook-id": "m-1.ada", "webhook-signature": "v1,abc"}
    return urllib3.request("POST", world.url + path, body=json.dumps(TOLD), headers=headers, retries=False).status


def test_a_webhook_is_kept_with_its_headers(world: World) -> None:
    assert post(world, "/hooks/ada?a=b") == 200
    (mail,) = world.mails
    assert (mail.channel, mail.to) == ("webhook", f"{world.url}/hooks/ada?a=b")
    assert (mail.message_id, mail.user_id, mail.subject) == ("m-1", "ada", "Hi")
    assert json.loads(mail.text or "") == TOLD
    assert mail.headers["webhook-signature"] == "v1,abc"


@pytest.mark.parametrize(("status", "kept"), [(202, 1), (302, 0), (410, 0), (500, 0)])
def test_an_endpoint_answers_with_the_status_that_it_is_named_after(world: World, status: int, kept: int) -> None:
    assert post(world, f"/hooks/status/{status}") == status
    assert len(world.mails) == kept


def test_endpoints_that_are_down_answer_503(world: World) -> None:
    world.simulator.change({"down": ["webhook"]})
    assert post(world, "/hooks/ada") == 503
    assert world.mails == []
