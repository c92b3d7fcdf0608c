"""What a message is about, in one line."""

from __future__ import annotations

from typing import Any

import pytest
from fanfare.templates.body import inline_body
from fanfare.templates.renderer import Renderer

LONG = "word " * 40
CASES: list[tuple[dict[str, Any], list[str], str | None]] = [
    ({"email": {"subject": "Order {{ data.order }}", "text": "Hello"}}, ["email"], "Order A-17"),
    ({"email": {"subject": "Hello {{ user.name }}!", "text": "Hello"}}, ["email"], "Hello !"),
    ({"sms": {"text": "Code {{ data.order }}"}}, ["sms"], "Code A-17"),
    # a title is better than a text, whatever the order of the channels
    ({"sms": {"text": "Text"}, "push": {"title": "Title", "body": "Body"}}, ["sms", "push"], "Title"),
    ({"sms": {"text": "Text"}, "push": {"title": "Title", "body": "Body"}}, ["sms"], "Text"),
    ({"push": {"title": "{{ data.empty }} ", "body": "Body"}}, ["push"], "Body"),  # an empty title says nothing
    ({"push": {"title": "{{ 1 / user.name|length }}", "body": "Body"}}, ["push"], "Body"),  # needs a reader
    ({"email": {"subject": " two\n lines ", "text": "Hello"}}, ["email"], "two lines"),
    ({"sms": {"text": LONG}}, ["sms"], LONG[:119].rstrip() + "…"),
    ({"email": {"subject": "{{ data.empty }}", "html": "<p>Hello</p>"}}, ["email"], None),
]


@pytest.mark.parametrize(("channels", "on", "wanted"), CASES)
def test_a_summary_is_the_first_part_that_says_something(
    channels: dict[str, Any], on: list[str], wanted: str | None
) -> None:
    assert Renderer().summary({"channels": channels}, on, {"order": "A-17", "empty": ""}) == wanted


def test_inline_content_has_a_summary() -> None:
    body = inline_body({"subject": "Order {{ data.order }}", "text": "Hello"})
    assert Renderer().summary(body, ["email", "sms"], {"order": "A-17"}) == "Order A-17"
