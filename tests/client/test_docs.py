"""The code in docs/client.md runs as it stands."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx2
import pytest

from .server import ok

PAGE = Path(__file__).parents[2] / "docs" / "client.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S)
COUNTS = {"recipients": 1, "sent": 1, "failed": 0, "skipped": 0, "deleted": 0, "digested": 0, "outstanding": 0}
ITEM = {"id": "m-1", "message_id": "m-1", "state": "sent", "status": "sent", "counts": COUNTS, "error": None}


def _answer(request: httpx2.Request) -> httpx2.Response:
    """Anything that is asked for is there, once."""
    several = request.method == "GET" and request.url.path.rpartition("/")[2] in {"messages", "deliveries"}
    return ok({"items": [ITEM], "next_cursor": None} if several else _one(request))


def _one(request: httpx2.Request) -> object:
    sent = json.loads(request.content) if request.content else {}
    return {"items": [ITEM for _ in sent["items"]]} if "items" in sent else ITEM


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_a_block_runs(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    transport = httpx2.MockTransport(_answer)
    blocking, looping = httpx2.Client, httpx2.AsyncClient
    monkeypatch.setattr(httpx2, "Client", lambda **_: blocking(transport=transport))
    monkeypatch.setattr(httpx2, "AsyncClient", lambda **_: looping(transport=transport))
    key = {"access_key_id": "AKIDLOCAL", "secret_access_key": "s"}
    stack = tmp_path / "stack.json"
    stack.write_text(json.dumps({"internal_url": "http://127.0.0.1:1", "region": "eu-west-1", "service": key}))
    monkeypatch.delenv("FANFARE_URL", raising=False)
    monkeypatch.setenv("FANFARE_STACK", str(stack))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    exec(compile(block, str(PAGE), "exec"), {"__name__": "docs"})  # noqa: S102  # it is our own page


def test_there_is_code_to_run() -> None:
    assert len(BLOCKS) >= 6
