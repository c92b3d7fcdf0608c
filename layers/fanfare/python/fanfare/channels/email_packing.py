"""Packs mails into calls of SES.

Most text of the mails in a batch is the same. The common begin and end of all mails are sent once, as the template of
the call; each mail adds only its own text, which SES fills in:

    mails of a batch                       one call
    ┌──────────────────────────────┐       template   Dear {{html}}, thank you.
    │ Dear Ada, thank you.         │  ──►  mail 0     {"html": "Ada"}
    │ Dear Bob, thank you.         │       mail 1     {"html": "Bob"}
    └──────────────────────────────┘

The limits of a call are 50 mails and 1 MB, so a batch of large mails becomes several calls. Mails with different parts
(e.g. without HTML) need a different template, so they are in separate calls.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import compress, count, islice
from operator import not_
from typing import Final

import orjson

# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendBulkEmail.html: 50 destinations per call;
# with an inline template the limit of the request is 1 MB, including the envelope around the data;
# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_ReplacementTemplate.html: the limit of replacement data
# is 262,144 characters per mail. SES rejects the whole call for one mail above it.
ENTRIES: Final = 50
CALL_BYTES: Final = 900_000
DATA_CHARACTERS: Final = 262_144
ENTRY_BYTES: Final = 1_000  # address, headers and tags per mail
CHARACTER_BYTES: Final = 4  # upper bound for a character of JSON in UTF-8

Content = Mapping[str, str]

_BRACES: Final = re.compile(r"\{\{|\}\}")
_MARKS: Final = "{}\\"  # next to a placeholder, SES would read these as a part of it


@dataclass(frozen=True)
class Call:
    """One call. `template`: part → template. `fills`: index of the mail → replacement data (JSON)."""

    template: Mapping[str, str]
    fills: Mapping[int, str]

    def halves(self) -> tuple[Call, Call]:
        """Two calls with half of the mails each."""
        fills, middle = self.fills.items(), len(self.fills) // 2
        return Call(self.template, dict(islice(fills, middle))), Call(self.template, dict(islice(fills, middle, None)))


def pack(contents: Sequence[Content], senders: Sequence[str] = ()) -> Iterator[Call]:
    """The calls that send these mails. A mail that is too large for SES is in none of them.

    `senders`: of the mails; those of different senders are in different calls.
    """
    alike: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    for content, sender, index in zip(contents, senders or [""] * len(contents), count(), strict=False):
        alike.setdefault((sender, _parts(content)), []).append(index)
    for (_, parts), indexes in alike.items():
        yield from _pack(contents, indexes, parts)


def _pack(contents: Sequence[Content], indexes: Sequence[int], parts: Sequence[str]) -> Iterator[Call]:
    """Pack mails with the same parts into as few calls as possible."""
    frames = {part: _frame([contents[index].get(part, "") for index in indexes]) for part in parts}
    room = CALL_BYTES - sum(_size(frame.begin + frame.end) for frame in frames.values())
    fills = [_fill(contents[index], frames) for index in indexes]
    sizes = _sizes(fills, room)
    too_large = [size > room or len(fill) > DATA_CHARACTERS for size, fill in zip(sizes, fills, strict=True)]
    if any(too_large):
        if len(indexes) > 1:
            if rest := [*compress(indexes, map(not_, too_large))]:
                yield from _pack(contents, rest, parts)
            for index in compress(indexes, too_large):
                # the frame of a single mail is all of its text, with little replacement data
                yield from _pack(contents, [index], parts)
        return
    template = {part: frame.around(part) for part, frame in frames.items()}
    for start, end in _stretches(sizes, room):
        yield Call(template, dict(zip(indexes[start:end], fills[start:end], strict=True)))


def _parts(content: Content) -> tuple[str, ...]:
    """The parts of a mail. Empty ones are left out: a mail client could show them instead of the others."""
    return ("subject", *([part for part in ("html", "text") if content.get(part)] or ["text"]))


def _fill(content: Content, frames: Mapping[str, _Frame]) -> str:
    return orjson.dumps({part: frame.within(content.get(part, "")) for part, frame in frames.items()}).decode()


def _stretches(sizes: Sequence[int], space: int) -> Iterator[tuple[int, int]]:
    """Ranges (first, after the last) of mails per call, limited by number and bytes."""
    start, room = 0, space
    for index, size in enumerate(sizes):
        if index > start and (index - start == ENTRIES or size > room):
            yield start, index
            start, room = index, space
        room -= size
    yield start, len(sizes)


def _sizes(fills: Sequence[str], room: int) -> list[int]:
    """Bytes of each mail in the call; an upper bound, which is cheaper, if all mails fit even so."""
    most = [CHARACTER_BYTES * len(fill) + ENTRY_BYTES for fill in fills]
    return most if sum(most) <= room else [_size(fill) + ENTRY_BYTES for fill in fills]


def _size(text: str) -> int:
    """Bytes of a text as JSON."""
    return len(orjson.dumps(text))


@dataclass(frozen=True)
class _Frame:
    """Common begin and end of a part in all mails of a call."""

    begin: str
    end: str

    def around(self, part: str) -> str:
        return f"{self.begin}{{{{{part}}}}}{self.end}"

    def within(self, text: str) -> str:
        return text[len(self.begin) : len(text) - len(self.end)]


def _frame(texts: Sequence[str]) -> _Frame:
    """The frame of the texts. It stops at double braces, which SES would read as a placeholder."""
    begin = _BRACES.split(reduce(_shared_begin, texts))[0].rstrip(_MARKS)
    rest = [text[len(begin) :] for text in texts]
    return _Frame(begin, _BRACES.split(reduce(_shared_end, rest))[-1].lstrip(_MARKS))


def _shared_begin(one: str, other: str) -> str:
    """The common begin of two texts."""
    if other.startswith(one):  # the usual case after the first texts
        return one
    return one[: _longest(one, lambda size: other.startswith(one[:size]))]


def _shared_end(one: str, other: str) -> str:
    """The common end of two texts."""
    if other.endswith(one):
        return one
    return one[len(one) - _longest(one, lambda size: other.endswith(one[len(one) - size :])) :]


def _longest(text: str, shared: Callable[[int], bool]) -> int:
    """The number of shared characters, by bisection: if n are shared, n - 1 are, too."""
    return bisect.bisect_left(range(1, len(text) + 1), True, key=lambda size: not shared(size))
