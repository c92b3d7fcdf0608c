"""A repeated POST is known by the digest of its body, also after an update of the service: no digest ever changes.

The digests were written by hand from the text: printf '{"a":1}' | sha256sum
"""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from fanfare.store.messages.store import fingerprint


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"a": 1}, '{"a":1}'),
        ({"b": {"z": None, "y": [True, 1.5]}, "a": "x y"}, '{"a":"x y","b":{"y":[true,1.5],"z":null}}'),
        ({"title": "é\x7f𝄞"}, '{"title":"\\u00e9\\u007f\\ud834\\udd1e"}'),
        ({"p": 1e-5, "q": 1e16, "r": 2**70}, '{"p":1e-05,"q":1e+16,"r":1180591620717411303424}'),
    ],
)
def test_a_fingerprint_is_that_of_the_sorted_ascii_text(body: Any, text: str) -> None:
    assert fingerprint(body) == hashlib.sha256(text.encode()).hexdigest()
    assert fingerprint({"a": 1}) == "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"
