"""No pattern of ours can be kept busy: each is found in the source, and read against what it reads worst."""

from __future__ import annotations

import ast
import itertools
import re
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from re import _parser
from typing import Any

import fanfare
import pytest
from fanfare import ids
from fanfare.api import mail_programs, requests
from fanfare.schemas.posted import sending
from fanfare.schemas.scalars import _LOCALE, _PHONE, _URL, HOUR, _email
from fanfare.templates.text import derived_text

from infra.setting_types import STAGE
from tests import syntax

ROOT = Path(__file__).parents[2]
# of the domain those that are imported: with a bug planted, these are a copy
FOLDERS = (Path(fanfare.__file__).parent, ROOT / "functions", ROOT / "infra")
SOURCES = sorted(path for folder in FOLDERS for path in folder.rglob("*.py"))
CALLS = {"compile", "match", "fullmatch", "search", "findall", "finditer", "sub", "subn", "split"}
# Those that are put together by an f-string, or handed over by a name
BUILT = {
    "derived_text.py": [
        derived_text.MARKS,
        derived_text.MARK,
        derived_text.IN_LINK,
        derived_text.HOLE,
        derived_text.LANGUAGE,
        derived_text.HREF,
        derived_text.STYLE,
    ],
    "ceilings.py": [re.compile(HOUR)],
    "admission.py": [re.compile("(/v1/suppressions/[^/]+/)(.+)")],
    "scalars.py": [re.compile(each) for each in (_PHONE, _LOCALE, HOUR, _URL)],
    "ids.py": [re.compile(ids.USER_ID_PATTERN)],
    "mail_programs.py": [mail_programs.LINK],
    "settings.py": [re.compile(STAGE)],
    "sending.py": [re.compile(sending._LOCAL, re.ASCII), re.compile(sending._DURATION, re.ASCII)],
}
LENGTH = 8_000
TOO_SLOW = 0.1  # seconds: what is linear takes a thousandth, what is quadratic a third


def written() -> Iterator[tuple[str, int, ast.expr]]:
    """Every call of `re`: file, line, pattern."""
    for path in SOURCES:
        for node in syntax.nodes(path):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "re"
                and node.func.attr in CALLS
            ):
                yield path.name, node.lineno, node.args[0]


def patterns() -> dict[str, str]:
    """Where it stands → the pattern, and those that are built."""
    found = {
        f"{name}:{line}": each.value
        for name, line, each in written()
        if isinstance(each, ast.Constant) and isinstance(each.value, str)
    }
    for path in SOURCES:  # ours to pydantic: _pattern("…", code, detail)
        for node in syntax.nodes(path):
            ours = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_pattern"
            if isinstance(node, ast.Call) and ours and isinstance(node.args[0], ast.Constant):
                found[f"{path.name}:{node.lineno}"] = str(node.args[0].value)
    return found | {f"{name}#{place}": each.pattern for name, all_ in BUILT.items() for place, each in enumerate(all_)}


PATTERNS = patterns()


def test_every_pattern_of_the_source_is_known_here() -> None:
    built = {name for name, _, each in written() if not isinstance(each, ast.Constant)}
    assert built <= BUILT.keys()
    assert len(PATTERNS) >= 20


def letters(parsed: Any) -> Iterator[str]:
    """A letter for each piece that a pattern is made of, in their order: together, something that it takes."""
    for kind, argument in parsed:
        name = str(kind)
        if name == "LITERAL":
            yield chr(argument)
        elif name == "IN":
            yield next((each for each in " a0\"'<{/-A.=\n\ue000" if re.fullmatch(_class(argument), each)), "a")
        elif name in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}:
            yield from list(letters(argument[2])) * max(1, argument[0])
        elif name == "SUBPATTERN":
            yield from letters(argument[3])
        elif name == "BRANCH":
            yield from itertools.chain.from_iterable(map(letters, argument[1]))
        elif name in {"ANY", "NOT_LITERAL"}:
            yield "a"


def _class(argument: Any) -> str:
    """A set of letters, as it is written."""
    said = {"CATEGORY_DIGIT": r"\d", "CATEGORY_SPACE": r"\s", "CATEGORY_WORD": r"\w", "CATEGORY_NOT_SPACE": r"\S"}
    parts = []
    for kind, value in argument:
        match str(kind):
            case "NEGATE":
                parts.append("^")
            case "LITERAL":
                parts.append(re.escape(chr(value)))
            case "RANGE":
                parts.append(f"{re.escape(chr(value[0]))}-{re.escape(chr(value[1]))}")
            case "CATEGORY":
                parts.append(said[str(value)])
    return f"[{''.join(parts)}]"


def worst(pattern: str) -> Iterator[str]:
    """Texts that begin as the pattern wants, go on and on with a piece of it, and then do not end as it wants."""
    pieces = list(letters(_parser.parse(pattern)))
    starts = ["".join(pieces[:length]) for length in range(0, len(pieces) + 1, 1 + len(pieces) // 12)]
    loops = [*pieces, "".join(pieces), *(a + b for a, b in itertools.pairwise(pieces)), "a", " ", "1", "<", "{"]
    for start, loop in itertools.product(starts, list(dict.fromkeys(filter(None, loops)))[:16]):
        yield f"{start}{loop * (LENGTH // len(loop))}\x01 \x01"


def slowest(pattern: str, texts: Iterable[str]) -> float:
    """Seconds of CPU for the worst of the texts; no further than what is too slow."""
    compiled, found = re.compile(pattern), 0.0
    for text in texts:
        took = seconds(compiled, text)
        if took > TOO_SLOW:  # whatever else the machine does only ever adds
            took = min(took, seconds(compiled, text), seconds(compiled, text))
        found = max(found, took)
        if found > TOO_SLOW:
            break
    return found


def seconds(compiled: re.Pattern[str], text: str) -> float:
    """Seconds of CPU for one text."""
    began = time.thread_time()
    compiled.fullmatch(text)
    for _ in compiled.finditer(text):
        pass
    return time.thread_time() - began


@pytest.mark.parametrize("place", PATTERNS)
def test_a_pattern_reads_in_no_time(place: str) -> None:
    assert slowest(PATTERNS[place], worst(PATTERNS[place])) < TOO_SLOW


# As they stood here once, and the one that every book has
@pytest.mark.parametrize(
    "pattern",
    [
        r"(a+)+b",
        r"<(/?)([a-zA-Z][a-zA-Z0-9]*)([^<>]*)>",
        r"""([a-zA-Z-]+)\s*=\s*(?:"([^"]*)")""",
        r"https?://[^\s/?#@]+(/[^\s]*)?(\?[^\s]*)?",
    ],
)
def test_one_that_is_not_linear_is_found(pattern: str) -> None:
    texts = ["a" * 22 + "\x01"] if pattern == r"(a+)+b" else worst(pattern)
    assert slowest(pattern, texts) > TOO_SLOW


def test_an_address_of_the_longest_is_refused_in_no_time() -> None:
    for text in ("a@" + "a." * 126, "a" * 254, '"' + "\\a" * 120 + '"@a.b', "@" * 254, "a@[" + "1." * 120, "(" * 250):
        began = time.thread_time()
        with pytest.raises(ValueError, match=r".+"):
            _email(text)
        assert time.thread_time() - began < 0.1


def test_a_key_of_idempotency_is_refused_in_no_time() -> None:
    began = time.thread_time()
    with pytest.raises(Exception, match=r"visible|wrong"):
        requests.idempotency_key('"' + "\\\\" * 100_000 + '"')
    assert time.thread_time() - began < 0.5
