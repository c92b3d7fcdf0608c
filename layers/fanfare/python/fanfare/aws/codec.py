"""Conversion of attributes between Python and DynamoDB, and expressions of conditional writes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from fanfare.data_classes import dataclass

Item = dict[str, Any]


def _packed(value: Any) -> dict[str, Any]:
    """One value in DynamoDB's format. boto3's own serializer takes four times as long."""
    kind: Any = type(value)
    return _packer(kind)(value)


@functools.cache
def _packer(kind: Any) -> Callable[[Any], dict[str, Any]]:
    """What packs the values of a type. A boolean is an integer, too: the first that fits."""
    for base, packer in _PACKERS:
        if issubclass(kind, base):
            return packer
    raise TypeError(f"unsupported type of an attribute: {kind.__name__}")


_PACKERS: Final[Sequence[tuple[type | tuple[type, ...], Callable[[Any], dict[str, Any]]]]] = (
    (str, lambda value: {"S": str(value)}),  # also of an enumeration
    (type(None), lambda _: {"NULL": True}),
    (bool, lambda value: {"BOOL": value}),
    ((int, float), lambda value: {"N": repr(value)}),
    (Mapping, lambda value: {"M": {name: _packed(each) for name, each in value.items()}}),
    ((list, tuple), lambda value: {"L": [_packed(each) for each in value]}),
    (set, lambda value: {"NS": [repr(each) for each in sorted(value)]}),
)


def _unpacked(value: Mapping[str, Any]) -> Any:
    """One value in Python; numbers are int or float, not Decimal."""
    ((kind, content),) = value.items()
    read = _READERS.get(kind)
    if read is None:
        raise TypeError(f"unsupported DynamoDB type: {kind}")
    return read(content)


def _number(content: str) -> int | float:
    return int(content) if content.lstrip("-").isdigit() else float(content)


def pack(item: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes in DynamoDB's format. None is left out."""
    return {
        name: {"S": value} if type(value) is str else _packed(value)  # the most frequent case
        for name, value in item.items()
        if value is not None
    }


def unpack(item: Mapping[str, Any]) -> Item:
    """Attributes in Python."""
    return {name: value["S"] if "S" in value else _unpacked(value) for name, value in item.items()}


_READERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "S": str,
    "BOOL": bool,
    "N": _number,
    "M": unpack,
    "L": lambda content: [each["S"] if "S" in each else _unpacked(each) for each in content],
    "NS": lambda content: {int(each) for each in content},
    "NULL": lambda _: None,
}


def expressions(
    condition: str | None, values: Mapping[str, Any] | None, names: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The fields of a request for a condition, and for the values and names that its expressions use."""
    fields: dict[str, Any] = {}
    if condition is not None:
        fields["ConditionExpression"] = condition
    if values:
        fields["ExpressionAttributeValues"] = pack(values)
    if names:
        fields["ExpressionAttributeNames"] = dict(names)
    return fields


@dataclass(frozen=True, kw_only=True)
class KeyRange:
    """The sort keys that a query reads: with a prefix, after a key, before a key. Both bounds are exclusive."""

    prefix: str | None = None
    after: str | None = None
    before: str | None = None

    def condition(self) -> tuple[str, dict[str, str]]:
        """The part of the key condition for the sort key, and its values."""
        if self.prefix is not None and (self.after is not None or self.before is not None):
            # begins_with can't be combined with a comparison: use explicit bounds for the prefix
            low = max(self.prefix, self.after + "\x00") if self.after is not None else self.prefix
            high = self.prefix + "\U0010ffff" if self.before is None else self.before
            return " AND sk BETWEEN :low AND :high", {":low": low, ":high": high}
        if self.prefix is not None:
            return " AND begins_with(sk, :prefix)", {":prefix": self.prefix}
        if self.after is not None and self.before is not None:
            return " AND sk BETWEEN :low AND :high", {":low": self.after + "\x00", ":high": self.before}
        if self.after is not None:
            return " AND sk > :after", {":after": self.after}
        if self.before is not None:
            return " AND sk < :before", {":before": self.before}
        return "", {}

    def holds(self, sk: str) -> bool:
        """Whether the sort key is in the range."""
        after = self.after is None or sk > self.after
        return after and sk.startswith(self.prefix or "") and (self.before is None or sk < self.before)

    def has(self, item: Item) -> bool:
        """Whether a found item is in the range: BETWEEN includes its upper end."""
        return item.get("sk") != self.before or self.before is None


EVERY_KEY = KeyRange()
