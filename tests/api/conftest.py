"""Schemathesis's cases against the local stack: who calls, what they find there, and what was answered.

FANFARE_EXAMPLES says how many cases are drawn for each operation (200), beside those that Schemathesis
derives from the document itself. FANFARE_E2E_REUSE=1 takes the stack that `make run` keeps; once
in an hour, as more requests to subscribe are not followed by a mail.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode
from uuid import uuid4

import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from requests.auth import AuthBase

from local.demo import job
from local.emulator.ministack import REGION
from tests.e2e import conftest as e2e
from tests.e2e.conftest import World
from tests.e2e.mail import choices_of, link_in, opted_in

from .drawing import KNOWN

TOPIC, REQUIRED, PRIVATE, EMPTY = "api.news", "api.terms", "api.staff", "api.silence"

world = e2e.world

ANSWERED: defaultdict[str, Counter[int]] = defaultdict(Counter)


class Signed(AuthBase):
    """SigV4, as the SDKs of AWS sign."""

    def __init__(self, keys: dict[str, str]) -> None:
        self._credentials = Credentials(keys["access_key_id"], keys["secret_access_key"])

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        head, asked_for, query = str(request.url).partition("?")
        if asked_for:  # what is signed is the query as AWS writes it: %20 and no +, and all that is reserved encoded
            pairs = parse_qsl(query, keep_blank_values=True, errors="surrogateescape")
            request.url = f"{head}?{urlencode(pairs, quote_via=quote, safe='-_.~', errors='surrogateescape')}"
        signed = {"Content-Type": request.headers["Content-Type"]} if "Content-Type" in request.headers else {}
        asked = AWSRequest(method=request.method, url=request.url, data=request.body or b"", headers=signed)
        SigV4Auth(self._credentials, "execute-api", REGION).add_auth(asked)
        request.headers.update(asked.headers.items())
        return request


@dataclass
class Caller:
    """Calls one of the APIs, and keeps count."""

    url: str
    signed: AuthBase | None = None
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.session.trust_env = False
        self.session.auth = self.signed

    def call(self, case: Any, **more: Any) -> Any:
        answer = case.call(base_url=self.url, session=self.session, timeout=35, allow_redirects=False, **more)
        ANSWERED[case.operation.definition.raw["operationId"]][answer.status_code] += 1
        return answer


@pytest.fixture(scope="session")
def service(world: World) -> Caller:
    return Caller(world.described["internal_url"], Signed(world.described["service"]))


@pytest.fixture(scope="session")
def person(world: World) -> Caller:
    return Caller(world.described["public_url"])


@pytest.fixture(scope="session")
def there(world: World) -> None:
    """A little of everything, for the cases that are to find something."""
    api = world.api
    version = job.put_template(api)
    ada, grace = world.account_id("ada"), world.account_id("grace")
    for user_id, email in ((ada, "ada@example.com"), (grace, "grace@example.com"), ("api-user", "api@example.com")):
        api.call("PUT", f"/v1/users/{user_id}", {"name": "Somebody", "email": email, "phone": "+4915112345678"})
    shown: dict[str, Any] = {"public": True, "channels": ["email", "inbox"]}
    for topic, more in ((TOPIC, {}), (EMPTY, {}), (REQUIRED, {"required": True}), (PRIVATE, {"public": False})):
        job.put_topic(api, topic, **shown | more)
    items = [{"user_id": user_id, "channel": channel} for user_id in (ada, grace) for channel in shown["channels"]]
    api.expect(200, "POST", f"/v1/topics/{TOPIC}/subscriptions", {"items": items})
    told = {"template": None, "content": {"subject": "News", "text": "Something happened"}}
    later = (datetime.now(UTC) + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    gone, waiting = world.send(TOPIC, **told), world.send(TOPIC, **told, send_at=later)
    world.rest(gone)
    deleted = world.send(TOPIC, **told, send_at=later)
    api.expect(200, "DELETE", f"/v1/messages/{deleted}")
    api.call("PUT", "/v1/suppressions/email/never@example.com", {})
    for doomed in ("topics", "users", "templates"):
        body = {"topics": {"title": "Doomed", "channels": ["email"]}, "users": {}, "templates": job.template()}[doomed]
        api.call("PUT", f"/v1/{doomed}/doomed", body)
    KNOWN.update(
        message_id=[gone, waiting, deleted],
        topic_id=[TOPIC, REQUIRED, PRIVATE, EMPTY],
        template_id=[job.TEMPLATE],
        user_id=[ada, grace, "api-user"],
        address=["never%40example.com"],
        templates=[{"id": job.TEMPLATE}, {"id": job.TEMPLATE, "version": version}],
        data=[job.example()],
        token=tokens(world, ada),
    )


def tokens(world: World, user_id: str) -> list[str]:
    """Of each purpose: each page is shown those of the others, too."""
    (mail,) = [each for each in world.console.outbox(channel="email", to="ada@example.com") if each["user_id"]][:1]
    confirmation = link_in(opted_in(world, f"somebody-{uuid4()}@example.com", TOPIC), "confirmations")
    unsubscribe = link_in(mail, "unsubscribe")
    choices = choices_of(world, "ada@example.com", unsubscribe)
    assert choices, user_id
    return [each.rpartition("/")[2] for each in (confirmation, unsubscribe, choices)]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    terminalreporter.section("Answers")
    for operation, statuses in sorted(ANSWERED.items()):
        told = ", ".join(f"{status}: {n}" for status, n in sorted(statuses.items()))
        terminalreporter.write_line(f"{operation:24} {statuses.total():5}  ({told})")
    terminalreporter.write_line(f"{'all':24} {sum(each.total() for each in ANSWERED.values()):5}")
