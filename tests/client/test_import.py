"""An import from a file: compared first, every row accounted for, a no stays a no, and a broken import goes on."""

from __future__ import annotations

import json
import os
import random
import signal
import stat
import subprocess
import sys
import threading
import tracemalloc
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fanfare.domain.audience import By
from fanfare_client import Unreachable
from fanfare_client.imports import Summary, Unreadable
from fanfare_client.imports.importing import read_options
from fanfare_client.imports.reading import SOURCES
from fanfare_client.imports.records import LeftOut, Record
from fanfare_client.imports.tables.options import TableOptions

from .deployment import Deployment
from .pinpoint_export import export
from .test_bundle import imported


def table(tmp_path: Path, *rows: str) -> Path:
    file = tmp_path / "users.csv"
    file.write_text("\n".join(rows) + "\n")
    return file


def users_of(deployment: Deployment) -> dict[str, dict[str, Any]]:
    """What is stored, without what is empty."""
    with deployment.client() as fanfare:
        users: Any = list(fanfare.users.list())
    return {user.pop("id"): {name: value for name, value in user.items() if value} for user in users}


def suppressed(deployment: Deployment) -> set[tuple[str, str]]:
    with deployment.client() as fanfare:
        return {(each["channel"], each["address"]) for each in fanfare.suppressions.list()}


def subscribers(deployment: Deployment, state: Any = "subscribed") -> set[tuple[str, str]]:
    with deployment.client() as fanfare:
        return {(each["user_id"], each["channel"]) for each in fanfare.topics.subscribers("news", state=state)}


def with_topic(*channels: Any) -> Deployment:
    deployment = Deployment()
    offered: Any = channels or ["email", "sms", "inbox"]
    with deployment.client() as fanfare:
        fanfare.topics.put("news", title="News", channels=offered)
    return deployment


def report(summary: Summary) -> list[dict[str, Any]]:
    assert summary.report_file
    return [json.loads(line) for line in Path(summary.report_file).read_text().splitlines()]


def left_out(summary: Summary) -> list[tuple[int, str, str, str]]:
    lines = [line for line in report(summary) if "line" in line]
    return [(line["line"], line["outcome"], line["code"], line["field"]) for line in lines]


# Check first


def test_a_check_says_what_would_change_and_changes_nothing(tmp_path: Path) -> None:
    deployment = with_topic()
    imported(deployment, table(tmp_path, "id,name,email,attributes.plan", "ada,Ada,ada@example.com,pro", "bob,Bob,,"))
    before = users_of(deployment)
    file = table(tmp_path, "ID,Name,E-Mail,attributes.plan", "ada,Ada L.,ada@example.com,", "bob,Bob,,", "new,New,,")
    checked = imported(deployment, file, apply=False)
    assert (checked.applied, checked.users) == (False, {"changed": 1, "new": 1, "unchanged": 1})
    assert (checked.changes, checked.examples) == ({"name": 1}, {"name": [["ada", "Ada", "Ada L."]]})
    assert users_of(deployment) == before
    assert not file.with_name("users.csv.import-journal").exists()
    applied = imported(deployment, file)
    assert (applied.applied, applied.users) == (True, checked.users)
    assert users_of(deployment)["ada"] == {**before["ada"], "name": "Ada L."}


def test_columns_that_are_not_there_leave_things_alone(tmp_path: Path) -> None:
    deployment = Deployment()
    whole = "id,name,email,phone,locale,time_zone,quiet_start,quiet_end,attributes.plan,attributes.seats"
    imported(
        deployment, table(tmp_path, whole, "ada,Ada,a@example.com,+436641234567,de,Europe/Vienna,22:00,07:00,pro,3")
    )
    before = users_of(deployment)["ada"]
    summary = imported(deployment, table(tmp_path, "id,attributes.plan", "ada,free"))
    assert summary.changes == {"attributes.plan": 1}
    assert users_of(deployment)["ada"] == {**before, "attributes": {"plan": "free", "seats": "3"}}


def test_a_number_of_before_stays_a_number(tmp_path: Path) -> None:
    deployment = Deployment()
    with deployment.client() as fanfare:
        fanfare.users.put("ada", attributes={"seats": 3, "rate": 1.5, "beta": True, "zip": "01234"})
    file = table(
        tmp_path,
        "id,attributes.seats,attributes.rate,attributes.beta,attributes.zip",
        "ada,3,2.5,TRUE,1234",
    )
    summary = imported(deployment, file)
    assert summary.changes == {"attributes.rate": 1}
    assert left_out(summary) == [(2, "damaged", "lost_zeros", "attributes.zip")]
    attributes = users_of(deployment)["ada"]["attributes"]
    assert attributes == {"seats": 3, "rate": 2.5, "beta": True, "zip": "01234"}


# Refusals


def test_who_left_by_one_click_is_not_subscribed_again_and_the_report_says_so(tmp_path: Path) -> None:
    deployment = with_topic("email")
    file = table(tmp_path, "id,email", "ada,ada@example.com", "bob,bob@example.com")
    assert imported(deployment, file, topics=["news"]).subscribed == 2
    deployment.unsubscribe("ada", "news", "email", By.ONE_CLICK)
    checked = imported(deployment, file, topics=["news"], apply=False)
    assert (checked.left_alone, checked.subscribed) == (1, 1)
    again = imported(deployment, file, topics=["news"])
    assert (again.left_alone, subscribers(deployment)) == (1, {("bob", "email")})
    assert report(again) == [
        {
            "outcome": "left_alone",
            "code": "unsubscribed_by_person",
            "topic": "news",
            "user": "ada",
            "channel": "email",
        }
    ]


@pytest.mark.parametrize("word", ["TRUE", "1", "yes", "unsubscribed", "all", "WAHR", "真", "perhaps", "email"])
def test_every_word_for_a_refusal_is_one(word: str, tmp_path: Path) -> None:
    deployment = with_topic()
    file = table(tmp_path, "id,email,opt_out", f"ada,ada@example.com,{word}", "bob,bob@example.com,FALSE")
    summary = imported(deployment, file, topics=["news"])
    assert suppressed(deployment) == {("email", "ada@example.com")}
    assert subscribers(deployment) == {("bob", "email"), ("bob", "inbox")}
    assert summary.suppressed == 1


def test_a_refusal_counts_on_a_row_that_is_wrong_otherwise(tmp_path: Path) -> None:
    deployment = Deployment()
    file = table(
        tmp_path,
        "id,email,phone,opt_out",
        "not an id,a@example.com,,yes",
        ",b@example.com,,all",
        "c,c@example.com,0664 123,sms",
        "1-2-2026,d@example.com,,x",
        "same,e@example.com,,1",
        "same,f@example.com,,",
    )
    summary = imported(deployment, file)
    assert suppressed(deployment) == {("email", f"{name}@example.com") for name in "abde"}
    assert left_out(summary) == [
        (2, "rejected", "invalid_id", "id"),
        (3, "rejected", "missing", "id"),
        (4, "field", "no_country", "phone"),
        (5, "damaged", "date", "id"),
        (6, "rejected", "two_under_one_id", "id"),
        (7, "rejected", "two_under_one_id", "id"),
    ]
    assert summary.rows == summary.imported + sum(summary.rejected.values()) + sum(summary.damaged.values())


def test_a_refusal_without_an_address_opts_out_of_everything(tmp_path: Path) -> None:
    deployment = Deployment()
    imported(deployment, table(tmp_path, "id,email", "ada,ada@example.com"))
    summary = imported(deployment, table(tmp_path, "id,opt_out", "ada,unsubscribed"))
    assert (summary.users, summary.changes) == ({"changed": 1}, {"opted_out": 1})
    again = imported(deployment, table(tmp_path, "id,opt_out", "ada,unsubscribed"))
    assert (again.users, again.changes) == ({"unchanged": 1}, {})
    with deployment.client() as fanfare:
        assert [user["id"] for user in fanfare.users.list(opted_out=True)] == ["ada"]


def test_a_refusal_that_needs_a_topic_is_named_without_one(tmp_path: Path) -> None:
    file = tmp_path / "users.json"
    refuses = {"preferences": {"global": {"enabled": True, "channels": {"in_app": False}}}}
    file.write_text(json.dumps({"data": [{"subscriberId": "ada", **refuses}]}))
    summary = imported(Deployment(), file)
    assert left_out(summary) == [(1, "field", "refusal_without_topic", "inbox")]


def test_an_id_that_a_spreadsheet_made_of_a_stored_one_is_no_new_user(tmp_path: Path) -> None:
    deployment = Deployment()
    imported(deployment, table(tmp_path, "id,name", "0012,Ada", "1E3,Bob"))
    summary = imported(deployment, table(tmp_path, "id,name", "12,Ada", "1000,Bob", "13,New"))
    assert left_out(summary) == [(2, "damaged", "lost_zeros", "id"), (3, "damaged", "number", "id")]
    assert set(users_of(deployment)) == {"0012", "1E3", "13"}


def test_suppressions_and_refusals_go_before_every_yes(tmp_path: Path) -> None:
    order: list[str] = []
    deployment = with_topic()
    deployment.before = lambda request: order.append(request.url.path) if request.method == "POST" else None
    imported(deployment, table(tmp_path, "id,email,opt_out", "ada,a@x.org,1", "bob,b@x.org,"), topics=["news"])
    assert order == ["/v1/suppressions", "/v1/users", "/v1/topics/news/subscriptions"]


# Fields and rows


def test_a_wrong_optional_field_costs_that_field(tmp_path: Path) -> None:
    deployment = with_topic("email", "sms")
    file = table(
        tmp_path,
        "id,name,email,phone,time_zone,quiet_start,quiet_end",
        "ada,Ada,ada@@example.com,+436641234567,Vienna,22:00,",
        "eve,Eve,eve@example,+436641234568,Europe/Vienna,22:00,7:00 AM",
    )
    summary = imported(deployment, file, topics=["news"])
    assert users_of(deployment) == {
        "ada": {"name": "Ada", "phone": "+436641234567"},
        "eve": {
            "name": "Eve",
            "phone": "+436641234568",
            "time_zone": "Europe/Vienna",
            "quiet_hours": {"start": "22:00", "end": "07:00"},
        },
    }
    assert subscribers(deployment) == {("ada", "sms"), ("eve", "sms")}
    assert left_out(summary) == [
        (2, "field", "invalid_email", "email"),
        (2, "field", "invalid_time_zone", "time_zone"),
        (2, "field", "missing", "quiet_end"),
        (3, "field", "invalid_email", "email"),
    ]
    assert (summary.imported, summary.complete) == (2, False)


def test_rows_that_agree_are_one_user(tmp_path: Path) -> None:
    deployment = Deployment()
    imported(
        deployment, table(tmp_path, "id,name,email", "ada,Ada,", "ada,,ada@example.com", "ada,Ada,ada@example.com")
    )
    assert users_of(deployment) == {"ada": {"name": "Ada", "email": "ada@example.com"}}


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ((), "is empty"),
        (("name,email", "Ada,a@b.cc"), "No column is the user's id"),
        (("id,nmae", "ada,Ada"), "Unknown columns: nmae"),
        (("id,email,E-Mail", "ada,a@b.cc,"), "Two columns are the field email"),
        (("id,id", "ada,bob"), "Two columns have the name id"),
    ],
)
def test_a_file_that_is_not_understood_changes_nothing(tmp_path: Path, rows: tuple[str, ...], said: str) -> None:
    file = tmp_path / "users.csv"
    file.write_text("\n".join(rows))
    deployment = Deployment()
    with pytest.raises(Unreadable, match=said):
        imported(deployment, file)
    assert (deployment.calls, [each.name for each in tmp_path.iterdir()]) == (Counter(), ["users.csv"])


def test_columns_are_named_on_the_command_line(tmp_path: Path) -> None:
    deployment = Deployment()
    file = table(tmp_path, "Kontakt;Vorname;Notiz", "ada@example.com;Ada;hm")
    columns = read_options(["Kontakt=email,id", "Vorname=first_name", "Notiz="])
    imported(deployment, file, table=TableOptions(columns))
    assert users_of(deployment) == {"ada@example.com": {"name": "Ada", "email": "ada@example.com"}}


# Pinpoint


@pytest.mark.parametrize("name", ["export.json", "export.json.gz"])
def test_every_row_of_an_export_is_imported_or_reported_with_its_reason(tmp_path: Path, name: str) -> None:
    made = export(600, each=3)
    deployment = Deployment()
    summary = imported(deployment, made.write(tmp_path / name))
    assert summary.rows == made.rows == 600
    whole = [summary.skipped, summary.rejected, summary.damaged]
    assert summary.rows == summary.imported + sum(sum(each.values()) for each in whole)
    assert Counter(summary.skipped) == made.counted("skipped")
    assert Counter(summary.rejected) == made.counted("rejected")
    assert {line: tuple(what) for line, *what in left_out(summary) if what[1] != "attribute"} == made.left_out
    stored = users_of(deployment)
    addresses = {
        user_id: {name: user[name] for name in ("email", "phone", "push") if name in user}
        for user_id, user in stored.items()
    }
    assert addresses == made.users
    assert suppressed(deployment) == made.suppressed
    good = [user for user_id, user in stored.items() if user_id.startswith("user-")]
    told = {(user["name"], user["locale"], user["time_zone"], user["attributes"]["plan"]) for user in good}
    assert told == {("Ada Lovelace", "de-AT", "Europe/Vienna", "pro")}


def test_pinpoints_csv_says_the_same_as_its_json(tmp_path: Path) -> None:
    file = table(
        tmp_path,
        "ChannelType,Address,EndpointStatus,OptOut,Id,User.UserId,User.UserAttributes.FirstName,Demographic.Locale",
        "EMAIL,ada@example.com,ACTIVE,NONE,e1,ada,Ada,en_GB",
        "SMS,+436641234567,ACTIVE,ALL,e2,ada,,",
        "EMAIL,grace@example.com,INACTIVE,NONE,e3,grace,Grace,",
        "EMAIL,eve@example.com,,,e4,,,",
        "EMAIL,zoe@example.com,ACTIVE,YES,e5,zoe,,",
    )
    deployment = with_topic()
    summary = imported(deployment, file, topics=["news"])
    assert users_of(deployment) == {
        "ada": {"name": "Ada", "email": "ada@example.com", "phone": "+436641234567", "locale": "en-GB"},
        "e4": {"email": "eve@example.com"},
        "zoe": {"email": "zoe@example.com"},
    }
    assert suppressed(deployment) == {("sms", "+436641234567"), ("email", "zoe@example.com")}
    assert subscribers(deployment) == {("ada", "email"), ("ada", "inbox"), ("e4", "email"), ("e4", "inbox")}
    assert (summary.imported, summary.skipped) == (4, {"inactive": 1})


# Interruptions


@pytest.mark.parametrize("breaks_at", [1, 3, 5])
def test_a_broken_import_goes_on_where_it_was(tmp_path: Path, breaks_at: int) -> None:
    made = export(500, each=1)
    file = made.write(tmp_path / "export.json")
    deployment = Deployment()

    def line_is_cut(request: httpx2.Request) -> None:
        if deployment.calls.total() >= breaks_at:
            raise httpx2.ConnectError("cut")

    deployment.before = line_is_cut
    with pytest.raises(Unreachable):
        imported(deployment, file)
    assert file.with_name("export.json.import-journal").exists()
    deployment.before = lambda _: None
    summary = imported(deployment, file)
    whole = Deployment()
    expected = imported(whole, file)
    assert vars(summary) | {"resumed": False} == vars(expected)
    assert users_of(deployment) == users_of(whole)
    assert suppressed(deployment) == made.suppressed
    assert not file.with_name("export.json.import-journal").exists()


def test_an_import_takes_three_calls_for_a_hundred_users(tmp_path: Path) -> None:
    rows = [f"u{number},u{number}@example.com,{'yes' if number % 10 == 0 else ''}" for number in range(1_000)]
    deployment = with_topic("email")
    deployment.calls.clear()
    summary = imported(deployment, table(tmp_path, "id,email,opt_out", *rows), topics=["news"])
    assert summary.users == {"new": 1_000}
    assert deployment.calls["GET users"] + deployment.calls["POST users"] <= 30
    assert deployment.calls["POST suppressions"] == 1
    assert deployment.calls["POST topics"] == 2


def test_answers_to_several_lists_go_together_by_list(tmp_path: Path) -> None:
    lists = [{"name": name, "subscription_status": "confirmed"} for name in ("News", "Offers")]
    file = tmp_path / "page.json"
    with file.open("w") as written:
        for number in range(100):
            row = {"email": f"u{number}@example.com", "attribs": {}, "status": "enabled", "lists": lists}
            written.write(json.dumps(row) + "\n")
    deployment = Deployment()
    assert imported(deployment, file).subscribed == 200
    assert deployment.calls["POST topics"] == 2


def test_another_file_under_the_same_name_is_not_mixed_in(tmp_path: Path) -> None:
    def cut(request: httpx2.Request) -> None:
        if request.method == "POST":
            raise httpx2.ConnectError("cut")

    with pytest.raises(Unreachable):
        imported(Deployment(cut), table(tmp_path, "id,name", "ada,Ada"))
    with pytest.raises(Unreadable, match="another file"):
        imported(Deployment(), table(tmp_path, "id,name", "eve,Eve"))


def test_a_file_that_is_cut_off_sends_nothing(tmp_path: Path) -> None:
    file = export(500, each=1).write(tmp_path / "export.json.gz")
    file.write_bytes(file.read_bytes()[:-200])
    deployment = Deployment()
    with pytest.raises(Unreadable, match="damaged or truncated"):
        imported(deployment, file)
    assert (deployment.calls.total(), [each.name for each in tmp_path.iterdir()]) == (0, [file.name])


# Memory and eyes


def found_in(file: Path, source: str) -> list[Any]:
    rows = SOURCES[source].rows(file, TableOptions())
    return [next((each.code for each in read.found if isinstance(each, LeftOut)), None) for read in rows]


def test_a_quote_that_is_never_closed_costs_its_own_row_alone(tmp_path: Path) -> None:
    file = table(tmp_path, "id,name", "ada,Ada", 'eve,"Eve', *(f"u{number},U" for number in range(3_000)))
    reads = list(SOURCES["csv"].rows(file, TableOptions()))
    assert [read.place for read in reads] == list(range(2, 3_004))
    assert [read.place for read in reads if not any(isinstance(each, Record) for each in read.found)] == [3]


def test_a_line_without_an_end_is_not_read_into_memory(tmp_path: Path) -> None:
    file = tmp_path / "export.json"
    good = json.dumps({"ChannelType": "EMAIL", "Address": "a@example.com", "User": {"UserId": "ada"}})
    file.write_text(good + "\n" + '{"x": "' + "y" * 6_000_000 + '"}\n' + good.replace("ada", "eve") + "\n")
    tracemalloc.start()
    found = found_in(file, "pinpoint")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == [None, "too_long", None]
    assert peak < 4_000_000


def test_what_holds_addresses_is_for_no_other_eyes(tmp_path: Path) -> None:
    modes: set[int] = set()

    def look(_: httpx2.Request) -> None:
        modes.add(stat.S_IMODE((tmp_path / "users.csv.import-journal").stat().st_mode))

    summary = imported(Deployment(look), table(tmp_path, "id,email", "ada,ada@@example.com"))
    assert summary.report_file
    modes.add(stat.S_IMODE(Path(summary.report_file).stat().st_mode))
    assert modes == {0o600}


# kill -9


class _Server(BaseHTTPRequestHandler):
    """The deployment as a server, for an import in a process of its own."""

    deployment: Deployment
    answered: Callable[[], None]
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        url = f"http://127.0.0.1{self.path}"
        answer = self.deployment(httpx2.Request(self.command, url, headers=dict(self.headers), content=body))
        self.answered()
        self.send_response(answer.status_code)
        self.send_header("content-type", answer.headers["content-type"])
        self.send_header("content-length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    do_GET = do_POST = do_PUT = answer

    def log_message(self, format: str, *args: Any) -> None:
        pass


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who was killed reads no answer."""


KILLED = """
import sys
from fanfare_client.cli import main
main()
"""


@pytest.mark.long
@pytest.mark.timeout(300)
def test_an_import_that_is_killed_ends_as_one_that_is_not(tmp_path: Path) -> None:
    made = export(1_000, each=2)
    file = made.write(tmp_path / "export.json")
    whole = Deployment()
    expected = imported(whole, file)
    calls = whole.calls.total()
    draw = random.Random(21)  # noqa: S311
    for _ in range(10):
        deployment = Deployment()
        # before or after what the call changes
        killed_at, late = draw.randint(1, calls), draw.random() < 0.5
        process: list[subprocess.Popen[bytes]] = []

        def kill() -> None:
            if process and deployment.calls.total() >= killed_at:  # noqa: B023
                process[0].send_signal(signal.SIGKILL)  # noqa: B023

        deployment.before = (lambda _: None) if late else (lambda _: kill())
        after = staticmethod(kill if late else lambda: None)
        handler = type("Handler", (_Server,), {"deployment": deployment, "answered": after})
        with _Quiet(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            stack = tmp_path / "stack.json"
            service = {"access_key_id": "k", "secret_access_key": "s"}
            url = f"http://127.0.0.1:{server.server_port}"
            stack.write_text(json.dumps({"internal_url": url, "region": "eu-west-1", "service": service}))
            arguments = ["--stack", str(stack), "import", str(file), "--apply"]
            command = [sys.executable, "-c", KILLED, *arguments]
            process.append(subprocess.Popen(command, env={**os.environ}, stdout=subprocess.DEVNULL))  # noqa: S603
            assert process[0].wait(timeout=60) == -signal.SIGKILL
            server.shutdown()
        deployment.before = lambda _: None
        summary = imported(deployment, file)
        assert vars(summary) | {"resumed": False} == vars(expected)
        assert users_of(deployment) == users_of(whole)
        assert suppressed(deployment) == made.suppressed
