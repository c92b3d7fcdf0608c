"""Users from a file: every row is accounted for, nobody is stored by half, and a broken import goes on."""

from __future__ import annotations

import json
import stat
import tracemalloc
from collections import Counter
from pathlib import Path
from typing import Any

import httpx2
import pytest
from botocore.credentials import Credentials
from fanfare_client import Fanfare, Unreachable
from fanfare_client.imports import Importer, Summary, Unreadable, reading
from fanfare_client.imports.rows import LeftOut

from .audience import Audience
from .pinpoint_export import export
from .server import IMPATIENT, REGION, URL, ok

HEADER = "id,name,email,phone,locale,time_zone,quiet_start,quiet_end,opt_out\n"


def run(audience: Audience, file: Path, **more: Any) -> Summary:
    http = httpx2.Client(transport=httpx2.MockTransport(audience))
    with Fanfare(URL, region=REGION, credentials=Credentials("k", "s"), http=http, retries=IMPATIENT) as fanfare:
        return Importer(fanfare, file, **more).run()


def rejects(summary: Summary) -> list[dict[str, Any]]:
    assert summary.rejects_file
    return [json.loads(line) for line in Path(summary.rejects_file).read_text().splitlines()]


def csv(tmp_path: Path, *rows: str) -> Path:
    file = tmp_path / "users.csv"
    file.write_text(HEADER + "".join(f"{row}\n" for row in rows))
    return file


@pytest.mark.parametrize("name", ["export.json", "export.json.gz"])
def test_every_row_of_an_export_is_imported_or_told_with_its_reason(tmp_path: Path, name: str) -> None:
    made = export(700, each=3)
    audience = Audience()
    summary = run(audience, made.write(tmp_path / name))
    assert summary.rows == made.rows == 700
    assert summary.rows == summary.imported + sum(summary.skipped.values()) + sum(summary.rejected.values())
    assert Counter(summary.skipped) == made.counted("skipped")
    assert Counter(summary.rejected) == made.counted("rejected")
    assert {row["line"]: (row["outcome"], row["code"], row["field"]) for row in rejects(summary)} == made.left_out
    assert {user_id: _addresses(user) for user_id, user in audience.users.items()} == made.users
    assert audience.suppressed == made.suppressed
    assert summary.users == len(made.users)
    assert max(audience.stored.values()) == 1
    assert {(user["name"], user["locale"], user["time_zone"]) for user in audience.users.values()} == {
        ("Ada Lovelace", "de-AT", "Europe/Vienna")
    }
    assert list(summary.attributes_left_out) == ["Attributes.Interests"]


def test_pinpoints_csv_says_the_same_as_its_json(tmp_path: Path) -> None:
    file = tmp_path / "segment.csv"
    file.write_text(
        "ChannelType,Address,EndpointStatus,OptOut,Id,User.UserId,User.UserAttributes.FirstName,Demographic.Locale\n"
        "EMAIL,ada@example.com,ACTIVE,NONE,e1,ada,Ada,en_GB\n"
        "SMS,+436641234567,ACTIVE,ALL,e2,ada,,\n"
        "EMAIL,grace@example.com,INACTIVE,NONE,e3,grace,Grace,\n"
        "EMAIL,eve@example.com,,,e4,,,\n"
    )
    audience = Audience()
    summary = run(audience, file)
    assert audience.users == {
        "ada": {"name": "Ada", "email": "ada@example.com", "phone": "+436641234567", "locale": "en-GB"},
        "e4": {"email": "eve@example.com"},
    }
    assert audience.suppressed == {("sms", "+436641234567")}
    assert (summary.imported, summary.skipped) == (3, {"inactive": 1})


def test_a_csv_of_ours(tmp_path: Path) -> None:
    audience = Audience()
    file = csv(
        tmp_path,
        'ada,"Ada, Countess",ada@example.com,+436641234567,en,Europe/London,22:00,07:00,',
        "eve,Eve,eve@example.com,,,,,,email",
        "bad,Bad,bad@example.com,,,,22:00,,",
        "few,columns",
        "",
        'two,"A name\nof two lines",two@example.com,,,,,,',
        "odd,Odd,odd@example,,,,,,",
        "ada,Ada,new@example.com,,,,,,",
    )
    summary = run(audience, file)
    assert audience.users == {
        "ada": {"name": "Ada", "email": "new@example.com"},
        "eve": {"name": "Eve", "email": "eve@example.com"},
        "two": {"name": "A name\nof two lines", "email": "two@example.com"},
    }
    assert audience.suppressed == {("email", "eve@example.com")}
    assert [(row["line"], row["code"], row["field"]) for row in rejects(summary)] == [
        (2, "repeated_id", ""),
        (4, "missing", "quiet_end"),
        (5, "wrong_columns", ""),
        (9, "invalid_email", "email"),
    ]


def test_a_refusal_goes_before_the_user(tmp_path: Path) -> None:
    audience = Audience()
    run(audience, csv(tmp_path, "eve,Eve,eve@example.com,,,,,,email"))
    assert audience.order == ["eve@example.com", "eve"]


def test_a_refusal_counts_of_an_endpoint_that_is_not_imported_too(tmp_path: Path) -> None:
    file = tmp_path / "export.json"
    endpoint = {"ChannelType": "EMAIL", "OptOut": "ALL", "User": {"UserId": "u"}}
    inactive = {**endpoint, "Address": "a@example.com", "EndpointStatus": "INACTIVE"}
    nobodys = {"ChannelType": "EMAIL", "OptOut": "ALL", "Address": "b@example.com"}
    wrong = {**endpoint, "Address": "c@example.com", "Demographic": {"Timezone": "Nowhere"}}
    file.write_text("\n".join(map(json.dumps, [inactive, nobodys, wrong])))
    audience = Audience()
    summary = run(audience, file)
    assert audience.suppressed == {("email", f"{name}@example.com") for name in "abc"}
    assert not audience.users
    assert (summary.skipped, summary.rejected) == ({"inactive": 1, "no_user": 1}, {"invalid_time_zone": 1})


def test_everybody_is_subscribed_where_they_can_be_reached_and_did_not_refuse(tmp_path: Path) -> None:
    rows = [
        {"ChannelType": "EMAIL", "Address": "ada@example.com", "User": {"UserId": "ada"}},
        {"ChannelType": "SMS", "Address": "+436641234567", "User": {"UserId": "ada"}},
        {"ChannelType": "GCM", "Address": "token", "User": {"UserId": "eve"}},
        {"ChannelType": "EMAIL", "Address": "eve@example.com", "OptOut": "ALL", "User": {"UserId": "eve"}},
    ]
    file = tmp_path / "export.json"
    file.write_text("\n".join(map(json.dumps, rows)))
    audience = Audience()
    run(audience, file, topics=["news"])
    assert audience.subscribed == {("ada", "news", "email"), ("eve", "news", "push")}


def test_an_import_says_so_and_goes_on_where_a_person_unsubscribed(tmp_path: Path) -> None:
    file = tmp_path / "users.csv"
    rows = ["ada,ada@example.com,pro", "bob,bob@example.com,"]
    file.write_text("\n".join(["id,email,attributes.plan", *rows]))
    asked: list[dict[str, Any]] = []

    def refuse_ada(request: httpx2.Request) -> httpx2.Response | None:
        if not request.url.path.endswith("/subscriptions"):
            return None
        asked.extend(json.loads(request.content)["items"])
        error = {"code": "unsubscribed_by_person", "detail": "No.", "errors": []}
        results = [
            {
                **item,
                "status": 409 if item["user_id"] == "ada" else 201,
                "error": error if item["user_id"] == "ada" else None,
            }
            for item in json.loads(request.content)["items"]
        ]
        return ok({"items": results})

    audience = Audience(refuse_ada)
    summary = run(audience, file, topics=["news"])
    assert (summary.imported, {item["by"] for item in asked}) == (2, {"import"})
    assert audience.users["ada"]["attributes"] == {"plan": "pro"}
    assert "attributes" not in audience.users["bob"]


def test_everybody_has_an_inbox_save_who_refused_all_else(tmp_path: Path) -> None:
    rows = ["ada,Ada,,", "eve,Eve,eve@example.com,", "bob,Bob,bob@example.com,all"]
    file = tmp_path / "users.csv"
    file.write_text("\n".join(["id,name,email,opt_out", *rows]))
    topic = {"id": "news", "channels": ["email", "inbox"]}
    audience = Audience(lambda request: ok(topic) if request.method == "GET" else None)
    run(audience, file, topics=["news"])
    assert audience.subscribed == {("ada", "news", "inbox"), ("eve", "news", "email"), ("eve", "news", "inbox")}


@pytest.mark.parametrize("breaks_at", [1, 3, 30, 45])
def test_a_broken_import_goes_on_where_it_was(tmp_path: Path, breaks_at: int) -> None:
    made = export(600, each=2)
    file = made.write(tmp_path / "export.json")

    def line_is_cut(_: httpx2.Request) -> None:
        if audience.calls >= breaks_at:
            raise httpx2.ConnectError("cut")

    audience = Audience(line_is_cut)
    with pytest.raises(Unreachable):
        run(audience, file)
    assert file.with_name("export.json.import-journal").exists()
    assert not file.with_name("export.json.rejects.jsonl").exists()

    audience.before = lambda _: None
    summary = run(audience, file)
    assert summary.resumed
    assert {user_id: _addresses(user) for user_id, user in audience.users.items()} == made.users
    assert audience.suppressed == made.suppressed
    assert {row["line"]: (row["outcome"], row["code"], row["field"]) for row in rejects(summary)} == made.left_out
    assert not file.with_name("export.json.import-journal").exists()


def test_what_is_done_is_not_done_again(tmp_path: Path) -> None:
    made = export(1_500, each=1)
    file = made.write(tmp_path / "export.json")

    def breaks_late(request: httpx2.Request) -> None:
        if len(audience.users) > 700:
            raise httpx2.ConnectError("cut")

    audience = Audience(breaks_late)
    with pytest.raises(Unreachable):
        run(audience, file)
    audience.before = lambda _: None
    run(audience, file)
    assert audience.stored.keys() == made.users.keys()
    again = sum(count > 1 for count in audience.stored.values())
    assert again <= 400  # what was under way when it broke


def test_a_call_that_the_service_drops_is_made_again(tmp_path: Path) -> None:
    audience = Audience(lambda _: httpx2.Response(503) if audience.calls % 2 else None)
    summary = run(audience, csv(tmp_path, "ada,Ada,ada@example.com,,,,,,", "eve,Eve,eve@example.com,,,,,,email"))
    assert summary.imported == 2
    assert audience.stored == {"ada": 1, "eve": 1}


def test_another_file_under_the_same_name_is_not_mixed_in(tmp_path: Path) -> None:
    def cut(_: httpx2.Request) -> None:
        raise httpx2.ConnectError("cut")

    with pytest.raises(Unreachable):
        run(Audience(cut), csv(tmp_path, "ada,Ada,,,,,,,"))
    with pytest.raises(Unreadable, match="another file"):
        run(Audience(), csv(tmp_path, "eve,Eve,,,,,,,"))


def test_a_file_that_is_cut_off_sends_nothing(tmp_path: Path) -> None:
    file = export(500, each=1).write(tmp_path / "export.json.gz")
    file.write_bytes(file.read_bytes()[:-200])
    audience = Audience()
    with pytest.raises(Unreadable, match="damaged or truncated"):
        run(audience, file)
    assert audience.calls == 0
    assert [each.name for each in tmp_path.iterdir()] == [file.name]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "Unknown format of "),
        ("name,email\nAda,a@b.cc\n", "with a header that contains `id`"),
        ("id;name\nada;Ada\n", "comma-separated CSV file"),
        ("id,nmae\nada,Ada\n", "nmae"),
    ],
)
def test_a_file_of_another_kind_is_refused_whole(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "users.csv"
    file.write_text(content)
    audience = Audience()
    with pytest.raises(Unreadable, match=said):
        run(audience, file)
    assert audience.calls == 0


@pytest.mark.parametrize("after", [3, 15_000])
def test_a_quote_that_is_never_closed_costs_its_own_row_alone(tmp_path: Path, after: int) -> None:
    file = csv(tmp_path, "ada,Ada,,,,,,,", 'eve,"Eve,,,,,,,', *(f"u{n},U,,,,,,," for n in range(after)))
    found = list(reading.rows(file, reading.CSV))
    assert [read.line for read in found] == list(range(2, after + 4))
    assert [read.line for read in found if isinstance(read.found, LeftOut)] == [3]


def test_a_line_without_an_end_is_not_read_into_memory(tmp_path: Path) -> None:
    file = tmp_path / "export.json"
    good = json.dumps({"ChannelType": "EMAIL", "Address": "a@example.com", "User": {"UserId": "ada"}})
    file.write_text(good + "\n" + '{"x": "' + "y" * 12_000_000 + '"}\n' + good.replace("ada", "eve") + "\n")
    tracemalloc.start()
    found = [read.found for read in reading.rows(file, reading.PINPOINT)]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [getattr(each, "code", None) for each in found] == [None, "too_long", None]
    assert peak < 3_000_000


def test_reading_a_large_file_takes_no_more_memory_than_a_small_one(tmp_path: Path) -> None:
    def peak(rows: int) -> int:
        file = export(rows, each=1).write(tmp_path / f"{rows}.json")
        tracemalloc.start()
        for _ in reading.rows(file, reading.PINPOINT):
            pass
        _, used = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return used

    assert peak(1_500) < peak(150) + 300_000


def test_what_holds_addresses_is_for_no_other_eyes(tmp_path: Path) -> None:
    modes: set[int] = set()

    def look(_: httpx2.Request) -> None:
        modes.add(stat.S_IMODE((tmp_path / "users.csv.import-journal").stat().st_mode))

    summary = run(Audience(look), csv(tmp_path, "ada,Ada,ada@@example.com,,,,,,"))
    assert summary.rejects_file
    modes.add(stat.S_IMODE(Path(summary.rejects_file).stat().st_mode))
    assert modes == {0o600}


def _addresses(user: dict[str, Any]) -> dict[str, Any]:
    return {name: user[name] for name in ("email", "phone", "push") if user.get(name)}
