"""Words for a refusal. What is not understood is a refusal too."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

ALL: Final = ("email", "phone")
CHANNELS: Final = {
    "email": "email",
    "mail": "email",
    "e-mail": "email",
    "sms": "phone",
    "text": "phone",
    "phone": "phone",
}
# Everything else is a refusal
_NOT: Final = (
    "0 0.0 - f false n no none not off never null nil na n/a in optin opt-in subscribed active enabled allowed granted "
    "falsch nein faux non falso não nao onwaar nee fałsz falsz nie ложь нет 偽 いいえ 否 假"
)
NOT_REFUSED: Final = frozenset(_NOT.split())


def refused(value: str) -> tuple[list[str], bool]:
    """The refused fields, and whether the word is understood as a refusal of certain or of all channels."""
    text = unicodedata.normalize("NFKC", value).strip().casefold()
    if not text or text in NOT_REFUSED:
        return [], True
    words = [word for word in re.split(r"[\s,;|/+&]+", text) if word]
    if words and all(word in CHANNELS for word in words):
        return [field for field in ALL if field in {CHANNELS[word] for word in words}], True
    return [*ALL], False
