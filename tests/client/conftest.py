from __future__ import annotations

import json
from pathlib import Path

import pytest

from .shell import SECRET, Shell


@pytest.fixture
def fanfare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    for name in ("FANFARE_URL", "FANFARE_STACK"):
        monkeypatch.delenv(name, raising=False)
    key = {"access_key_id": "AKIDLOCAL", "secret_access_key": SECRET}
    (tmp_path / ".local").mkdir()
    stack = {"internal_url": "http://127.0.0.1:1/api", "region": "eu-west-1", "service": key}
    (tmp_path / ".local" / "stack.json").write_text(json.dumps(stack))
    monkeypatch.chdir(tmp_path)
    return Shell(tmp_path, monkeypatch)
