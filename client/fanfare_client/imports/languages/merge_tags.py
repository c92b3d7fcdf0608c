"""Mailchimp's merge tags as Jinja2: fields, conditions, and the links and names that Fanfare has.

https://mailchimp.com/help/all-the-merge-tags-cheat-sheet/ and https://mailchimp.com/help/use-conditional-merge-tag-blocks/
"""

from __future__ import annotations

import json
import re
from typing import Final

from ..records import attribute_name
from .converted import Converted, literal

_MERGE: Final = re.compile(r"\*\|([^|*\n]{1,200})\|\*")
_FIELD: Final = re.compile(r"[A-Z][A-Z0-9_]{0,49}")
# fields are stored as text, so `<` and `>` would compare letters
_CONDITION: Final = re.compile(r"(IF|IFNOT|ELSEIF):\s*([A-Z][A-Z0-9_]*)\s*(?:(!?=)\s*(.*?))?\s*")
_SAME: Final = {
    "UNSUB": "links.unsubscribe",
    "UPDATE_PROFILE": "links.preferences",
    "ARCHIVE": "links.view",
    "LIST:COMPANY": "brand.name",
    "LIST:URL": "brand.url",
    "LIST:ADDRESS": "brand.address",
    "LIST:ADDRESSLINE": "brand.address",
    "LIST_ADDRESS": "brand.address",
    "LIST_ADDRESSLINE": "brand.address",
    "LIST_ADDRESSLINE_TEXT": "brand.address",
    "HTML:LIST_ADDRESS_HTML": "brand.address",
    "LIST:NAME": "topic.title",
    "FNAME": "user.name",
}
# Words of Mailchimp that look like fields, and the beginnings of more of them
_OWN: Final = frozenset(
    {
        "ARCHIVE_PAGE", "CURRENT_YEAR", "DELIVERABILITY_TEST", "EMAIL", "FORWARD", "REWARDS", "REWARDS_TEXT", "UNIQID",
        "ABOUT_LIST", "POLL", "SURVEY", "TRANSLATE", "COUPON", "OPTIN_DATE", "OPTIN_TIME",
    }
)  # fmt: skip
_OWN_BEGINNINGS: Final = ("MC_", "LIST_", "USER_", "CAMPAIGN_", "EMAIL_", "FEED", "RSS", "FACEBOOK", "TWITTER")
_OTHER: Final = ""  # a condition that is not converted
WHY: Final = {
    "EMAIL": "templates do not see the address",
    "LNAME": "a user has one name, which *|FNAME|* prints whole",
    "MC_PREVIEW_TEXT": "write the part preheader",
    "CURRENT_YEAR": "templates do not see the date; write the year, or put it in the data",
}
WHY_NOT: Final = "Fanfare has no such tag"
WHY_CONDITION: Final = "a condition is converted if it asks whether a field is there, or is equal to a text"


def has_merge_tags(source: str) -> bool:
    return bool(_MERGE.search(source))


def merge_tags(source: str) -> Converted:
    """Merge tags as Jinja2."""
    return _MergeTags().of(source)


class _MergeTags:
    def __init__(self) -> None:
        self.found = Converted()
        self.blocks: list[str] = []  # if or _OTHER

    def of(self, source: str) -> Converted:
        parts: list[str] = []
        place = 0
        # first and last name together are the name
        for tag in _MERGE.finditer(source := re.sub(r"\*\|FNAME\|\*\s+\*\|LNAME\|\*", "*|FNAME|*", source)):
            parts.append(literal(source[place : tag.start()]))
            place = tag.end()
            parts.append(self._tag(tag[0], tag[1].strip()))
        self.found.text = "".join(parts) + literal(source[place:])
        if any(self.blocks):
            self.found.leave("*|IF:…|*", "is not closed")
        return self.found

    def _tag(self, whole: str, word: str) -> str:
        if word.startswith(("IF", "ELSEIF:")) and ":" in word:
            return self._condition(whole, word)
        if word in ("ELSE:", "ELSE", "END:IF") and self.blocks:
            other = self.blocks[-1] == _OTHER
            if word == "END:IF":
                self.blocks.pop()
                return whole if other else "{% endif %}"
            return whole if other else "{% else %}"
        path = _SAME.get(word) or _field(word)
        return f"{{{{ {path} }}}}" if path else self.found.leave(whole, WHY.get(word, WHY_NOT))

    def _condition(self, whole: str, word: str) -> str:
        found = _CONDITION.fullmatch(word)
        path = found and (_field(found[2]) or (_SAME.get(found[2]) if found[2] == "FNAME" else None))
        chained = word.startswith("ELSEIF:")
        if not found or not path or (chained and (not self.blocks or self.blocks[-1] == _OTHER)):
            if not chained:
                self.blocks.append(_OTHER)
            elif self.blocks and self.blocks[-1] == _OTHER:
                return whole  # listed where it began
            return self.found.leave(whole, WHY_CONDITION if not found else WHY.get(found[2], WHY_NOT))
        if not chained:
            self.blocks.append("if")
        return f"{{% {'elif' if chained else 'if'} {_asked(found, path)} %}}"


def _asked(found: re.Match[str], path: str) -> str:
    """The condition in Jinja2."""
    if not found[3]:
        return f"not {path}" if found[1] == "IFNOT" else path
    equals = (found[3] == "=") != (found[1] == "IFNOT")
    text = json.dumps(found[4].strip("\"'"), ensure_ascii=False)
    return f"{path} {'==' if equals else '!='} {text}"


def _field(word: str) -> str | None:
    """The attribute that a field of contacts became; None for any other word."""
    if not _FIELD.fullmatch(word) or word in _OWN or word in WHY or word.startswith(_OWN_BEGINNINGS):
        return None
    name = attribute_name(word)
    return f"user.attributes.{name}" if name and word not in _SAME else None
