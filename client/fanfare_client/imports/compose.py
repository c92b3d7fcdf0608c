"""One user of all their rows: the newest says what they are called and where they are reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from ..types import UserItem
from .rows import CHANNEL_OF, LeftOut, Row

DEVICES: Final = 20  # a user's


@dataclass
class Composed:
    """A user. `source` says which line a field comes from; `left_out` which lines have no part in it, and why."""

    user_id: str
    lines: list[int]
    fields: dict[str, Any] = field(default_factory=dict)
    source: dict[str, int] = field(default_factory=dict)
    left_out: dict[int, LeftOut] = field(default_factory=dict)
    refuses: list[tuple[int, str, str]] = field(default_factory=list)
    refused_channels: set[str] = field(default_factory=set)

    @property
    def is_somebody(self) -> bool:
        """Whether any row has a part in it."""
        return any(line not in self.left_out for line in self.lines)

    @property
    def item(self) -> UserItem:
        return cast(UserItem, {"id": self.user_id, **self.fields})

    @property
    def channels(self) -> list[str]:
        """Where they can be reached and did not refuse it. Everybody has an inbox, save who refused all else."""
        reached = [CHANNEL_OF[name] for name in CHANNEL_OF if self.fields.get(name)]
        wanted = [channel for channel in reached if channel not in self.refused_channels]
        return [*wanted, "inbox"] if wanted or not self._refused_something else wanted

    @property
    def _refused_something(self) -> bool:
        return bool(self.refuses) or any(each.code == "opted_out" for each in self.left_out.values())

    def lines_of(self, pointer: str) -> list[int]:
        """The lines that a field of the API comes from; all of them where it is the user as such."""
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
            user.left_out[line] = LeftOut("repeated_id", f"line {last} is the same user, and counts", skipped=True)
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
            LeftOut("duplicate", f"line {line} says the same", skipped=True)
            if same
            else LeftOut("another_address", f"a user has one of them: line {line} is newer", skipped=True)
        )
    user.fields[name], user.source[f"/{name}"] = value, line


def _add_device(user: Composed, devices: dict[tuple[str, str], int], line: int, device: Mapping[str, str]) -> None:
    key = device["platform"], device["token"]
    before = devices.pop(key, None)
    if before is not None:
        user.left_out[before] = LeftOut("duplicate", f"line {line} says the same", skipped=True)
    devices[key] = line


def _keep_devices(user: Composed, devices: Mapping[tuple[str, str], int]) -> None:
    newest = list(devices.items())[-DEVICES:]
    for line in list(devices.values())[:-DEVICES]:
        user.left_out[line] = LeftOut("too_many_devices", f"a user has {DEVICES}, the newest", skipped=True)
    if newest:
        user.fields["push"] = [{"platform": platform, "token": token} for (platform, token), _ in newest]
        user.source |= {f"/push/{place}": line for place, (_, line) in enumerate(newest)}


def _is_theirs(user: Composed, channel: str, address: str) -> bool:
    return any(CHANNEL_OF[name] == channel and user.fields.get(name) == address for name in CHANNEL_OF)
