"""The script that the pages load comes from the npm registry, as locked; nothing of it is in the tree."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

from console.api import Reply
from console.app import HTMX, make
from tests.documents import ROOT

HTTPS = re.compile(r"https?://")


def locked() -> dict[str, Any]:
    lock: dict[str, Any] = json.loads((ROOT / "console" / "package-lock.json").read_text())
    return {name: package for name, package in lock["packages"].items() if name}


def test_each_page_finds_the_scripts_that_it_names() -> None:
    def call(method: str, url: str, body: Any, /, **headers: str) -> Reply:
        raise AssertionError("the page of an error asks nothing")

    client = make(call, stage="dev", key="secret").test_client()
    page = client.get("/messages", base_url="http://localhost").get_data(as_text=True)
    (script,) = re.findall(r'<script src="([^"]+)"', page)
    answer = client.get(script, base_url="http://localhost")
    assert answer.status_code == 200, f"{HTMX} is not there: run `make .venv/.ready`"
    assert answer.mimetype == "text/javascript"
    assert answer.headers.get("Cache-Control") != "no-store"


def test_what_is_installed_is_what_the_lock_names() -> None:
    installed = json.loads((HTMX / "package.json").read_text())
    assert installed["version"] == locked()["node_modules/htmx.org"]["version"]


def test_its_licence_is_beside_it() -> None:
    assert "Zero-Clause BSD" in (HTMX / "LICENSE").read_text()


def test_the_lock_checks_whatever_comes_and_names_no_registry() -> None:
    assert [name for name, package in locked().items() if not package["integrity"].startswith("sha512-")] == []
    for name in ("package.json", "package-lock.json", ".npmrc"):
        assert HTTPS.search((ROOT / "console" / name).read_text()) is None, name


def test_no_script_is_kept_in_the_tree() -> None:
    command = ["git", "ls-files", "*.js", "*.mjs", "*.cjs", "*.map"]
    kept = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    assert kept.stdout.split() == []
