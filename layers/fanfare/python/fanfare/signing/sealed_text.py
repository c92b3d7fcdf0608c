"""Sealed text: JSON of one kind that only Fanfare can read or create.

The standard library has no cipher, so this is SIV (RFC 5297) from HMAC-SHA-256: the tag is a MAC of kind and content,
and the content is covered by a keystream that the tag begins. The same content has the same text, and one spelling.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import json
from itertools import count
from typing import Any, Final

from itsdangerous import BadData
from itsdangerous.encoding import base64_decode, base64_encode

from fanfare.signing.keyed_hash import Keys

TAG_BYTES: Final = 16


def sealed(content: Any, *, keys: Keys, kind: str) -> str:
    """The content as sealed text; only `unsealed` with the same kind accepts it."""
    raw = json.dumps(content, separators=(",", ":")).encode()
    return _spelled(list(keys().values())[-1], kind, raw)


def unsealed(text: str, *, keys: Keys, kind: str, length_limit: int) -> Any:
    """The content that was sealed as this kind. Raises BadData, also if the text is longer than `length_limit`."""
    if len(text) <= length_limit:
        for key in reversed(list(keys().values())):
            found = base64_decode(text)
            raw = _covered(key, found[:TAG_BYTES], found[TAG_BYTES:])
            # checks the tag, and that Base64 has no unused bits, which the decoder ignores
            if hmac.compare_digest(_spelled(key, kind, raw).encode(), text.encode()):
                return json.loads(raw)
    raise BadData("sealed by none of the keys")


def _spelled(key: str, kind: str, raw: bytes) -> str:
    tag = hmac.digest(_derived(key, "tag"), f"{len(kind)}:{kind}".encode() + raw, "sha256")[:TAG_BYTES]
    return base64_encode(tag + _covered(key, tag, raw)).decode()


def _covered(key: str, tag: bytes, raw: bytes) -> bytes:
    """`raw` xor the keystream of the tag: covers and uncovers."""
    stream = b""
    for block in count():
        if len(stream) >= len(raw):
            break
        stream += hmac.digest(_derived(key, "stream"), tag + block.to_bytes(4), "sha256")
    return bytes(left ^ right for left, right in zip(raw, stream, strict=False))


@functools.lru_cache(maxsize=32)
def _derived(key: str, use: str) -> bytes:
    return hmac.digest(key.encode(), f"sealed\n{use}".encode(), hashlib.sha256)
