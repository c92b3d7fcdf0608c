"""SigV4 and JWTs at the door of a running stack: whatever of a signed request is changed, it is let in no more.

It is the emulator's gateway that is asked here. `LAXER`, and what ends in `_IS_TAKEN`, name what it takes and AWS does
not: there the emulator proves nothing, and a newer one that refuses it will be noticed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
import urllib3
from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from local.api import People
from local.emulator.ministack import REGION

from .conftest import World

HTTP = urllib3.PoolManager(retries=False, timeout=35)
PATH: Final = "/v1/topics/signed"
BODY: Final = json.dumps({"title": "Signed", "channels": ["email"]}).encode()


@dataclass
class Sent:
    """A request that is signed already."""

    url: str
    headers: dict[str, str]
    method: str = "PUT"
    body: bytes = BODY
    path: str = PATH
    others: dict[str, str] = field(default_factory=dict)  # the keys of a stranger

    def replaced(self, name: str, old: str, new: str) -> None:
        assert old in self.headers[name]
        self.headers[name] = self.headers[name].replace(old, new)

    def status(self) -> int:
        return HTTP.request(self.method, self.url + self.path, body=self.body, headers=self.headers).status


def signed(
    world: World, *, at: datetime | None = None, payload: str | None = None, service: str = "execute-api"
) -> Sent:
    url = world.described["internal_url"].rstrip("/")
    keys = world.described["service"]
    request = AWSRequest(method="PUT", url=url + PATH, data=BODY, headers={"Content-Type": "application/json"})
    if payload:
        request.headers["X-Amz-Content-SHA256"] = payload
    with pytest.MonkeyPatch.context() as patch:
        if at:
            patch.setattr(auth, "get_current_datetime", lambda *_, **__: at.replace(tzinfo=None))
        auth.SigV4Auth(Credentials(keys["access_key_id"], keys["secret_access_key"]), service, REGION).add_auth(request)
    return Sent(url, dict(request.headers.items()), others=world.described["stranger"])


def _signature(sent: Sent, change: Callable[[str], str]) -> None:
    head, _, signature = sent.headers["Authorization"].partition("Signature=")
    sent.headers["Authorization"] = f"{head}Signature={change(signature)}"


def _later(sent: Sent) -> None:
    day = datetime.strptime(sent.headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    sent.headers["X-Amz-Date"] = (day + timedelta(seconds=1)).strftime("%Y%m%dT%H%M%SZ")


def _key(sent: Sent) -> str:
    return sent.headers["Authorization"].partition("Credential=")[2].partition("/")[0]


CHANGES: Final[dict[str, Callable[[Sent], object]]] = {
    "no signature": lambda sent: sent.headers.pop("Authorization"),
    "an empty signature": lambda sent: _signature(sent, lambda _: ""),
    "the first digit of the signature": lambda sent: _signature(sent, lambda s: ("0" if s[0] != "0" else "1") + s[1:]),
    "the last digit of the signature": lambda sent: _signature(sent, lambda s: s[:-1] + ("0" if s[-1] != "0" else "1")),
    "half of the signature": lambda sent: _signature(sent, lambda s: s[:32]),
    "another method of signing": lambda sent: sent.replaced("Authorization", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"),
    "the key of a stranger": lambda sent: sent.replaced("Authorization", _key(sent), sent.others["access_key_id"]),
    "the key of nobody": lambda sent: sent.replaced("Authorization", _key(sent), "AKIAIOSFODNN7EXAMPLE"),
    "another body": lambda sent: setattr(sent, "body", BODY.replace(b"Signed", b"Forged")),
    "no body": lambda sent: setattr(sent, "body", b""),
    "another path": lambda sent: setattr(sent, "path", "/v1/topics/forged"),
    "a query": lambda sent: setattr(sent, "path", f"{PATH}?x=1"),
    "another method": lambda sent: setattr(sent, "method", "DELETE"),
    "another time": _later,
    "no time": lambda sent: sent.headers.pop("X-Amz-Date"),
    "another type of content": lambda sent: sent.headers.update({"Content-Type": "text/plain"}),
    "no type of content": lambda sent: sent.headers.pop("Content-Type"),
    "another day in the scope": lambda sent: sent.replaced("Authorization", sent.headers["X-Amz-Date"][:8], "20200101"),
    "another region": lambda sent: sent.replaced("Authorization", f"/{REGION}/", "/us-gov-west-1/"),
    "another service": lambda sent: sent.replaced("Authorization", "/execute-api/", "/s3/"),
    "another end of the scope": lambda sent: sent.replaced("Authorization", "/aws4_request", "/aws5_request"),
    "fewer signed headers": lambda sent: sent.replaced("Authorization", "content-type;host", "host"),
    "a signed header that is not there": lambda sent: sent.replaced("Authorization", ";host", ";host;x-not-there"),
    "the host not signed": lambda sent: sent.replaced("Authorization", ";host;", ";"),
}
LAXER: Final = {"another end of the scope"}


@pytest.mark.parametrize("change", CHANGES)
def test_a_signed_request_can_not_be_changed(change: str, world: World) -> None:
    sent = signed(world)
    CHANGES[change](sent)
    status = sent.status()
    assert status < 300 if change in LAXER else status == 403


def test_a_signed_request_is_let_in(world: World) -> None:
    assert signed(world).status() in (200, 201)


WRONG_SERVICE_IS_TAKEN: Final = True


def test_a_signature_for_another_service_is_not_taken(world: World) -> None:
    assert (signed(world, service="s3").status() < 300) is WRONG_SERVICE_IS_TAKEN


WHEN: Final = {"16 minutes ago": -16, "16 minutes from now": 16, "a day ago": -1_440, "a year ago": -525_600}


@pytest.mark.parametrize("when", WHEN)
def test_a_signature_is_good_for_a_quarter_of_an_hour(when: str, world: World) -> None:
    assert signed(world, at=datetime.now(UTC) + timedelta(minutes=WHEN[when])).status() == 403


UNSIGNED_IS_TAKEN: Final = True


def test_a_body_that_is_not_signed_is_not_taken(world: World) -> None:
    sent = signed(world, payload="UNSIGNED-PAYLOAD")
    sent.body = BODY.replace(b"Signed", b"Forged")
    assert (sent.status() < 300) is UNSIGNED_IS_TAKEN


# Tokens of people


def _part(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _said(part: str) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return said


MINE: Final = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


def _by_me(head: dict[str, Any], claims: dict[str, Any]) -> str:
    text = f"{_part(head)}.{_part(claims)}"
    return f"{text}.{_part(MINE.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def _by_hmac(head: dict[str, Any], claims: dict[str, Any], key: bytes, name: str = "HS256") -> str:
    text = f"{_part(head | {'alg': name})}.{_part(claims)}"
    return f"{text}.{_part(hmac.new(key, text.encode(), hashlib.sha256).digest())}"


def _jwk() -> dict[str, str]:
    numbers = MINE.public_key().public_numbers()
    return {"kty": "RSA", "e": "AQAB", "n": _part(numbers.n.to_bytes(256, "big"))}


@pytest.fixture(scope="module")
def pool_key(world: World) -> bytes:
    """The pool's public key, as everybody may read it."""
    claims = _said(world.described["users"]["ada"]["id_token"].split(".")[1])
    pool = claims["iss"].rpartition("/")[2]
    keys = HTTP.request("GET", f"{world.described['aws_endpoint_url']}/{pool}/.well-known/jwks.json").json()["keys"]
    e, n = (
        int.from_bytes(base64.urlsafe_b64decode(keys[0][name] + "=" * (-len(keys[0][name]) % 4)), "big")
        for name in "en"
    )
    return rsa.RSAPublicNumbers(e, n).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


Forge = Callable[[dict[str, Any], dict[str, Any], str, bytes], str]

FORGED: Final[dict[str, Forge]] = {
    "alg none": lambda h, c, _, __: f"{_part(h | {'alg': 'none'})}.{_part(c)}.",
    "alg None": lambda h, c, _, __: f"{_part(h | {'alg': 'None'})}.{_part(c)}.",
    "alg nOnE, signature kept": lambda h, c, s, _: f"{_part(h | {'alg': 'nOnE'})}.{_part(c)}.{s}",
    "no alg": lambda h, c, s, _: f"{_part({'kid': h.get('kid')})}.{_part(c)}.{s}",
    "HS256 with the public key": lambda h, c, _, k: _by_hmac(h, c, k),
    "HS256 with the public key, stripped": lambda h, c, _, k: _by_hmac(h, c, k.strip()),
    "HS256 with nothing": lambda h, c, _, __: _by_hmac(h, c, b""),
    "HS256 called RS256": lambda h, c, _, k: _by_hmac(h, c, k, "RS256"),
    "my key, their kid": lambda h, c, _, __: _by_me(h, c),
    "my key, my kid": lambda h, c, _, __: _by_me(h | {"kid": "mine"}, c),
    "my key, no kid": lambda _, c, __, ___: _by_me({"alg": "RS256"}, c),
    "my key, brought along": lambda h, c, _, __: _by_me(h | {"jwk": _jwk()}, c),
    "my key, at my place": lambda h, c, _, __: _by_me(h | {"jku": "http://127.0.0.1:9/jwks"}, c),
    "a kid that is a path": lambda h, c, _, __: _by_me(h | {"kid": "../../../../dev/null"}, c),
    "another user": lambda h, c, s, _: f"{_part(h)}.{_part(c | {'sub': 'root'})}.{s}",
    "another issuer": lambda h, c, s, _: f"{_part(h)}.{_part(c | {'iss': 'https://evil.example'})}.{s}",
    "another audience": lambda h, c, s, _: f"{_part(h)}.{_part(c | {'aud': 'another'})}.{s}",
    "a longer life": lambda h, c, s, _: f"{_part(h)}.{_part(c | {'exp': 4_000_000_000})}.{s}",
    "my key, another issuer": lambda h, c, _, __: _by_me(h, c | {"iss": "https://evil.example"}),
    "my key, another audience": lambda h, c, _, __: _by_me(h, c | {"aud": "another"}),
    "my key, expired": lambda h, c, _, __: _by_me(h, c | {"exp": int(time.time()) - 3_600}),
    "my key, not yet": lambda h, c, _, __: _by_me(h, c | {"nbf": int(time.time()) + 3_600}),
    "no signature": lambda h, c, _, __: f"{_part(h)}.{_part(c)}",
    "an empty signature": lambda h, c, _, __: f"{_part(h)}.{_part(c)}.",
    "four parts": lambda h, c, s, _: f"{_part(h)}.{_part(c)}.{s}.{s}",
    "no JSON": lambda h, _, s, __: f"{_part(h)}.{_part(b'not json')}.{s}",
    "no base64": lambda h, c, _, __: f"{_part(h)}.{_part(c)}.???",
    "nothing": lambda *_: "",
    "dots": lambda *_: "..",
    "very long": lambda h, c, _, __: f"{_part(h)}.{_part(c)}.{'A' * 6_000}",
}


@pytest.mark.parametrize("forged", FORGED)
def test_a_forged_token_opens_nothing(forged: str, world: World, pool_key: bytes) -> None:
    head, claims, signature = world.described["users"]["ada"]["id_token"].split(".")
    token = FORGED[forged](_said(head), _said(claims), signature, pool_key)
    people = People(world.described["public_url"], token)
    for method, path in (("GET", "/v1/me"), ("PATCH", "/v1/me"), ("GET", "/v1/me/webhook")):
        answer = people.call(method, path, {"name": "Eve"} if method == "PATCH" else None)
        assert (answer.status, b"ada" in answer.content) == (401, False)


@pytest.mark.parametrize("changed", ["header", "claims", "signature"])
def test_no_changed_letter_of_a_token_is_taken(changed: str, world: World) -> None:
    parts = world.described["users"]["ada"]["id_token"].split(".")
    place = ["header", "claims", "signature"].index(changed)
    for at in range(0, len(parts[place]) - 1, max(1, len(parts[place]) // 12)):  # the last letter has bits to spare
        letter = "A" if parts[place][at] != "A" else "B"
        spoiled = [*parts[:place], parts[place][:at] + letter + parts[place][at + 1 :], *parts[place + 1 :]]
        assert People(world.described["public_url"], ".".join(spoiled)).call("GET", "/v1/me").status == 401


@pytest.mark.parametrize("header", ["Basic YWRhOmFkYQ==", "Bearer", "Bearer  ", "bearer null", "AWS4-HMAC-SHA256 x"])
def test_another_kind_of_key_opens_nothing(header: str, world: World) -> None:
    url = f"{world.described['public_url'].rstrip('/')}/v1/me"
    assert HTTP.request("GET", url, headers={"Authorization": header}).status == 401


def test_an_address_with_letters_that_a_path_may_not_have_is_suppressed(world: World) -> None:
    path = "/v1/suppressions/email/a%2Fb%40example.com"
    assert world.api.expect(201, "PUT", path, {})["address"] == "a/b@example.com"
    world.api.expect(204, "DELETE", path)
