"""Option values, and templates from files."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, cast

from .. import folders
from ..types import TemplateBody


def text(value: str | None) -> str | None:
    """The value; for `@file` the file's content, for `@-` stdin. Raises ValueError."""
    if value is None or not value.startswith("@"):
        return value
    return sys.stdin.read() if value == "@-" else _read(Path(value[1:]))


def json_object(value: str | None, option: str) -> Any:
    """Like `text`, parsed as a JSON object. Raises ValueError."""
    found = _json(value, option)
    if found is not None and not isinstance(found, dict):
        raise ValueError(f'{option} must be a JSON object, e.g. \'{{"order": "A-17"}}\'')
    return found


def json_array(value: str | None, option: str) -> Any:
    """Like `text`, parsed as a JSON array. Raises ValueError."""
    found = _json(value, option)
    if found is not None and not isinstance(found, list):
        raise ValueError(f'{option} must be a JSON array, e.g. \'[{{"channels": ["push"]}}]\'')
    return found


def _json(value: str | None, option: str) -> Any:
    written = text(value)
    if written is None:
        return None
    try:
        return json.loads(written)
    except ValueError as error:
        raise ValueError(f"{option} is not valid JSON: {error}. Put it in single quotes or use @file.") from None


def template(source: Path) -> TemplateBody:
    """A template from a JSON file (a request body of the API) or from a folder. Raises ValueError."""
    if source.is_file():
        return cast(TemplateBody, json_object(f"@{source}", str(source)))
    return folders.read(source)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise ValueError(f"Can't read {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{file} is not UTF-8 text.") from None
