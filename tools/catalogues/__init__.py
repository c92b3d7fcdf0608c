"""Extracts the texts of pages and mails into the catalogues, and compiles them: `python -m tools.catalogues`.

A new text stands in each `.po` file without a translation until somebody writes it; a test fails until then.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from babel.messages import Catalog, Message, extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from fanfare.channels import CHANNELS
from fanfare.translations import CATALOGUES, LANGUAGES, SOURCE

ROOT: Final = Path(__file__).parents[2]
PACKAGE: Final = ROOT / "layers" / "fanfare" / "python" / "fanfare"
MARKED: Final = ("translations/__init__.py", "self_service/pages/texts.py")
OTHERS: Final = tuple(language for language in LANGUAGES if language != SOURCE)


def texts() -> Iterator[tuple[str, str]]:
    """(Text, file that has it), in their order."""
    for name in MARKED:
        source = io.BytesIO((PACKAGE / name).read_bytes())
        for _, text, _, _ in extract.extract("python", source, keywords={"N_": None}):
            yield str(text), name
    for channel in CHANNELS.values():
        file = f"channels/{channel.__module__.rpartition('.')[2]}.py"
        yield channel.title, file
        yield channel.by, file


class Plain(Catalog):
    """A catalogue whose header is the same with each run: without times, and without Babel's version."""

    def __iter__(self) -> Iterator[Message]:
        lines = (
            f"Language: {self.locale_identifier}",
            f"Plural-Forms: {self.plural_forms}",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: 8bit",
        )
        yield Message("", "".join(f"{line}\n" for line in lines))
        yield from (each for each in super().__iter__() if each.id)


def template() -> Catalog:
    """All texts, without translations."""
    found = Catalog(fuzzy=False)
    for text, file in texts():
        # python-brace-format: what stands in braces is filled in
        found.add(text, locations=[(file, 0)], flags=["python-brace-format"] if "{" in text else [])
    return found


def source_file(language: str) -> Path:
    return CATALOGUES / f"{language}.po"


def compiled_file(language: str) -> Path:
    return CATALOGUES / f"{language}.mo"


def read(language: str) -> Catalog:
    """The catalogue as it is written in its file."""
    with source_file(language).open("rb") as file:
        return read_po(file, locale=_locale(language))


def written(language: str) -> bytes:
    """What the file should be: the texts of the code, and their translations."""
    known = read(language) if source_file(language).exists() else Catalog()
    fresh = Plain(locale=_locale(language), fuzzy=False, header_comment=f"# {LANGUAGES[language]}")
    for each in template():
        if each.id:
            before = known.get(each.id)
            fresh.add(each.id, before.string if before else "", locations=each.locations, flags=each.flags)
    found = io.BytesIO()
    write_po(found, fresh, width=118, include_lineno=False)
    return found.getvalue()


def compiled(language: str) -> bytes:
    """The catalogue as gettext reads it."""
    plain = Plain(locale=_locale(language), fuzzy=False)
    for each in read(language):
        if each.id:
            plain.add(each.id, each.string)
    found = io.BytesIO()
    write_mo(found, plain)
    return found.getvalue()


def _locale(language: str) -> str:
    return language.replace("-", "_")
