"""The console over the internal API's real handler, without a network between them."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from datetime import UTC
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from console.app import make
from console.host import Host
from tests.integration import internal_api


@dataclass(frozen=True)
class Reply:
    status: int
    content: bytes


def call(method: str, url: str, body: Any = None, /, **headers: str) -> Reply:
    """As the wire does it: the path is taken apart where API Gateway takes it apart."""
    parts = urlsplit(url)
    asked: dict[str, Any] = dict(parse_qsl(parts.query))
    named = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    answer = internal_api.call(method, parts.path, body, headers=named, **asked)
    return Reply(answer.status, answer.text.encode())


def app(**more: Any) -> Flask:
    # the handler serves one call at a time, as a function on Lambda does
    return make(call, **{"stage": "test", "at_once": 1, "host": Host(zone=UTC), **more})


@dataclass(frozen=True)
class Visitor:
    """Somebody with a browser that runs no scripts."""

    browser: FlaskClient

    def open(self, path: str, code: int = 200, **query: str) -> Page:
        answer = self.browser.get(path, query_string=query)
        assert answer.status_code == code, answer.text
        return Page(answer)

    def press(self, page: Page, **fields: str) -> Page:
        """Post the page's form with its hidden fields, and follow where it leads."""
        action, hidden = page.form()
        return Page(self.browser.post(action, data=hidden | fields, follow_redirects=True))


@dataclass(frozen=True)
class Page:
    answer: TestResponse

    @property
    def status(self) -> int:
        return self.answer.status_code

    @property
    def text(self) -> str:
        """What is read, without the markup."""
        main = self.answer.text.partition("<main")[2].partition("</main>")[0] or self.answer.text
        return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", main.partition(">")[2])).split())

    @property
    def heading(self) -> str:
        (heading,) = re.findall(r"<h1>(.*?)</h1>", self.answer.text, re.DOTALL)
        return html.unescape(re.sub(r"<[^>]*>", "", heading))

    def form(self) -> tuple[str, dict[str, str]]:
        """Where the form that posts leads, and its hidden fields."""
        (form,) = re.findall(r'<form[^>]*method="post".*?</form>', self.answer.text, re.DOTALL)
        (action,) = re.findall(r'action="([^"]*)"', form)
        hidden = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', form)
        return html.unescape(action), {name: html.unescape(value) for name, value in hidden}
