"""Templates in folders, one file per part. `fanfare templates pull`, `push`, `diff` and `init` use this format.

    <channel>/<part>.<any>                    email/subject.txt, email/html.html, sms/text.txt
    locales/<locale>/<channel>/<part>.<any>   locales/de/email/subject.txt
    partials/<name>.<any>, schema.json, example.json, layout.txt

A file ends with one line break more than the part has. A folder of such folders has one template in each, by its id.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, cast, get_args

from .types import Channel, TemplateBody

CHANNELS: Final[tuple[str, ...]] = get_args(Channel)
JSON_FILES: Final = ("schema", "example")
LAYOUT: Final = "layout.txt"
NAME: Final = re.compile(r"[A-Za-z0-9_][^/\\\x00]*")  # of a file or folder: stays within its own


def read(folder: Path) -> TemplateBody:
    """A template. Raises ValueError."""
    if not folder.is_dir():
        raise ValueError(f"{folder} does not exist or is not a folder.")
    body: dict[str, Any] = {"channels": _channels(folder, without=("locales", "partials"))}
    if not body["channels"]:
        raise ValueError(f"{folder} contains no parts. Add files, e.g. email/subject.txt and email/html.html.")
    if (locales := folder / "locales").is_dir():
        body["locales"] = {each.name: _channels(each) for each in _folders(locales)}
    if (partials := folder / "partials").is_dir():
        body["partials"] = _parts(partials)
    for name in JSON_FILES:
        if (file := folder / f"{name}.json").is_file():
            body[name] = _json_object(file)
    if (layout := folder / LAYOUT).is_file():
        body["layout"] = _text(layout).strip()
    return cast(TemplateBody, body)


def write(template: Mapping[str, Any], folder: Path) -> list[Path]:
    """Write a template as stored, and remove the files of parts that it does not have. Returns the files that changed.

    Other files stay, and so do those that contain the same already. Raises ValueError.
    """
    present = {file.relative_to(folder).with_suffix(""): file for file in _files(folder)}
    changed: list[Path] = []
    for path, suffix, text in [*_contents(template)]:
        file = present.pop(path, folder / f"{path}{suffix}")
        if file.is_file() and _same(_text(file), text, suffix):
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{text}\n", encoding="utf-8", newline="\n")
        changed.append(file)
    for file in present.values():
        file.unlink()
        changed.append(file)
    return sorted(changed)


def is_template(folder: Path) -> bool:
    """Whether the folder contains a template, not folders of templates."""
    return any(_files_in(folder / channel) for channel in CHANNELS)


def templates_in(folder: Path) -> dict[str, Path]:
    """The templates in a folder of folders: id → folder, layouts before what may name them. Raises ValueError."""
    found = [each for each in _folders(folder) if is_template(each)] if folder.is_dir() else []
    if not found:
        raise ValueError(f"{folder} is no template and contains none. Each needs a file, e.g. email/subject.txt.")
    return {each.name: each for each in sorted(found, key=lambda each: ((each / LAYOUT).is_file(), each.name))}


def _contents(template: Mapping[str, Any]) -> Iterator[tuple[Path, str, str]]:
    """Path without suffix, suffix, text."""
    for at, channels in (("", template["channels"]), *_locales(template)):
        for channel, parts in channels.items():
            for part, text in parts.items():
                yield _path(at, channel, part), ".html" if part == "html" else ".txt", text
    for name, text in (template.get("partials") or {}).items():
        yield _path("partials", name), ".html" if "<" in text else ".txt", text
    for name in JSON_FILES:
        if template.get(name):
            yield Path(name), ".json", json.dumps(template[name], ensure_ascii=False, indent=2)
    if layout := template.get("layout"):
        yield Path("layout"), ".txt", layout if isinstance(layout, str) else layout["id"]


def _locales(template: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Mapping[str, str]]]]:
    for locale, channels in (template.get("locales") or {}).items():
        yield str(_path("locales", locale)), channels


def _path(at: str, *names: str) -> Path:
    for name in names:
        if not NAME.fullmatch(name):
            raise ValueError(f"{name!r} can't be the name of a file.")
    return Path(at, *names)


def _same(text: str, wanted: str, suffix: str) -> bool:
    if suffix != ".json":
        return text == wanted.replace("\r\n", "\n").replace("\r", "\n")
    try:
        return bool(json.loads(text) == json.loads(wanted))
    except ValueError:
        return False


def _files(folder: Path) -> Iterator[Path]:
    """All files that belong to a template."""
    for base in (folder, *_folders(folder / "locales")):
        for channel in CHANNELS:
            yield from _files_in(base / channel)
    yield from _files_in(folder / "partials")
    for name in (*(f"{name}.json" for name in JSON_FILES), LAYOUT):
        if (file := folder / name).is_file():
            yield file


def _channels(folder: Path, *, without: tuple[str, ...] = ()) -> Mapping[str, Mapping[str, str]]:
    return {channel.name: _parts(channel) for channel in _folders(folder) if channel.name not in without}


def _parts(folder: Path) -> dict[str, str]:
    found: dict[str, Path] = {}
    for file in _files_in(folder):
        if (other := found.setdefault(file.stem, file)) is not file:
            raise ValueError(f"{folder} has two files for {file.stem!r}: {other.name} and {file.name}. Remove one.")
    return {part: _text(file) for part, file in found.items()}


def _files_in(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return [each for each in sorted(folder.iterdir()) if each.is_file() and not each.name.startswith(".")]


def _folders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return [each for each in sorted(folder.iterdir()) if each.is_dir() and not each.name.startswith(".")]


def _json_object(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(_text(file))
    except json.JSONDecodeError as error:
        raise ValueError(f"{file} is not valid JSON: {error}.") from None
    if not isinstance(found, dict):
        raise ValueError(f"{file} must contain a JSON object.")
    return found


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").removesuffix("\n")
    except OSError as error:
        raise ValueError(f"Can't read {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{file} is not UTF-8 text.") from None
