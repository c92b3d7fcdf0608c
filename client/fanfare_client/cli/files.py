"""Option values, and templates from files."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, cast

from ..types import TemplateBody

JSON_FILES = ("schema", "example")


def text(value: str | None) -> str | None:
    """The value; for `@file` the file's content, for `@-` stdin. Raises ValueError."""
    if value is None or not value.startswith("@"):
        return value
    return sys.stdin.read() if value == "@-" else _read(Path(value[1:]))


def json_object(value: str | None, option: str) -> Any:
    """Like `text`, parsed as a JSON object. Raises ValueError."""
    written = text(value)
    if written is None:
        return None
    try:
        found = json.loads(written)
    except ValueError as error:
        raise ValueError(f"{option} is not valid JSON: {error}. Put it in single quotes or use @file.") from None
    if not isinstance(found, dict):
        raise ValueError(f'{option} must be a JSON object, e.g. \'{{"order": "A-17"}}\'')
    return found


def template(source: Path) -> TemplateBody:
    """A template from a JSON file (a request body of the API) or from a folder:

    <channel>/<part>.<any>            email/subject.txt, email/html.html, sms/text.txt
    locales/<locale>/<channel>/<part>.<any>   locales/de/email/subject.txt
    partials/<name>.<any>, schema.json, example.json, layout.txt
    """
    if source.is_file():
        return cast(TemplateBody, json_object(f"@{source}", str(source)))
    if not source.is_dir():
        raise ValueError(f"{source} does not exist or is not a file or folder.")
    body: dict[str, Any] = {"channels": _channels(source, without={"locales", "partials"})}
    if not body["channels"]:
        raise ValueError(f"{source} contains no parts. Add files, e.g. email/subject.txt and email/html.html.")
    if (locales := source / "locales").is_dir():
        body["locales"] = {folder.name: _channels(folder) for folder in _folders(locales)}
    if (partials := source / "partials").is_dir():
        body["partials"] = _parts(partials)
    for name in JSON_FILES:
        if (file := source / f"{name}.json").is_file():
            body[name] = json_object(f"@{file}", str(file))
    if (layout := source / "layout.txt").is_file():
        body["layout"] = _read(layout).strip()
    return cast(TemplateBody, body)


def _channels(folder: Path, *, without: Collection[str] = ()) -> Mapping[str, Mapping[str, str]]:
    return {channel.name: _parts(channel) for channel in _folders(folder) if channel.name not in without}


def _parts(folder: Path) -> dict[str, str]:
    files = (file for file in sorted(folder.iterdir()) if file.is_file() and not file.name.startswith("."))
    return {file.stem: _read(file).rstrip("\n") for file in files}


def _folders(folder: Path) -> list[Path]:
    return [each for each in sorted(folder.iterdir()) if each.is_dir() and not each.name.startswith(".")]


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise ValueError(f"Can't read {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{file} is not UTF-8 text.") from None
