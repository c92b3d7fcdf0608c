"""`python -m tests.client.unasync`: writes `_sync` from `_async`, so that both say the same. A test compares them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

PACKAGE: Final = Path(__file__).parents[2] / "client" / "fanfare_client"
BY_HAND: Final = {"waiting.py"}
WORDS: Final = [
    (r"\bawait ", ""),
    (r"\basync (def|with|for)\b", r"\1"),
    (r"\bAsync(Iterator|Items|Transport|Messages|Topics|Templates|Users|Subscriptions|Suppressions|Fanfare)\b", r"\1"),
    (r"\bhttpx2\.AsyncClient\b", "httpx2.Client"),
    (r"\b__a(iter|enter|exit)__\b", r"__\1__"),
    (r"\baclose\b", "close"),
]
HEAD: Final = "# Written by tests/client/unasync.py from its twin in _async.\n"


def twins() -> dict[Path, str]:
    """Each file of `_sync`, and what has to stand in it."""
    sources = (source for source in sorted((PACKAGE / "_async").glob("*.py")) if source.name not in BY_HAND)
    return {PACKAGE / "_sync" / source.name: twin(source.read_text()) for source in sources}


def twin(source: str) -> str:
    for word, replacement in WORDS:
        source = re.sub(word, replacement, source)
    return HEAD + source


if __name__ == "__main__":
    for file, text in twins().items():
        file.write_text(text)
