"""A file of people is uploaded, compared, and imported after a second look."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.credentials import Credentials
from flask.testing import FlaskClient

from console.app import make
from console.host import CanNotImport, Host, Progress
from local.imports import Imports

LOCAL = "http://localhost"
NAMES = ("skipped", "damaged", "fields", "users", "changes", "examples", "topics", "templates", "brand")
EMPTY: dict[str, Any] = {name: {} for name in NAMES}


class Reply:
    status = 200
    content = b'{"items": [{"id": "news", "title": "News"}], "next_cursor": null}'


class Importing:
    """An importer that knows two rows and rejects the second."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, list[str], bool]] = []

    def __call__(self, file: Path, *, topics: Sequence[str], apply: bool, progress: Progress) -> Any:
        text = file.read_text()
        progress("reading", 2, None)
        self.asked.append((text, [*topics], apply))
        if "=" in text:
            raise CanNotImport("people.csv is not recognised.")
        file.with_name(f"{file.name}.report.jsonl").write_text('{"line": 2}\n')
        numbers = {"rows": 2, "imported": 1, "subscribed": 1, "unsubscribed": 0, "left_alone": 0, "suppressed": 0}
        known = {"source": "csv", "notes": [], "report_file": "there", "rejected": {"invalid_email": 1}}
        return SimpleNamespace(**EMPTY | numbers | known)


def call(method: str, url: str, body: Any, /, **headers: str) -> Reply:
    return Reply()


def upload(client: FlaskClient, text: str) -> str:
    """The page of the uploaded file, when it has been compared."""
    page = client.get("/users/-/import", base_url=LOCAL).text
    form = {"csrf_token": token(page), "topics": "news", "file": (io.BytesIO(text.encode()), "people.csv")}
    answer = client.post("/users/-/import", base_url=LOCAL, data=form, headers={"Referer": LOCAL})
    return answer.headers["Location"]


def token(page: str) -> str:
    return str(re.findall(r'name="csrf_token" value="([^"]+)"', page)[0])


def settled(client: FlaskClient, place: str) -> str:
    for _ in range(100):
        page = client.get(place, base_url=LOCAL).text
        if 'hx-trigger="every 1s"' not in page:
            return " ".join(page.split())
        time.sleep(0.02)
    raise AssertionError("the import never ended")


def test_a_file_is_compared_first_and_imported_after_a_second_look() -> None:
    importing = Importing()
    client = make(call, stage="dev", host=Host(import_file=importing)).test_client()
    place = upload(client, "email\nada@example.com\nno")
    page = settled(client, place)
    assert "Nothing is changed so far" in page
    assert "Invalid email" in page
    assert client.get(f"{place}/report", base_url=LOCAL).text == '{"line": 2}\n'
    client.post(place, base_url=LOCAL, data={"csrf_token": token(page)})
    assert ">Imported</h2>" in settled(client, place)
    assert [apply for _, _, apply in importing.asked] == [False, True]
    assert importing.asked[0][:2] == ("email\nada@example.com\nno", ["news"])


def test_a_file_that_can_not_be_read_is_reported() -> None:
    client = make(call, stage="dev", host=Host(import_file=Importing())).test_client()
    assert "people.csv is not recognised." in settled(client, upload(client, "="))


def test_without_the_importer_the_command_line_is_named() -> None:
    client = make(call, stage="dev").test_client()
    assert "fanfare import FILE" in client.get("/users/-/import", base_url=LOCAL).text


def test_what_the_importer_can_not_read_is_for_people(tmp_path: Path) -> None:
    file = tmp_path / "picture.png"
    file.write_bytes(b"\x89PNG\x00\xff")
    imports = Imports("http://127.0.0.1:9", "eu-central-1", Credentials("key", "secret"))
    with pytest.raises(CanNotImport):
        imports(file, topics=(), apply=False, progress=lambda *_: None)
