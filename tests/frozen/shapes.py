"""What items and bodies look like, without what is in them: keys with placeholders for ids, attributes with types."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

# The words of keys, as deployed. Every other segment of a key is an id.
WORDS = frozenset(
    {
        "user",
        "subscription",
        "consents",
        "given",
        "who",
        "topic",
        "removals",
        "address",
        "pending",
        "suppression",
        "bounces",
        "sign_up",
        "attempts",
        "sign_up_source",
        "sign_up_address",
        "address_of_user",
        "address_of_asker",
        "sign_up_address_of_asker",
        "preferences_mail",
        "choices",
        "refusal",
        "topics",
        "templates",
        "template",
        "brand",
        "version",
        "message",
        "body",
        "shard",
        "idempotency",
        "batch",
        "data",
        "open",
        "done",
        "skips",
        "gathered",
        "digests",
        "now",
        "window",
        "receipts",
        "due",
        "recent",
    }
)
CHANNELS = frozenset({"email", "sms", "push", "webhook", "inbox"})
RECEIPTS = frozenset({"delivered", "delayed", "bounced", "bounced_soft", "complained"})
PATTERNS = (
    (r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", "<uuid7>"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "<time>"),
    (r"[0-9a-f]{64}", "<hex 64>"),
    (r"[0-9a-f]{32}", "<hex 32>"),
    (r"https?://.+", "<url>"),
    (r"[^@ ]+@[^@ ]+", "<address>"),
    (r"\+\d+", "<number>"),
)


def of_key(key: str) -> str:
    """A key with placeholders: `user#<id>`."""
    return "#".join(_segment(each) for each in key.split("#"))


def _segment(text: str) -> str:
    if text in WORDS:
        return text
    if text in CHANNELS:
        return "<channel>"
    if text in RECEIPTS:
        return "<receipt>"
    for pattern, name in PATTERNS:
        if re.fullmatch(pattern, text):
            return name
    return re.sub(r"\d", "0", text) if re.fullmatch(r"[\d-]+", text) else "<id>"


class Shapes:
    """By kind, each attribute with its types; `?` after those that not every one of the kind has."""

    def __init__(self) -> None:
        self._types: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        self._having: dict[str, Counter[str]] = defaultdict(Counter)
        self._seen: Counter[str] = Counter()
        self._known: set[str] = set()

    def item(self, table: str, item: Mapping[str, Any]) -> None:
        """An item as DynamoDB's API writes it."""
        self._add(f"{table}: {of_key(item['pk']['S'])} | {of_key(item['sk']['S'])}", _attributes("", item))

    def body(self, kind: str, body: Mapping[str, Any]) -> None:
        """A JSON object."""
        self._add(kind, _members("", body))

    def _add(self, kind: str, found: Iterator[tuple[str, str]]) -> None:
        pairs = [*found]
        if repr((kind, pairs)) in self._known:
            return
        self._known.add(repr((kind, pairs)))
        self._seen[kind] += 1
        self._having[kind].update({path for path, _ in pairs})
        for path, type in pairs:
            self._types[kind][path].add(type)

    def kinds(self) -> dict[str, dict[str, str]]:
        """Kind → path → types."""
        return {
            kind: {
                path + ("" if self._having[kind][path] == self._seen[kind] else "?"): " or ".join(sorted(types))
                for path, types in sorted(paths.items())
            }
            for kind, paths in self._types.items()
        }


def lines(kinds: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """A kind a paragraph, an attribute a line."""
    for kind, paths in sorted(kinds.items()):
        yield kind
        yield from (f"    {path}: {types}" for path, types in paths.items())


def _attributes(path: str, attributes: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, attribute in attributes.items():
        yield from _attribute(path + _name(name), attribute)


def _attribute(path: str, attribute: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    ((type, value),) = attribute.items()
    yield path, f"S {_form(value)}".strip() if type == "S" else type
    if type == "M":
        yield from _attributes(f"{path}.", value)
    if type == "L":
        for each in value:
            yield from _attribute(f"{path}[]", each)


def _members(path: str, value: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, each in value.items():
        yield from _member(path + _name(name), each)


def _member(path: str, value: Any) -> Iterator[tuple[str, str]]:
    yield path, f"str {_form(value)}".strip() if isinstance(value, str) else type(value).__name__
    if isinstance(value, dict):
        yield from _members(f"{path}.", value)
    if isinstance(value, list):
        for each in value:
            yield from _member(f"{path}[]", each)


def _name(name: str) -> str:
    return of_key(name) if re.search("[#@+]", name) else name


def _form(text: str) -> str:
    for pattern, name in PATTERNS[:3]:
        if re.fullmatch(pattern, text):
            return name
    return re.sub(r"\d", "0", of_key(text)) if re.fullmatch(r"(due|recent)#\d+", text) else ""
