"""Merges all rows of a user. If rows conflict, the newest wins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from ..types import UserItem
from .rows import CHANNEL_OF, LeftOut, Row

DEVICES: Final = 20  # per user


@dataclass
class Composed:
    """A user. `source` maps fields to line numbers; `left_out` maps lines that are not imported to the reason."""

    user_id: str
    lines: list[int]
    fields: dict[str, Any] = field(default_factory=dict)
    source: dict[str, int] = field(default_factory=dict)
    left_out: dict[int, LeftOut] = field(default_factory=dict)
    refuses: list[tuple[int, str, str]] = field(default_factory=list)
    refused_channels: set[str] = field(default_factory=set)

    @property
    def has_rows(self) -> bool:
        """Whether at least one row is imported."""
        return any(line not in self.left_out for line in self.lines)

    @property
    def item(self) -> UserItem:
        return cast(UserItem, {"id": self.user_id, **self.fields})

    @property
    def channels(self) -> list[str]:
        """Channels with an address and without an opt-out. Plus the inbox, unless the user opted out of all others."""
        reached = [CHANNEL_OF[name] for name in CHANNEL_OF if self.fields.get(name)]
        wanted = [channel for channel in reached if channel not in self.refused_channels]
        return [*wanted, "inbox"] if wanted or not self._refused_something else wanted

    @property
    def _refused_something(self) -> bool:
        return bool(self.refuses) or any(each.code == "opted_out" for each in self.left_out.values())

    def lines_of(self, pointer: str) -> list[int]:
        """The lines that an API field comes from; all lines if the pointer is the whole user."""
        found = [at for at in self.source if pointer == at or pointer.startswith(f"{at}/")]
        whole = [line for at, line in self.source.items() if at.startswith(f"{pointer}/")]
        return [self.source[at] for at in found] or whole or [line for line in self.lines if line not in self.left_out]


def compose(user_id: str, rows: Mapping[int, Row]) -> Composed:
    user = Composed(user_id, sorted(rows))
    devices: dict[tuple[str, str], int] = {}
    last = max(rows)
    for line, row in sorted(rows.items(), key=lambda each: (each[1].at, each[0])):
        user.refuses += [(line, channel, address) for channel, address in row.refuses]
        if row.whole and line != last:
            user.left_out[line] = LeftOut(
                "repeated_id", f"line {last} has the same id and replaces this one", skipped=True
            )
            continue
        if row.skip:
            user.left_out[line] = LeftOut(row.skip[0], row.skip[1], skipped=True)
            continue
        for name, value in row.addresses.items():
            if name == "push":
                _add_device(user, devices, line, value)
            else:
                _replace_address(user, name, line, value)
        for name, value in row.profile.items():
            user.fields[name], user.source[f"/{name}"] = value, line
    _keep_devices(user, devices)
    user.refused_channels = {channel for _, channel, address in user.refuses if _is_theirs(user, channel, address)}
    return user


def _replace_address(user: Composed, name: str, line: int, value: Any) -> None:
    before = user.source.get(f"/{name}")
    if before is not None:
        same = user.fields[name] == value
        user.left_out[before] = (
            LeftOut("duplicate", f"line {line} has the same value", skipped=True)
            if same
            else LeftOut("another_address", f"a user has only one: line {line} is newer", skipped=True)
        )
    user.fields[name], user.source[f"/{name}"] = value, line


def _add_device(user: Composed, devices: dict[tuple[str, str], int], line: int, device: Mapping[str, str]) -> None:
    key = device["platform"], device["token"]
    before = devices.pop(key, None)
    if before is not None:
        user.left_out[before] = LeftOut("duplicate", f"line {line} has the same value", skipped=True)
    devices[key] = line


def _keep_devices(user: Composed, devices: Mapping[tuple[str, str], int]) -> None:
    newest = list(devices.items())[-DEVICES:]
    for line in list(devices.values())[:-DEVICES]:
        user.left_out[line] = LeftOut(
            "too_many_devices", f"a user has at most {DEVICES} devices: newer ones are kept", skipped=True
        )
    if newest:
        user.fields["push"] = [{"platform": platform, "token": token} for (platform, token), _ in newest]
        user.source |= {f"/push/{index}": line for index, (_, line) in enumerate(newest)}


def _is_theirs(user: Composed, channel: str, address: str) -> bool:
    return any(CHANNEL_OF[name] == channel and user.fields.get(name) == address for name in CHANNEL_OF)
