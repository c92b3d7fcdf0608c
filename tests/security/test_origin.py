"""Behind a proxy that proves itself, nobody reaches the public API past it."""

from __future__ import annotations

import json
import os

import boto3
import pytest
from fanfare.domain.audience import User
from fanfare.runtime import signing
from fanfare.runtime.registry import opened

from tests.integration.conftest import Aws
from tests.integration.public_api import browse, call

KEY = "a key for tests alone: FANFARE_ORIGIN_KEYS_ARN"


@pytest.fixture
def proxy(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANFARE_ORIGIN_HEADER", "X-Origin-Key")


def test_without_a_proxy_that_proves_itself_everybody_comes_directly(aws: Aws) -> None:
    assert call("GET", "/v1/health", user=None).status == 200


@pytest.mark.parametrize("sent", [None, "", "wrong", KEY[:-1], f"{KEY} ", f"{KEY}, {KEY}", "é"])
@pytest.mark.parametrize("path", ["/v1/me", "/v1/health", "/openapi.json", "/v1/nothing"])
def test_a_request_past_the_proxy_is_refused(proxy: None, path: str, sent: str | None) -> None:
    answer = call("GET", path, headers={} if sent is None else {"x-origin-key": sent})
    assert (answer.status, answer.body["code"]) == (403, "forbidden")


def test_a_request_through_the_proxy_is_answered(proxy: None) -> None:
    assert call("GET", "/v1/me", headers={"x-origin-key": KEY}).status == 200


def test_one_click_past_the_proxy_changes_nothing_and_shows_a_page(proxy: None) -> None:
    link = signing.public_links().unsubscribe_link(User(id="ada", profile={}), "news", "email")
    answer = browse(link, {"List-Unsubscribe": "One-Click"})
    assert (answer.status, answer.headers["content-type"]) == (403, "text/html; charset=utf-8")


def test_while_the_key_is_rotated_the_old_one_and_the_new_one_are_taken(proxy: None) -> None:
    secret = {"k1": KEY, "k2": "a newer key"}
    boto3.client("secretsmanager").put_secret_value(
        SecretId=os.environ["FANFARE_ORIGIN_KEYS_ARN"], SecretString=json.dumps(secret)
    )
    opened.reset()
    statuses = [call("GET", "/v1/health", headers={"x-origin-key": key}).status for key in (KEY, "a newer key")]
    assert statuses == [200, 200]
