"""An export of Amazon Pinpoint's endpoints as they come: most are good, some are wrong, each in a way of its own."""

from __future__ import annotations

import gzip
import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Endpoint = dict[str, Any]
Spoil = Callable[[Endpoint], Endpoint | bytes]


def _without(name: str) -> Spoil:
    return lambda endpoint: {key: value for key, value in endpoint.items() if key != name}


def _with(**changed: Any) -> Spoil:
    return lambda endpoint: {**endpoint, **changed}


# how it is spoilt → outcome, code, field. Each stands at a user of its own.
SPOILT: dict[str, tuple[Spoil, tuple[str, str, str]]] = {
    "cut off": (lambda each: json.dumps(each).encode()[:40], ("rejected", "not_json", "")),
    "a list": (lambda _: b"[1, 2]", ("rejected", "not_json", "")),
    "Latin-1": (
        lambda each: json.dumps({**each, "Attributes": {"City": ["Köln"]}}, ensure_ascii=False).encode("latin-1"),
        ("rejected", "not_utf8", ""),
    ),
    "no channel": (_without("ChannelType"), ("rejected", "missing", "ChannelType")),
    "no address": (_without("Address"), ("rejected", "missing", "Address")),
    "a fax": (_with(ChannelType="FAX"), ("rejected", "not_allowed", "ChannelType")),
    "a bad mail": (_with(Address="ada@@example.com"), ("field", "invalid_email", "email")),
    "a bad phone": (_with(ChannelType="SMS", Address="0664 123"), ("field", "no_country", "Address")),
    "a bad id": (_with(User={"UserId": "Ada Lovelace"}), ("rejected", "invalid_id", "id")),
    "a bad zone": (_with(Demographic={"Timezone": "Vienna"}), ("field", "invalid_time_zone", "time_zone")),
    "nobody's": (_without("User"), ("rejected", "missing", "User.UserId")),
    "inactive": (_with(EndpointStatus="INACTIVE"), ("skipped", "inactive", "EndpointStatus")),
    "baidu": (_with(ChannelType="BAIDU"), ("skipped", "no_such_channel", "ChannelType")),
    "a device that opted out": (_with(ChannelType="GCM", Address="t-0", OptOut="ALL"), ("skipped", "opted_out", "")),
}
OPTED_OUT, TWO_MAILS, TWICE = 40, 30, 20  # users


@dataclass
class Export:
    lines: list[bytes] = field(default_factory=list)
    left_out: dict[int, tuple[str, str, str]] = field(default_factory=dict)
    users: dict[str, Endpoint] = field(default_factory=dict)  # what is to be stored of whom
    suppressed: set[tuple[str, str]] = field(default_factory=set)

    @property
    def rows(self) -> int:
        return sum(bool(line.strip()) for line in self.lines)

    def counted(self, outcome: str) -> Counter[str]:
        return Counter(code for told, code, _ in self.left_out.values() if told == outcome)

    def write(self, file: Path) -> Path:
        content = b"\n".join(self.lines) + b"\n"
        file.write_bytes(gzip.compress(content, 1) if file.suffix == ".gz" else content)
        return file


def export(rows: int = 10_000, *, each: int = 10, seed: int = 7, prefix: str = "") -> Export:
    """So many rows; each way of spoiling one `each` times, at random places, a user's endpoints far from each other."""
    made = Export()
    found: list[tuple[Endpoint | bytes, tuple[str, str, str] | None, str]] = []
    for name, (spoil, told) in SPOILT.items():
        for n in range(each):
            user_id = f"{prefix}spoilt-{name.replace(' ', '-').replace(chr(39), '')}-{n}"
            found.append((spoil(_endpoint(user_id, "EMAIL")), told, user_id))
            if told[0] == "field":
                kept = {"email": f"{user_id}@example.com"} if told[2] == "time_zone" else {}
                made.users[user_id] = kept
    number = 0
    while len(found) + 4 <= rows:
        number += 1
        found += _good_user(made, f"{prefix}user-{number:05}", number)
    while len(found) < rows:
        number += 1
        user_id = f"{prefix}user-{number:05}"
        made.users[user_id] = {"email": f"{user_id}@example.com"}
        found.append((_endpoint(user_id, "EMAIL"), None, user_id))
    random.Random(seed).shuffle(found)  # noqa: S311
    for endpoint, expected, _ in found:
        if len(made.lines) % 1_000 == 3:
            made.lines.append(b"")
        made.lines.append(endpoint if isinstance(endpoint, bytes) else json.dumps(endpoint).encode())
        if expected:
            made.left_out[len(made.lines)] = expected
    return made


def _good_user(made: Export, user_id: str, number: int) -> list[tuple[Endpoint | bytes, Any, str]]:
    phone = f"+43664{number:07}"
    rows: list[tuple[Endpoint | bytes, Any, str]] = []
    refuses = number <= OPTED_OUT
    mail = _endpoint(user_id, "EMAIL", OptOut="ALL" if refuses else "NONE", EffectiveDate="2026-02-02T00:00:00.000Z")
    rows.append((mail, None, user_id))
    made.users[user_id] = {"email": mail["Address"]}
    if refuses:
        made.suppressed.add(("email", mail["Address"]))
    if number % 3 == 0:
        rows.append((_endpoint(user_id, "SMS", Address=phone), None, user_id))
        made.users[user_id]["phone"] = phone
    if number % 5 == 0:
        rows.append((_endpoint(user_id, "APNS", Address=f"token-{number}"), None, user_id))
        made.users[user_id]["push"] = [{"platform": "apns", "token": f"token-{number}"}]
    if OPTED_OUT < number <= OPTED_OUT + TWO_MAILS:
        old = _endpoint(
            user_id, "EMAIL", Address=f"old-{user_id}@example.com", EffectiveDate="2019-01-01T00:00:00.000Z"
        )
        rows.append((old, ("skipped", "another_address", ""), user_id))
    elif OPTED_OUT + TWO_MAILS < number <= OPTED_OUT + TWO_MAILS + TWICE:
        same = {**mail, "EffectiveDate": "2019-01-01T00:00:00.000Z"}
        rows.append((same, ("skipped", "duplicate", ""), user_id))
    return rows


def _endpoint(user_id: str, channel_type: str, **more: Any) -> Endpoint:
    return {
        "Id": "",
        "ChannelType": channel_type,
        "Address": f"{user_id}@example.com",
        "EndpointStatus": "ACTIVE",
        "OptOut": "NONE",
        "Location": {"Country": "AUT"},
        "Demographic": {"Make": "Apple", "Platform": "ios", "Locale": "de_AT", "Timezone": "Europe/Vienna"},
        "EffectiveDate": "2026-01-01T00:00:00.000Z",
        "Attributes": {"Interests": ["Chess", "Maths"], "plan": ["pro", "basic"]},
        "Metrics": {},
        "User": {"UserId": user_id, "UserAttributes": {"FirstName": ["Ada"], "LastName": ["Lovelace"]}},
        "ApplicationId": "9b74f4a3e06944008aa882015447c15f",
        "CreationDate": "2026-01-01T00:00:00.000Z",
    } | more
