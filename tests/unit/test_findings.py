"""findings/ is outside CI; that its scripts are complete, pinned and listed is not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.documents import ROOT

FOLDER = ROOT / "findings"
SCRIPTS = sorted(FOLDER.glob("*.sh"))
PARTS = ("# Expected: ", "# What happens: ", "# Who is hurt: ", "# Seen: 2026-")
INSTALLED = re.compile(r"(?:pip install|npm install)((?: --[a-z-]+)*)((?:\s+\\\n)?(?:[^\n\\]*\\\n)*[^\n]*)")


def packages(script: str) -> list[str]:
    return [word.strip('"') for _, words in INSTALLED.findall(script) for word in words.replace("\\\n", " ").split()]


def test_the_readme_lists_every_script_and_no_other() -> None:
    listed = re.findall(r"^\| `(\w+)` \|", (FOLDER / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert listed == [path.stem for path in SCRIPTS]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_says_what_it_shows_and_cleans_up(path: Path) -> None:
    script = path.read_text(encoding="utf-8")
    head, _, rest = script.partition("set -euo pipefail\n")
    assert [part for part in PARTS if part not in head] == []
    assert rest.startswith("export TZ=UTC LC_ALL=C.UTF-8\nwork=$(mktemp -d)\ntrap 'rm -rf \"$work\"' EXIT\n")
    assert "changed: " in rest
    assert "holds: " in rest


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_installs_exact_versions(path: Path) -> None:
    named = packages(path.read_text(encoding="utf-8"))
    assert named
    assert [each for each in named if not re.search(r"(==|[a-z]@)\d+\.\d+", each)] == []
