"""Where a mail's HTML begins and ends for a reader: the places of the preheader and the footer.

The author's HTML stays as it is: places are found by its tags, and an HTML parser says whether they are what they look
like. If not, e.g. within a table that is never closed, the HTML is written again as the parser reads it.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from fanfare.templates.shared_blocks import Block
from fanfare.templates.text import HTML_LIMIT

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser

BEGINS: Final = (
    re.compile(r"<body\b(?:\"[^\"]*+\"|'[^']*+'|[^>\"'])*+>", re.IGNORECASE),
    re.compile(r"</head\s*+>", re.IGNORECASE),
)
STYLE_ENDS: Final = re.compile(r"</style\s*+>", re.IGNORECASE)
ENDS: Final = (re.compile(r"</body\s*+>", re.IGNORECASE), re.compile(r"</html\s*+>", re.IGNORECASE))
MARK: Final = '<div data-fanfare="place"></div>'
CLOSING: Final = "</body>"


def placed(blocks: Sequence[Block], rendered: Mapping[str, str], *, before: str, after: str) -> str:
    """The HTML with something at the begin and the end of what a reader sees. It is read once per message if what is
    printed for a reader contains no tags."""
    html = "".join(rendered.values())
    own = [each.name for each in blocks if not each.shared]
    if any("<" in rendered[name] for name in own):
        return _placed(html, _places(html), before, after)
    places = _of_message(tuple(None if name in own else rendered[name] for name in rendered))
    if places is None:
        return _placed(html, None, before, after)
    texts = list(rendered.values())
    begin, end = (sum(map(len, texts[:piece])) + offset for piece, offset in places)
    return _placed(html, (begin, end), before, after)


@functools.lru_cache(maxsize=32)
def _of_message(pieces: tuple[str | None, ...]) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Each place as the number of pieces before it, and an offset in the next one. A reader's own pieces are None: they
    are within the two places."""
    found = _places("".join(piece or "" for piece in pieces))
    if found is None:
        return None
    begins = [0, *accumulate(len(piece or "") for piece in pieces)]
    first = next(index for index, end in enumerate(begins[1:]) if end >= found[0])
    last = max(index for index, begin in enumerate(begins) if begin <= found[1])
    return (first, found[0] - begins[first]), (last, found[1] - begins[last])


def _placed(html: str, places: tuple[int, int] | None, before: str, after: str) -> str:
    if places is None:
        html, places = _written_again(html)
    begin, end = places
    return f"{html[:begin]}{before}{html[begin:end]}{after}{html[end:]}"


def _places(html: str) -> tuple[int, int] | None:
    """Begin and end of the body; None if they can't be found in the text."""
    if len(html) > HTML_LIMIT:  # too long for the parser
        return next(_begins(html)), next(_ends(html))
    begin = next((each for each in _begins(html) if _is_in_body(html, each)), None)
    end = next((each for each in _ends(html) if _is_in_body(html, each)), None)
    return None if begin is None or end is None or begin > end else (begin, end)


def _begins(html: str) -> Iterator[int]:
    for pattern in BEGINS:
        if (found := pattern.search(html)) is not None:
            yield found.end()
    yield max((found.end() for found in STYLE_ENDS.finditer(html)), default=0)


def _ends(html: str) -> Iterator[int]:
    for pattern in ENDS:
        yield from reversed([found.start() for found in pattern.finditer(html)][-3:])
    yield len(html)


def _is_in_body(html: str, place: int) -> bool:
    """Whether an element at this place is a child of the body."""
    found = _tree(f"{html[:place]}{MARK}{html[place:]}").css_first("[data-fanfare=place]")
    return found is not None and found.parent is not None and found.parent.tag == "body"


def _written_again(html: str) -> tuple[str, tuple[int, int]]:
    """The HTML as the parser reads it, and the places in it."""
    tree = _tree(html)
    written, body = tree.html or "", tree.body
    if body is None or not body.html or not body.html.endswith(CLOSING):  # e.g. a frameset
        return written, (0, len(written))
    end = written.rindex(body.html) + len(body.html) - len(CLOSING)
    return written, (end - len(body.inner_html or ""), end)


def _tree(html: str) -> LexborHTMLParser:
    from selectolax.lexbor import LexborHTMLParser  # noqa: PLC0415 - most workers never need it

    return LexborHTMLParser(html)
