"""Signed text: JSON of one kind with a signature, in exactly one spelling.

It is signed with the newest key and accepted under any key that is still configured, so keys can be rotated while
texts without expiry stay valid.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import json
from typing import Any, Final

from itsdangerous import BadData, Signer
from itsdangerous.encoding import base64_decode, base64_encode
from itsdangerous.signer import SigningAlgorithm

from fanfare.signing.keyed_hash import Keys


def signed(content: Any, *, keys: Keys, kind: str) -> str:
    """The content as signed text; only `opened` with the same kind accepts it."""
    return _spelled(list(keys().values())[-1], kind, content)


def opened(text: str, *, keys: Keys, kind: str, length_limit: int) -> Any:
    """The content that was signed as this kind. Raises BadData, also if the text is longer than `length_limit`."""
    if len(text) <= length_limit:
        for key in reversed(list(keys().values())):
            try:
                content = json.loads(base64_decode(_signer(key, kind).unsign(text)))
            except (BadData, ValueError):
                continue
            # Base64 may have unused bits, which the decoder ignores
            if hmac.compare_digest(_spelled(key, kind, content).encode(), text.encode()):
                return content
    raise BadData("signed by none of the keys")


def _spelled(key: str, kind: str, content: Any) -> str:
    return _signer(key, kind).sign(base64_encode(_COMPACT(content))).decode()


_COMPACT: Final = json.JSONEncoder(separators=(",", ":")).encode  # created once: every mail has its own link


class _Sha256(SigningAlgorithm):
    """HMAC-SHA-256 in one call of OpenSSL; itsdangerous needs four."""

    def get_signature(self, key: bytes, value: bytes) -> bytes:
        return hmac.digest(key, value, "sha256")


@functools.lru_cache(maxsize=16)
def _signer(key: str, kind: str) -> Signer:
    derived = Signer(key, salt=kind, digest_method=hashlib.sha256, key_derivation="hmac").derive_key()
    return Signer(derived, key_derivation="none", algorithm=_Sha256())
