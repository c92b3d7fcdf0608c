"""Text of files: decompressed, decoded, and line by line in bounded memory."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from ..records import Unreadable

LINE_LIMIT: Final = 256 * 1024  # characters
GZIP: Final = b"\x1f\x8b"
BLOCK: Final = 1 << 16
BOMS: Final = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@contextmanager
def opened(file: Path) -> Iterator[IO[bytes]]:
    """The file, decompressed. Raises Unreadable."""
    try:
        with file.open("rb") as raw:
            compressed = raw.read(2) == GZIP
            raw.seek(0)
            yield gzip.GzipFile(fileobj=raw) if compressed else raw  # type: ignore[misc]  # both read bytes
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise Unreadable(f"{file} is damaged or truncated: {error}") from error
    except OSError as error:
        raise Unreadable(f"Can't read {file}: {error.strerror or error}") from error


def encoding_of(file: Path) -> str:
    """The encoding, if it can be seen. Raises Unreadable."""
    with opened(file) as content:
        start = content.read(BLOCK)
        for bom, name in BOMS:
            if start.startswith(bom):
                return name
        if b"\0" in start:  # UTF-16 without a mark: in most texts, one byte of two is zero
            return "utf-16-le" if start[1::2].count(0) >= start[::2].count(0) else "utf-16-be"
        decoder = codecs.getincrementaldecoder("utf-8")()
        place = 0
        try:
            while start:
                decoder.decode(start)
                place += len(start)
                start = content.read(BLOCK)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            raise Unreadable(
                f"{file} is not UTF-8 (byte {place + error.start + 1}), and others can't be distinguished. Pass "
                "--encoding: windows-1252 for Excel in Western Europe and America, windows-1250 in Central Europe, "
                "windows-1251 for Cyrillic, cp932 in Japan; or save the file as UTF-8."
            ) from error
    return "utf-8"


def lines_of(file: Path, encoding: str | None = None, *, errors: str = "strict") -> Iterator[tuple[int, str]]:
    """The lines, numbered from 1, that end with LF, CR or CRLF. A too long one is cut just above the limit."""
    try:
        with opened(file) as content:
            text = io.TextIOWrapper(content, encoding or encoding_of(file), errors, newline="")
            yield from _lines(text)
            text.detach()
    except UnicodeDecodeError as error:
        raise Unreadable(f"{file} is not {error.encoding}: {error.reason}. Pass another --encoding.") from error
    except LookupError as error:
        raise Unreadable(f"--encoding {encoding}: unknown.") from error


def _lines(text: io.TextIOWrapper) -> Iterator[tuple[int, str]]:
    number = 0
    while line := text.readline(LINE_LIMIT + 2):
        number += 1
        while not line.endswith(("\n", "\r")) and (rest := text.readline(LINE_LIMIT)):
            line = line[: LINE_LIMIT + 2] + ("\n" if rest.endswith(("\n", "\r")) else "")
        yield number, line.removeprefix("\ufeff") if number == 1 else line
