"""The webhook's address is the user's, so it is not trusted: what may be written to, and what is written."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from typing import Any, Self

import pytest
from fanfare.channels.base import AddressRefused, Kind, SendResult
from fanfare.channels.webhook import Owner, Webhook, _of_status, secret
from fanfare.channels.webhook_guard import Target, is_public
from fanfare.clock import to_text
from standardwebhooks import Webhook as Signature
from standardwebhooks.webhooks import WebhookVerificationError

from tests.unit.channels.fakes import envelope

KEYS = {"k1": "a key for tests alone"}
NOW = datetime(2027, 1, 1, 8, 0, tzinfo=UTC)
PUBLIC = "93.184.215.14"


class Frozen(datetime):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return cls.fromtimestamp(NOW.timestamp(), tz)


@pytest.fixture(autouse=True)
def the_clock_of_the_verifier(monkeypatch: pytest.MonkeyPatch) -> None:
    """A signature is good for five minutes by the verifier's clock."""
    monkeypatch.setattr("standardwebhooks.webhooks.datetime", Frozen)


class Endpoint(Webhook):
    """A webhook channel whose posts go nowhere: they are kept, with the target that was checked."""

    def __init__(self, *answers: Sequence[str], allowed: frozenset[str] = frozenset(), status: int = 204) -> None:
        self.answers = list(answers) or [[PUBLIC]]
        self.asked: list[str] = []
        self.posts: list[tuple[Target, bytes, Mapping[str, str]]] = []
        self.status = status
        super().__init__(keys=lambda: KEYS, clock=lambda: NOW, allowed=allowed, resolve=self._look_up)

    def _look_up(self, host: str, _: int) -> Sequence[str]:
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def _post(self, target: Target, body: bytes, headers: Mapping[str, str]) -> SendResult:
        self.posts.append((target, body, headers))
        return _of_status(self.status)


def refused(channel: Webhook, url: str) -> str:
    with pytest.raises(AddressRefused) as refusal:
        channel.guard.check(url)
    return refusal.value.reason


@pytest.mark.parametrize(
    "ip", ["1.1.1.1", "8.8.8.8", PUBLIC, "2606:4700::1111", "2001:4860:4860::8888", "64:ff9b::808:808"]
)
def test_the_public_internet_may_be_written_to(ip: str) -> None:
    assert is_public(ip)
    assert Endpoint([ip]).guard.check("https://shop.example/").ip == ip


@pytest.mark.parametrize(
    ("url", "host", "port", "path"),
    [
        ("https://shop.example", "shop.example", 443, "/"),
        ("https://shop.example:8443/hook?a=b#c", "shop.example", 8443, "/hook?a=b"),
        ("https://SHOP.example/Hook", "shop.example", 443, "/Hook"),
        ("https://bücher.example/", "xn--bcher-kva.example", 443, "/"),
    ],
)
def test_a_target_is_what_the_url_says(url: str, host: str, port: int, path: str) -> None:
    target = Endpoint().guard.check(url)
    assert (target.scheme, target.host, target.port, target.path) == ("https", host, port, path)


# Paths and queries: https://url.spec.whatwg.org/#percent-encoded-bytes and what Chromium and curl send.
# Names: https://www.unicode.org/reports/tr46/ (nontransitional) and https://www.rfc-editor.org/rfc/rfc5891
@pytest.mark.parametrize(
    ("url", "host", "path"),
    [
        ("https://shop.example/größe", "shop.example", "/gr%C3%B6%C3%9Fe"),
        ("https://shop.example/hook?name=Åsa&x=%20", "shop.example", "/hook?name=%C3%85sa&x=%20"),
        ("https://shop.example/%C3%B6/ö", "shop.example", "/%C3%B6/%C3%B6"),
        ("https://shop.example/注文/🚚", "shop.example", "/%E6%B3%A8%E6%96%87/%F0%9F%9A%9A"),
        ("https://shop.example/a%2Fb;c=d/~e'(f)!*", "shop.example", "/a%2Fb;c=d/~e'(f)!*"),
        ("https://shop.example/مرحبا?س", "shop.example", "/%D9%85%D8%B1%D8%AD%D8%A8%D8%A7?%D8%B3"),
        ("https://faß.example/", "xn--fa-hia.example", "/"),
        ("https://FAẞ.example/", "xn--fa-hia.example", "/"),
        ("https://βόλος.example/", "xn--nxasmm1c.example", "/"),  # the final sigma is kept
        # a zero-width non-joiner
        ("https://\u0646\u0627\u0645\u0647\u200c\u0627\u06cc.example/", "xn--mgba3gch31f060k.example", "/"),
        ("https://例え。テスト/", "xn--r8jz45g.xn--zckzah", "/"),  # an ideographic full stop
        ("https://my_shop.example/", "my_shop.example", "/"),
        ("https://shop.example./", "shop.example.", "/"),
        ("https://" + "a" * 63 + ".example/", "a" * 63 + ".example", "/"),
    ],
)
def test_an_international_url_goes_in_ascii(url: str, host: str, path: str) -> None:
    endpoint = Endpoint()
    (result,) = endpoint.send([envelope(address=url)])
    ((target, _, headers),) = endpoint.posts
    assert (result.kind, target.host, target.path, headers["host"]) == (Kind.SENT, host, path, host)
    assert endpoint.asked == [host]


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example/\x7f",
        "https://shop.example/\ud800",
        "https://a..example/",
        "https://.example/",
        "https://" + "a" * 64 + ".example/",
        "https://" + "ö" * 63 + ".example/",
        "https://" + ".".join(["abcdefgh"] * 30) + "/",
        "https://-ö-.example/",
        "https://ö\u200d.example/",  # a joiner that joins nothing
        "https://☃.example/",  # no letter
        "https://xn--ä.example/",
    ],
)
def test_a_url_that_no_resolver_takes_is_a_permanent_failure_of_its_user(url: str) -> None:
    (result,) = Endpoint().send([envelope(address=url)])
    assert (result.kind, result.reason) == (Kind.PERMANENT, "invalid_address")


# "The unique webhook identifier … should not include the full stop":
# https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#signature-scheme
@pytest.mark.parametrize("user", ["ada", "a.b@example.com", "_x=y", "auth0|5f7c", "a~2F:b+c"])
def test_the_id_of_a_call_has_no_full_stop_and_is_the_user_s_alone(user: str) -> None:
    endpoint = Endpoint()
    for each in (user, user, f"{user}x"):
        endpoint.send([envelope(address="https://shop.example/", user_id=each)])
    first, again, other = (headers["webhook-id"] for _, _, headers in endpoint.posts)
    assert first == again != other
    assert re.fullmatch(r"[A-Za-z0-9_-]+", first)
    assert first.startswith("message-1_")
    ((_, body, headers), *_) = endpoint.posts
    assert Signature(secret(lambda: KEYS, Owner(user))).verify(body, dict(headers))


# https://www.rfc-editor.org/rfc/rfc9110#section-7.2: Host = uri-host [ ":" port ], and by
# https://www.rfc-editor.org/rfc/rfc3986#section-3.2.2 an IPv6 literal is in brackets
@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://[2606:4700::1111]:8443/hook", "[2606:4700::1111]:8443"),
        ("https://[2606:4700::1111]/hook", "[2606:4700::1111]"),
        ("https://[2606:4700::1111]:443/hook", "[2606:4700::1111]"),
        ("https://[2606:4700:0::AB]:8443/", "[2606:4700:0::ab]:8443"),
        ("https://1.1.1.1:8443/hook", "1.1.1.1:8443"),
        ("https://1.1.1.1/hook", "1.1.1.1"),
        ("https://Shop.example:8443/", "shop.example:8443"),
        ("https://bücher.example:8443/", "xn--bcher-kva.example:8443"),
    ],
)
def test_the_host_header_is_what_the_url_names(url: str, host: str) -> None:
    endpoint = Endpoint()
    endpoint.send([envelope(address=url)])
    ((_, _, headers),) = endpoint.posts
    assert headers["host"] == host


def test_tls_verifies_an_ipv6_literal_without_its_brackets() -> None:
    assert Endpoint().guard.check("https://[2606:4700::1111]:8443/").host == "2606:4700::1111"


def test_the_local_stage_allows_an_ipv6_literal_in_brackets() -> None:
    endpoint = Endpoint(["::1"], allowed=frozenset({"[::1]:8080"}))
    assert endpoint.guard.check("http://[::1]:8080/").ip == "::1"
    assert refused(endpoint, "http://[::1]:8081/") == "not_https"


def test_a_name_that_does_not_resolve_may_do_so_later() -> None:
    (result,) = Endpoint([]).send([envelope(address="https://gone.example/")])
    assert (result.kind, result.reason) == (Kind.TEMPORARY, "endpoint_not_found")


def test_the_local_stage_may_write_to_what_it_names_and_to_nothing_beside() -> None:
    endpoint = Endpoint(["127.0.0.1"], allowed=frozenset({"localhost:8080"}))
    assert endpoint.guard.check("http://localhost:8080/").ip == "127.0.0.1"
    assert refused(endpoint, "http://localhost:8081/") == "not_https"
    assert refused(endpoint, "https://localhost:8081/") == "forbidden_address"


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (200, Kind.SENT, None),
        (204, Kind.SENT, None),
        (301, Kind.PERMANENT, "endpoint_redirects"),
        (302, Kind.PERMANENT, "endpoint_redirects"),
        (307, Kind.PERMANENT, "endpoint_redirects"),
        (308, Kind.PERMANENT, "endpoint_redirects"),
        (400, Kind.PERMANENT, "endpoint_refused"),
        (404, Kind.PERMANENT, "endpoint_refused"),
        (408, Kind.TEMPORARY, "endpoint_timed_out"),
        (410, Kind.PERMANENT, "endpoint_gone"),
        (425, Kind.TEMPORARY, "endpoint_too_early"),
        (429, Kind.TEMPORARY, "endpoint_throttled"),
        (500, Kind.TEMPORARY, "endpoint_failed"),
        (503, Kind.TEMPORARY, "endpoint_failed"),
    ],
)
def test_each_status_means_one_thing(status: int, kind: Kind, reason: str | None) -> None:
    (result,) = Endpoint(status=status).send([envelope(address="https://shop.example/")])
    assert (result.kind, result.reason) == (kind, reason)


def test_the_receiver_can_verify_what_it_gets() -> None:
    endpoint = Endpoint()
    content = {"title": "Order A-17", "body": "It has left"}
    endpoint.send([envelope(address="https://shop.example/", content=content, data={"order": "A-17"})])
    ((_, body, headers),) = endpoint.posts
    told: Any = Signature(secret(lambda: KEYS, Owner("ada"))).verify(body, dict(headers))
    assert told == {
        "type": "notification",
        "message_id": "message-1",
        "user_id": "ada",
        "title": "Order A-17",
        "body": "It has left",
        "data": {"order": "A-17"},
    }
    assert json.loads(body) == told


def test_a_repeat_has_the_same_id_and_another_user_s_secret_does_not_fit() -> None:
    endpoint = Endpoint()
    for _ in range(2):
        endpoint.send([envelope(address="https://shop.example/")])
    assert len({headers["webhook-id"] for _, _, headers in endpoint.posts}) == 1
    assert len({secret(lambda: KEYS, Owner(user)) for user in ("ada", "bob")}) == 2


def test_who_knows_the_secret_from_before_a_rotation_can_still_verify(monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = dict(KEYS), KEYS | {"k2": "a newer key"}
    monkeypatch.setitem(KEYS, "k2", "a newer key")
    endpoint = Endpoint()
    endpoint.send([envelope(address="https://shop.example/")])
    ((_, body, headers),) = endpoint.posts
    for known in (before, after):
        assert Signature(secret(partial(dict, known), Owner("ada"))).verify(body, dict(headers))
    with pytest.raises(WebhookVerificationError):
        Signature(secret(lambda: {"k0": "a key that was thrown away"}, Owner("ada"))).verify(body, dict(headers))


def verified(headers: Any, body: Any, owner: Owner) -> bool:
    try:
        Signature(secret(lambda: KEYS, owner)).verify(body, dict(headers))
    except WebhookVerificationError:
        return False
    return True


def test_the_secret_before_a_users_rotation_is_good_for_a_day_more() -> None:
    day = timedelta(days=1)
    for passed, good in ((day - timedelta(seconds=1), True), (day, False)):
        endpoint = Endpoint()
        rotated: dict[str, Any] = {"secret_no": 2, "secret_at": to_text(NOW - passed)}
        endpoint.send([envelope(address="https://shop.example/", generation="g", **rotated)])
        ((_, body, headers),) = endpoint.posts
        owners = [Owner("ada", "g", number) for number in (2, 1, 0)]
        assert [verified(headers, body, each) for each in owners] == [True, good, False]


def test_a_secret_is_of_one_life_of_a_user_and_changes_with_each_rotation() -> None:
    lives = [Owner("ada", generation, number) for generation in ("", "g", "h") for number in range(3)]
    assert len({secret(lambda: KEYS, each) for each in lives}) == 9


def test_a_secret_stays_as_it_was_handed_out_before_there_were_generations() -> None:
    assert secret(lambda: KEYS, Owner("ada")) == "whsec_WCROUU+FLfZ7mRP0/YxIz0iSitv4diqreA2TrPRafIg="


@pytest.mark.parametrize("profile", [{}, {"webhook": None}, {"webhook": {}}, {"webhook": {"url": ""}}])
def test_who_has_no_endpoint_is_not_written_to(profile: Any) -> None:
    with pytest.raises(AddressRefused, match="no_address"):
        Webhook.address(profile)
