"""Packs mails into calls of SES.

Most text of the mails in a batch is the same. It is sent once, as the template of the call; each mail adds only its
own text, which SES fills in:

    mails of a batch                       one call
    ┌──────────────────────────────┐       template   Dear {{html}}, thank you. Leave: {{html_2}}
    │ Dear Ada, thank you. Leave: 7│  ──►  mail 0     {"html": "Ada", "html_2": "7"}
    │ Dear Bob, thank you. Leave: 9│       mail 1     {"html": "Bob", "html_2": "9"}
    └──────────────────────────────┘

The limits of a call are 50 mails and 1 MB, so a batch of large mails becomes several calls. Mails with different parts
(e.g. without HTML) need a different template, so they are in separate calls.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce
from itertools import compress, count, islice
from operator import not_
from typing import Final

import orjson

from fanfare.data_classes import dataclass

# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendBulkEmail.html: 50 destinations per call;
# with an inline template the limit of the request is 1 MB, including the envelope around the data;
# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_ReplacementTemplate.html: the limit of replacement data
# is 262,144 characters per mail. SES rejects the whole call for one mail above it.
ENTRIES: Final = 50
CALL_BYTES: Final = 900_000
DATA_CHARACTERS: Final = 262_144
ENTRY_BYTES: Final = 1_000  # address, headers and tags per mail
CHARACTER_BYTES: Final = 4  # upper bound for a character of JSON in UTF-8
FITS: Final = DATA_CHARACTERS // 8  # characters of a mail that fits whatever they are: one is at most 6 in JSON
ANCHOR: Final = 64  # characters: a shorter piece costs more than it saves
ANCHORS: Final = 16  # per part
WORDS: Final = 64  # after which a difference is given up

Content = Mapping[str, str]

_BRACES: Final = re.compile(r"\{\{|\}\}")
_WORDS: Final = re.compile(r"[\s>\"/]")  # an anchor begins after one of these
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


def fits(content: Content) -> bool:
    """Whether SES takes a mail by its size."""
    return sum(map(len, content.values())) <= FITS or next(pack([content]), None) is not None


def _pack(contents: Sequence[Content], indexes: Sequence[int], parts: Sequence[str]) -> Iterator[Call]:
    """Pack mails with the same parts into as few calls as possible."""
    frames = {part: _frame(part, [contents[index].get(part, "") for index in indexes]) for part in parts}
    template = {part: frame.around() for part, frame in frames.items()}
    room = CALL_BYTES - sum(map(_size, template.values()))
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
    for start, end in _stretches(sizes, room):
        yield Call(template, dict(zip(indexes[start:end], fills[start:end], strict=True)))


def _parts(content: Content) -> tuple[str, ...]:
    """The parts of a mail. Empty ones are left out: a mail client could show them instead of the others."""
    return ("subject", *([part for part in ("html", "text") if content.get(part)] or ["text"]))


def _fill(content: Content, frames: Mapping[str, _Frame]) -> str:
    own: dict[str, str] = {}
    for part, frame in frames.items():
        own.update(zip(frame.names, frame.within(content.get(part, "")), strict=True))
    return orjson.dumps(own).decode()


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
    """What a part has in common in all mails of a call: its begin, anchors, in order, and its end."""

    names: Sequence[str]  # of the placeholders
    begin: str
    anchors: Sequence[str]
    end: str

    def around(self) -> str:
        places = [f"{{{{{name}}}}}" for name in self.names]
        after = [*self.anchors, self.end]
        return self.begin + "".join(place + text for place, text in zip(places, after, strict=True))

    def within(self, text: str) -> list[str]:
        """A mail's own text for each placeholder."""
        own, at = [], len(self.begin)
        for anchor in self.anchors:
            found = _find(anchor, text, at)
            own.append(text[at:found])
            at = found + len(anchor)
        return [*own, text[at : len(text) - len(self.end)]]


def _frame(part: str, texts: Sequence[str]) -> _Frame:
    """The frame of the texts. No shared text has double braces, which SES would read as a placeholder."""
    begin = _BRACES.split(reduce(_shared_begin, texts))[0].rstrip(_MARKS)
    rest = [text[len(begin) :] for text in texts]
    end = _BRACES.split(reduce(_shared_end, rest))[-1].lstrip(_MARKS)
    anchors = _anchors([text[: len(text) - len(end)] for text in rest])
    names = [part, *(f"{part}_{number}" for number in range(2, len(anchors) + 2))]
    return _Frame(names, begin, anchors, end)


def _anchors(texts: Sequence[str]) -> list[str]:
    """Long pieces that all texts have in common, in this order."""
    one = min(texts, key=len)
    if len(one) < ANCHOR:
        return []
    other = next((text for text in texts if not text.startswith(one[:1])), texts[-1])  # the begin of all is taken off
    found = [*_common(one, other)]
    for text in texts:
        found = [*_held(found, text)]
    pieces = [piece.strip(_MARKS) for anchor in found for piece in _BRACES.split(anchor)]
    return [piece for piece in pieces if len(piece) >= ANCHOR]


def _common(one: str, other: str) -> Iterator[str]:
    """Long pieces that two texts have in common; not all of them, because only the first words after a difference are
    looked for."""
    at = to = 0
    for _ in range(ANCHORS):
        for start in (word.end() for word in islice(_WORDS.finditer(one, at), WORDS)):
            met = other.find(one[start : start + ANCHOR], to) if start + ANCHOR <= len(one) else -1
            if met >= 0:
                break
        else:
            return
        piece = _begin_in(one[start:], other, met)
        yield piece
        at, to = start + len(piece), met + len(piece)


def _held(anchors: Sequence[str], text: str) -> Iterator[str]:
    """The anchors, as far as the text has them. A text that has some anchors has their begins in the same order."""
    at = 0
    for anchor in anchors:
        met = _find(anchor, text, at)
        if met < 0:
            met = text.find(anchor[:ANCHOR], at)
            if met < 0:
                continue
            anchor = _begin_in(anchor, text, met)  # noqa: PLW2901 - shorter from here on
        yield anchor
        at = met + len(anchor)


def _find(anchor: str, text: str, at: int) -> int:
    """Like `text.find`, which is slower for a long word, because it prepares tables for it."""
    for _ in range(ANCHORS):
        at = text.find(anchor[:ANCHOR], at)
        if at < 0 or text.startswith(anchor, at):
            return at
        at += 1
    return text.find(anchor, at)


def _begin_in(piece: str, text: str, at: int) -> str:
    """The begin of a piece that the text has at this place."""
    return piece[: _longest(piece, lambda size: text.startswith(piece[:size], at))]


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
