"""Writes docs/reasons.md from the reason codes: `python -m tools.reasons_page`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fanfare.channels.reasons import Reason

PAGE: Final = Path(__file__).parent.parent / "docs" / "reasons.md"
HEAD: Final = """\
<!-- Generated from fanfare/channels/reasons.py by `python -m tools.reasons_page`; a test fails if they differ. -->
# Reason codes

Why a delivery was skipped, failed or waits, or why a message changed its state: `reason` in the API and in events.
Codes never change. A delivery with a code that is retried waits for its next attempt; it fails after `max_attempts`.

| code | meaning | retried | what to do |
|---|---|---|---|
"""


def page() -> str:
    """The whole page."""
    return HEAD + "".join(
        f"| `{reason}` | {reason.text} | {'yes' if reason.retryable else 'no'} | {reason.advice} |\n"
        for reason in sorted(Reason)
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
