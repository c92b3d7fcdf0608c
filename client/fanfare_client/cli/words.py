"""Words of codes for people. JSON has the codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

NO_WORD: Final = "no_word"
RECEIPTS: Final[Mapping[str, str]] = {
    "delivered": "delivered",
    "delayed": "delayed",
    "bounced": "bounced",
    "bounced_soft": "bounced for now",
    "complained": "complained",
    "rejected": "rejected",
    NO_WORD: "no word yet",
}
REACHED: Final[Mapping[str, str]] = {
    "reached": "reached",
    "partly": "partly reached",
    "nobody": "reached no one",
    "open": "open",
}
STYLES: Final[Mapping[str, str]] = {
    "reached no one": "bold red",
    "partly reached": "yellow",
    "bounced": "red",
    "complained": "red",
    "rejected": "red",
    "failed": "red",
    "delivered": "green",
}


def receipt(code: str | None) -> str:
    """The word for what a provider reported. A later version's code is shown unchanged."""
    return RECEIPTS.get(code or NO_WORD, (code or "").replace("_", " "))


def of_delivery(delivery: Mapping[str, Any]) -> str | None:
    """The outcome of a recipient: what was reported of it, or why it was not sent."""
    return receipt(delivery["receipt"]) if delivery["status"] == "sent" else delivery["reason"]


def reach(message: Mapping[str, Any]) -> str:
    return REACHED.get(message["outcome"], message["outcome"])
