"""`python -m deploy.time_zones`: time zones that differ between the newest `tzdata` and the installed one.

Ends with 1 if any changes within the next three years: then users' quiet hours end at the wrong time until Fanfare is
deployed with the new release.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.metadata import distribution, version
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

YEARS: Final = 3
HOUR: Final = timedelta(hours=1)


def changes(old: Path, new: Path, *, since: datetime) -> Iterator[str]:
    """A line per zone that is added, removed, or has a different offset within the next years.

    `old`, `new`: folders of the package.
    """
    before, after = _names(old), _names(new)
    yield from (f"{name}: removed" for name in sorted(before - after))
    yield from (f"{name}: new" for name in sorted(after - before))
    for name in sorted(before & after):
        if (old / "zoneinfo" / name).read_bytes() == (new / "zoneinfo" / name).read_bytes():
            continue
        one, other = _zone(old, name), _zone(new, name)
        hours = (since + number * HOUR for number in range(YEARS * 366 * 24))
        differs = next((hour for hour in hours if _offset(one, hour) != _offset(other, hour)), None)
        if differs is not None:
            was, becomes = (f"{_offset(each, differs) / HOUR:+g} h" for each in (one, other))
            yield f"{name}: {was} becomes {becomes} from {differs:%Y-%m-%d %H:%M} UTC"


def _names(package: Path) -> set[str]:
    return set((package / "zones").read_text(encoding="ascii").split())


def _zone(package: Path, name: str) -> ZoneInfo:
    with (package / "zoneinfo" / name).open("rb") as data:
        return ZoneInfo.from_file(data)


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()


def main() -> int:
    """Compare with the newest release. Returns the exit status."""
    installed = Path(str(distribution("tzdata").locate_file("tzdata")))
    with tempfile.TemporaryDirectory() as folder:
        install = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--no-deps", "--upgrade"]
        subprocess.run([*install, "--target", folder, "tzdata"], check=True)
        newest = next(Path(folder).glob("tzdata-*.dist-info")).name.split("-")[1].removesuffix(".dist")
        found = list(changes(installed, Path(folder) / "tzdata", since=datetime.now(UTC)))
    print(f"tzdata {version('tzdata')} is locked; the newest is {newest}.")
    print("\n".join(found) or "No time zone changes.")
    if found:
        print("Run `make upgrade` and deploy: until then quiet hours end at the wrong time there.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
