"""The command line: output, errors on stderr, and exit statuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest
from fanfare_client._sync import client as sync_client
from fanfare_client.cli.codes import MEANING, Exit
from fanfare_client.retries import Retries

from .deployment import Deployment
from .server import Given, ok, problem
from .shell import MESSAGE, SECRET, Shell

ACCEPTED = {"id": "m-1", "state": "pending", "created_at": "2027-01-01T08:00:00.000Z"}


def test_a_message_is_sent_and_its_id_is_all_that_is_printed(fanfare: Shell) -> None:
    fanfare.answers(ok(ACCEPTED, 202))
    words = ["--topic", "orders", "--to", "ada", "--template", "shipped@3", "--data", '{"order": "A-17"}', "--critical"]
    result = fanfare("send", *words, "--channel", "email", "--idempotency-key", "order-17")
    assert (result.exit_code, result.stdout) == (Exit.DONE, "m-1\n")
    assert fanfare.body == {
        "topic": "orders",
        "recipients": ["ada"],
        "template": {"id": "shipped", "version": 3},
        "data": {"order": "A-17"},
        "channels": ["email"],
        "priority": "critical",
        "on_doubt": "resend",
    }
    assert fanfare.asked.headers["idempotency-key"] == "order-17"


def test_content_comes_from_a_file_and_data_from_stdin(fanfare: Shell) -> None:
    (fanfare.folder / "mail.html").write_text("<p>Grüße</p>")
    fanfare.answers(ok(ACCEPTED, 202))
    words = ["--to", "ada", "--subject", "Hi", "--html", "@mail.html", "--data", "@-", "--channel", "email"]
    assert fanfare("send", *words, stdin='{"a": 1}').exit_code == Exit.DONE
    assert fanfare.body["content"] == {"subject": "Hi", "html": "<p>Grüße</p>"}
    assert fanfare.body["data"] == {"a": 1}


def test_steps_come_from_a_file_and_a_local_time_is_one_of_each_reader(fanfare: Shell) -> None:
    steps = [{"channels": ["inbox"]}, {"after": "PT10M", "channels": ["email"], "unless": "read"}]
    (fanfare.folder / "steps.json").write_text(json.dumps(steps))
    fanfare.answers(ok(ACCEPTED, 202))
    words = ["--to", "ada", "--text", "Hi", "--steps", "@steps.json", "--send-at-local", "2027-01-01T09:00"]
    assert fanfare("send", *words).exit_code == Exit.DONE
    assert (fanfare.body["steps"], fanfare.body["send_at"]) == (steps, {"local": "2027-01-01T09:00"})


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--topic", "t"], "--template"),
        (
            ["--topic", "t", "--template", "x", "--text", "y"],
            "Pass either --template, or --text or --html with --subject.",
        ),
        (["--text", "y"], "--topic"),
        (["--topic", "t", "--template", "x@new"], "--template x@new: the version must be a number, e.g. x@3."),
        (["--topic", "t", "--text", "@gone.txt"], "Can't read gone.txt: No such file or directory"),
        (["--topic", "t", "--text", "y", "--data", "{order: 1}"], "--data is not valid JSON"),
        (["--topic", "t", "--text", "y", "--steps", "{}"], "--steps must be a JSON array"),
        (
            ["--topic", "t", "--text", "y", "--send-at", "2027-01-01T08:00:00Z", "--send-at-local", "2027-01-01T09:00"],
            "Pass --send-at or --send-at-local, not both.",
        ),
        (["--topic", "t", "--text", "y", "--data", "[1]"], '--data must be a JSON object, e.g. \'{"order": "A-17"}\''),
    ],
)
def test_an_invalid_command_line_is_an_error_with_the_remedy_and_nothing_is_sent(
    fanfare: Shell, words: list[str], said: str
) -> None:
    result = fanfare("send", *words)
    assert result.exit_code == Exit.USAGE
    assert said in result.stderr
    assert not fanfare.server.asked


def test_a_refusal_names_the_field_and_the_cure(fanfare: Shell) -> None:
    fault = {
        "pointer": "/topic",
        "code": "unknown_topic",
        "detail": "No such topic. Create it with PUT /v1/topics/{id}.",
    }
    fanfare.answers(problem(422, "invalid_request", errors=[fault]))
    result = fanfare("send", "--topic", "t", "--text", "y")
    assert (result.exit_code, result.stdout) == (Exit.REFUSED, "")
    assert "/topic: No such topic. Create it with PUT /v1/topics/{id} (unknown_topic)" in result.stderr
    assert "r-1" in result.stderr


def test_a_header_that_is_wrong_is_named(fanfare: Shell) -> None:
    fault = {
        "pointer": "Idempotency-Key:",
        "code": "idempotency_key_reused",
        "detail": "Already used with a different request body.",
    }
    fanfare.answers(problem(422, "idempotency_key_reused", errors=[fault]))
    result = fanfare("send", "--topic", "t", "--text", "y")
    assert "  Idempotency-Key: Already used with a different request body (idempotency_key_reused)\n" in result.stderr


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (httpx2.Response(403, json={"message": "Forbidden"}), Exit.NOT_ALLOWED),
        (problem(404), Exit.REFUSED),
        (problem(429, retryable=True, headers={"Retry-After": "3600"}), Exit.AGAIN),
        (httpx2.Response(302), Exit.REFUSED),
    ],
)
def test_the_exit_status_says_what_kind_of_trouble_it_was(fanfare: Shell, answer: Given, status: Exit) -> None:
    fanfare.answers(answer)
    assert fanfare("topics", "get", "t").exit_code == status


def test_an_unknown_outcome_is_reported_with_the_key_that_makes_a_repeat_safe(
    fanfare: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Retries.__init__, "__defaults__", (1, 0.0, 0.0))
    fanfare.answers(httpx2.ReadTimeout)
    result = fanfare("send", "--topic", "t", "--text", "y")
    assert result.exit_code == Exit.AGAIN
    assert f"--idempotency-key {fanfare.asked.headers['idempotency-key']}" in result.stderr


def test_a_watched_message_that_failed_is_an_exit_status(fanfare: Shell) -> None:
    fanfare.answers(ok({**MESSAGE, "state": "failed"}))
    assert fanfare("status", "m-1", "--watch", "--json").exit_code == Exit.IN_PART


def test_json_is_json_and_nothing_else(fanfare: Shell) -> None:
    fanfare.answers(ok(MESSAGE))
    assert json.loads(fanfare("status", "m-1", "--json").stdout) == MESSAGE
    topics = [{"id": "a", "title": "[bold]A[/bold] " + "x" * 300}, {"id": "b", "title": "B"}]
    fanfare.answers(ok({"items": topics, "next_cursor": None}))
    assert [json.loads(line) for line in fanfare("topics", "list", "--json").stdout.splitlines()] == topics


def test_what_people_wrote_gives_the_terminal_no_orders(fanfare: Shell) -> None:
    fanfare.answers(ok({"id": "u", "name": "\x1b]0;owned\x07\x1b[2J[red]Ada\u202e", "email": None}))
    out = fanfare("users", "get", "u").stdout
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "\\x1b]0;owned\\x07" in out
    assert "[red]Ada" in out


def test_a_folder_is_a_template(fanfare: Shell) -> None:
    folder = fanfare.folder / "shipped"
    for name, said in {
        "email/subject.txt": "Order {{ data.order }}\n",
        "email/html.html": "<p>Hi</p>\n",
        "locales/de/email/subject.txt": "Bestellung\n",
        "partials/footer.html": "Bye\n",
        "example.json": '{"order": "A-17"}',
        "schema.json": '{"type": "object"}',
        "layout.txt": "brand\n",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(said)
    fanfare.answers(ok({"id": "shipped", "version": 4}, 201))
    assert fanfare("templates", "push", "shipped", "shipped").stdout == "shipped@4\n"
    assert fanfare.body == {
        "channels": {"email": {"html": "<p>Hi</p>", "subject": "Order {{ data.order }}"}},
        "locales": {"de": {"email": {"subject": "Bestellung"}}},
        "partials": {"footer": "Bye"},
        "schema": {"type": "object"},
        "example": {"order": "A-17"},
        "layout": "brand",
    }
    stored = {**fanfare.body, "id": "shipped", "version": 4, "layout": {"id": "brand", "version": 1}}
    fanfare.answers(ok(stored))
    assert fanfare("templates", "diff", "shipped", "shipped").stdout == "no differences\n"
    (folder / "email" / "subject.txt").write_text("Your order {{ data.order }}\n")
    fanfare.answers(ok(stored))
    assert "+Your order {{ data.order }}" in fanfare("templates", "diff", "shipped", "shipped").stdout


def test_what_deletes_asks_first(fanfare: Shell) -> None:
    assert fanfare("topics", "delete", "t", stdin="n\n").exit_code == 1
    assert not fanfare.server.asked
    fanfare.answers(httpx2.Response(204))
    assert fanfare("topics", "delete", "t", "--yes").exit_code == Exit.DONE


@pytest.mark.parametrize(
    "command",
    [
        ("topics", "delete", "gone", "--yes"),
        ("templates", "delete", "gone", "--yes"),
        ("users", "delete", "gone", "--yes"),
        ("suppressions", "remove", "email", "gone"),
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_a_deletion_is_reported_as_json(fanfare: Shell, command: tuple[str, ...]) -> None:
    fanfare.answers(httpx2.Response(204))
    assert json.loads(fanfare(*command, "--json").stdout) == {"deleted": "gone"}


def test_an_import_that_leaves_rows_out_is_done_in_part(fanfare: Shell) -> None:
    fanfare.handler = Deployment()
    Path("users.csv").write_text("id,email\nada,ada@example.com\nnot an id,eve@example.com\n")
    checked = fanfare("import", "users.csv")
    assert checked.exit_code == 3, checked.stderr
    assert "users: 1 new" in checked.stdout
    assert "Nothing is changed so far" in checked.stdout
    assert fanfare("users", "list").stdout == "none\n"
    result = fanfare("import", "users.csv", "--apply")
    assert (result.exit_code, "1 rejected: invalid_id" in result.stdout) == (3, True)
    summary = json.loads(fanfare("import", "users.csv", "--apply", "--json").stdout)
    assert (summary["users"], summary["rejected"]) == ({"unchanged": 1}, {"invalid_id": 1})


def test_a_deployment_is_exported_to_a_file(fanfare: Shell) -> None:
    fanfare.handler = Deployment()
    Path("users.csv").write_text("id,email\nada,ada@example.com\n")
    fanfare("import", "users.csv", "--apply")
    assert json.loads(fanfare("export", "all.jsonl.gz", "--json").stdout) == {"brand": 1, "user": 1}


def test_without_a_url_the_error_names_the_variable_to_set(fanfare: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    (fanfare.folder / ".local" / "stack.json").unlink()
    result = fanfare("topics", "list")
    assert result.exit_code == Exit.USAGE
    assert "FANFARE_URL" in result.stderr


def test_no_secret_is_printed_not_even_when_it_breaks(fanfare: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    where = {**os.environ, "PYTHONPATH": str(Path(str(sync_client.__file__)).parents[2]), "NO_COLOR": "1"}
    broken = (
        "import fanfare_client.calls as calls, fanfare_client.cli as cli, sys\n"
        "calls.Call.target = property(lambda self: 1 / 0)\n"
        "sys.argv = ['fanfare', 'topics', 'list']\n"
        "cli.main()\n"
    )
    ran = subprocess.run([sys.executable, "-c", broken], env=where, capture_output=True, text=True, check=False)  # noqa: S603
    assert "ZeroDivisionError" in ran.stderr
    assert SECRET not in ran.stdout + ran.stderr


def test_every_exit_status_has_a_meaning() -> None:
    assert list(MEANING) == list(Exit)
