"""What an import takes of memory does not depend on the file: a process of its own imports into an API that stores
nothing, files of two sizes, and its peak is the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.moving.__main__ import memory_of, table

SMALL, LARGE = 4_000, 12_000
BOUND, MORE = 100, 8  # MB; of 500,000 rows the aim is 200


def of_one_user(file: Path, rows: int) -> Path:
    """All rows have one id."""
    with file.open("w", encoding="utf-8") as written:
        written.write("id,name,email\n")
        written.writelines(f"ada,Ada {number},ada@example.com\n" for number in range(rows))
    return file


def of_one_users_devices(file: Path, rows: int) -> Path:
    """Novu's subscribers: one person, with another device and another attribute in each row."""
    with file.open("w", encoding="utf-8") as written:
        for number in range(rows):
            channel = {"providerId": "fcm", "credentials": {"deviceTokens": [f"{number}" * 20]}}
            row = {"subscriberId": "ada", "data": {f"k{number}": number}, "channels": [channel]}
            written.write(json.dumps(row) + "\n")
    return file


def of_lists(file: Path, rows: int) -> Path:
    """listmonk's subscribers: each row names two lists again."""
    lists = [{"name": name, "subscription_status": "confirmed"} for name in ("News", "Offers")]
    with file.open("w", encoding="utf-8") as written:
        for number in range(rows):
            row = {"email": f"u{number}@example.com", "attribs": {}, "status": "enabled", "lists": lists}
            written.write(json.dumps(row) + "\n")
    return file


@pytest.mark.long
@pytest.mark.timeout(120)
@pytest.mark.parametrize("made", [table, of_one_user, of_one_users_devices, of_lists])
def test_an_import_takes_no_more_memory_for_a_larger_file(made: Callable[[Path, int], Path], tmp_path: Path) -> None:
    small, large = (memory_of(made(tmp_path / f"{rows}.csv", rows))["megabytes"] for rows in (SMALL, LARGE))
    assert large <= small + MORE
    assert large <= BOUND
