"""`python -m tests.prose [PATH …]`: prints the matches in these files, and lowers the numbers of allowed.json."""

from __future__ import annotations

import json
import sys

from tests.prose.allowed import FILE, allowed, counted, lowered
from tests.prose.texts import files, found_in


def main(*wanted: str) -> int:
    found = [each for name in files() for each in found_in(name)]
    for each in found:
        if each.file.startswith(wanted):
            print(f"{each.file}:{each.line}: {each.words!r}; write: {each.rule.instead}")
    before = allowed()
    FILE.write_text(json.dumps(lowered(before, counted(found, before)), indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
