"""AWS's side of a signature, from its specification and nothing of botocore.

https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, unquote

import httpx2

AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<day>\d{8})/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request, "
    r"SignedHeaders=(?P<names>[^,]+), Signature=(?P<signature>[0-9a-f]{64})"
)


def is_signed(request: httpx2.Request, *, key: str, secret: str, region: str, token: str | None = None) -> bool:
    """Whether AWS would take it: signed by this key, for this region's `execute-api`, now, as it was sent."""
    found = AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
    if not found or (found["key"], found["region"], found["service"]) != (key, region, "execute-api"):
        return False
    if request.headers.get("x-amz-security-token") != token:
        return False
    at = datetime.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    if abs((datetime.now(UTC) - at).total_seconds()) > 300 or at.strftime("%Y%m%d") != found["day"]:
        return False
    names = found["names"].split(";")
    if "host" not in names or (token and "x-amz-security-token" not in names):
        return False
    scope = f"{found['day']}/{region}/execute-api/aws4_request"
    digest = hashlib.sha256(_canonical(request, names).encode()).hexdigest()
    said = "\n".join(["AWS4-HMAC-SHA256", request.headers["x-amz-date"], scope, digest])
    signature = hmac.new(_signing_key(secret, scope), said.encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(signature, found["signature"])


def _canonical(request: httpx2.Request, names: list[str]) -> str:
    path, _, query = request.url.raw_path.decode().partition("?")
    pairs = sorted((quote(n, safe="-_.~"), quote(v, safe="-_.~")) for n, v in parse_qsl(query, keep_blank_values=True))
    assert "+" not in query, "a + is a blank to some and a plus to AWS"
    return "\n".join(
        [
            request.method,
            # each segment is escaped twice, but on S3
            "/".join(quote(quote(unquote(segment), safe="-_.~"), safe="-_.~") for segment in path.split("/")),
            "&".join(f"{name}={value}" for name, value in pairs),
            *(f"{name}:{' '.join(request.headers[name].split())}" for name in names),
            "",
            ";".join(names),
            hashlib.sha256(request.content).hexdigest(),
        ]
    )


def _signing_key(secret: str, scope: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key
