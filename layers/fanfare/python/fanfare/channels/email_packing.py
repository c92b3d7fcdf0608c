"""Which mails go to SES in one call, and what of each.

Mails of one batch are mostly the same text. What they all begin and end with is sent once, as the call's
template; each mail is only what it has of its own, which SES fills in:

    mails of a batch                       one call
    ┌──────────────────────────────┐       template   Dear {{html}}, thank you.
    │ Dear Ada, thank you.         │  ──►  mail 0     {"html": "Ada"}
    │ Dear Bob, thank you.         │       mail 1     {"html": "Bob"}
    └──────────────────────────────┘

A call takes 50 mails and 1 MB, so a batch of large mails becomes several calls. Mails with other parts (no HTML,
for example) need another template, so they are other calls.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import islice
from typing import Final

import orjson

# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendBulkEmail.html: 50 destinations a call;
# with an inline template the request is at most 1 MB, of which we leave some for the envelope around the data;
# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_ReplacementTemplate.html: what is filled in, 262,144
# characters a mail. A mail above that makes SES refuse its whole call.
ENTRIES: Final = 50
CALL_BYTES: Final = 900_000
DATA_CHARACTERS: Final = 262_144
ENTRY_BYTES: Final = 1_000  # address, headers and tags of a mail
CHARACTER_BYTES: Final = 4  # at most, of what is JSON already: UTF-8

Content = Mapping[str, str]

_BRACES: Final = re.compile(r"\{\{|\}\}")
_MARKS: Final = "{}\\"  # next to a place to fill in, SES would read each as a part of it


@dataclass(frozen=True)
class Call:
    """One call: the template of each part, and what SES fills in for each mail (JSON), by the mail's index."""

    template: Mapping[str, str]
    fills: Mapping[int, str]

    def halves(self) -> tuple[Call, Call]:
        """Two calls with half of the mails each, in order."""
        fills, middle = self.fills.items(), len(self.fills) // 2
        return Call(self.template, dict(islice(fills, middle))), Call(self.template, dict(islice(fills, middle, None)))


def pack(contents: Sequence[Content]) -> Iterator[Call]:
    """The calls that send these mails. A mail that SES takes in no call, even alone, is in none of them."""
    by_parts: dict[tuple[str, ...], list[int]] = {}
    for index, content in enumerate(contents):
        by_parts.setdefault(_parts(content), []).append(index)
    for parts, indexes in by_parts.items():
        yield from _pack(contents, indexes, parts)


def _pack(contents: Sequence[Content], indexes: Sequence[int], parts: Sequence[str]) -> Iterator[Call]:
    """Mails with the same parts, in as few calls as SES takes them in."""
    frames = {part: _frame([contents[index].get(part, "") for index in indexes]) for part in parts}
    room = CALL_BYTES - sum(_size(frame.begin + frame.end) for frame in frames.values())
    fills = [_fill(contents[index], frames) for index in indexes]
    sizes = _sizes(fills, room)
    if max(sizes) > room or any(len(fill) > DATA_CHARACTERS for fill in fills):
        if len(indexes) > 1:
            for index in indexes:  # alone, the frame of a mail is all of it: there is little left to fill in
                yield from _pack(contents, [index], parts)
        return
    template = {part: frame.around(part) for part, frame in frames.items()}
    for start, end in _stretches(sizes, room):
        yield Call(template, dict(zip(indexes[start:end], fills[start:end], strict=True)))


def _parts(content: Content) -> tuple[str, ...]:
    """The parts of a mail. An empty one is left out: a mail program would show it instead of the other."""
    return ("subject", *([part for part in ("html", "text") if content.get(part)] or ["text"]))


def _fill(content: Content, frames: Mapping[str, _Frame]) -> str:
    return orjson.dumps({part: frame.within(content.get(part, "")) for part, frame in frames.items()}).decode()


def _stretches(sizes: Sequence[int], space: int) -> Iterator[tuple[int, int]]:
    """As many mails a call as SES takes, by number and by bytes, in order: (first, after the last)."""
    start, room = 0, space
    for index, size in enumerate(sizes):
        if index > start and (index - start == ENTRIES or size > room):
            yield start, index
            start, room = index, space
        room -= size
    yield start, len(sizes)


def _sizes(fills: Sequence[str], room: int) -> list[int]:
    """Bytes of each mail in the call; an upper bound if even that leaves room for all, which is cheaper."""
    most = [CHARACTER_BYTES * len(fill) + ENTRY_BYTES for fill in fills]
    return most if sum(most) <= room else [_size(fill) + ENTRY_BYTES for fill in fills]


def _size(text: str) -> int:
    """Bytes in the call, as JSON."""
    return len(orjson.dumps(text))


@dataclass(frozen=True)
class _Frame:
    """What a part begins and ends with in all mails of a call."""

    begin: str
    end: str

    def around(self, part: str) -> str:
        return f"{self.begin}{{{{{part}}}}}{self.end}"

    def within(self, text: str) -> str:
        return text[len(self.begin) : len(text) - len(self.end)]


def _frame(texts: Sequence[str]) -> _Frame:
    """The frame of the texts, up to where SES would take it for a place to fill in: two braces in a row."""
    begin = _BRACES.split(reduce(_shared_begin, texts))[0].rstrip(_MARKS)
    rest = [text[len(begin) :] for text in texts]
    return _Frame(begin, _BRACES.split(reduce(_shared_end, rest))[-1].lstrip(_MARKS))


def _shared_begin(one: str, other: str) -> str:
    """What both texts begin with."""
    if other.startswith(one):  # mostly true once what differs is left out
        return one
    return one[: _longest(one, lambda size: other.startswith(one[:size]))]


def _shared_end(one: str, other: str) -> str:
    """What both texts end with."""
    if other.endswith(one):
        return one
    return one[len(one) - _longest(one, lambda size: other.endswith(one[len(one) - size :])) :]


def _longest(text: str, shared: Callable[[int], bool]) -> int:
    """How many characters of a text are shared, found by bisection: if n are shared, n - 1 are, too."""
    return bisect.bisect_left(range(1, len(text) + 1), True, key=lambda size: not shared(size))
