"""The command `fanfare` against the stack: the whole way of a message, and an import that dies half-way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fanfare_client.cli.app import app
from typer.testing import CliRunner, Result

from local.api import until
from tests.client.pinpoint_export import export
from tests.documents import ROOT

from .conftest import World

ROWS = int(os.environ.get("FANFARE_IMPORT_ROWS", "1000"))  # `make import` has ten thousand

FANFARE = [sys.executable, "-c", "from fanfare_client.cli import main; main()"]


@pytest.fixture
def stack(world: World, tmp_path: Path) -> Path:
    file = tmp_path / "stack.json"
    file.write_text(json.dumps(world.described))
    return file


@pytest.fixture
def stranger(world: World, tmp_path: Path) -> Path:
    file = tmp_path / "stranger.json"
    file.write_text(json.dumps({**world.described, "service": world.described["stranger"]}))
    return file


def fanfare(stack: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["--stack", str(stack), *words], catch_exceptions=False)


def done(stack: Path, *words: str) -> Any:
    """What it answers in JSON."""
    result = fanfare(stack, *words, "--json")
    assert result.exit_code == 0, result.output
    return (
        json.loads(result.stdout)
        if result.stdout.startswith("{\n")
        else list(map(json.loads, result.stdout.splitlines()))
    )


def test_a_message_from_nothing_to_its_explanation(world: World, stack: Path, tmp_path: Path) -> None:
    topic = next(world.topics)
    users = tmp_path / "users.csv"
    users.write_text(
        "id,name,email,opt_out\ncli-ada,Ada,cli-ada@example.com,\ncli-eve,Eve,cli-eve@example.com,\ncli-no,No,cli-no@example.com,email\n"
    )
    (tmp_path / "shipped" / "email").mkdir(parents=True)
    (tmp_path / "shipped" / "email" / "subject.txt").write_text("Order {{ data.order }}")
    (tmp_path / "shipped" / "email" / "text.txt").write_text("Hello {{ user.name }}")
    (tmp_path / "shipped" / "example.json").write_text('{"order": "A-17"}')

    done(stack, "topics", "put", topic, "--title", "Shipped", "--channel", "email")
    version = done(stack, "templates", "push", "cli-shipped", str(tmp_path / "shipped"))["version"]
    assert done(stack, "templates", "preview", "cli-shipped")["subject"] == "Order A-17"
    summary = done(stack, "import", str(users), "--topic", topic, "--apply")
    assert (summary["imported"], summary["suppressed"]) == (3, 1)
    message = ["--topic", topic, "--template", f"cli-shipped@{version}", "--data", '{"order": "A-1"}']
    assert done(stack, "dry-run", *message)["deliver"] == {"email": 2}

    accepted = done(stack, "send", *message, "--idempotency-key", f"{topic}-1")
    assert done(stack, "send", *message, "--idempotency-key", f"{topic}-1")["id"] == accepted["id"]
    seen = done(stack, "status", accepted["id"], "--watch")
    assert (seen["state"], seen["counts"]["sent"]) == ("sent", 2)
    assert world.received(accepted["id"]) == {"cli-ada": 1, "cli-eve": 1}
    assert {each["user_id"] for each in done(stack, "deliveries", accepted["id"])} == {"cli-ada", "cli-eve"}
    (channel,) = done(stack, "explain", accepted["id"], "cli-no")["channels"]
    assert channel["recorded"]["status"] == "not_chosen"
    assert fanfare(stack, "redrive", accepted["id"]).exit_code == 1
    assert done(stack, "suppressions", "get", "email", "cli-no@example.com")["cause"] == "opt_out"


def test_who_may_not_call_is_told_how_to_become_somebody_else(stranger: Path) -> None:
    result = fanfare(stranger, "topics", "list")
    assert result.exit_code == 4
    assert "execute-api:Invoke" in result.stderr


@pytest.mark.long
@pytest.mark.timeout(300)
def test_the_command_installs_by_itself_into_a_fresh_environment(world: World, stack: Path, tmp_path: Path) -> None:
    fresh = tmp_path / "fresh"
    subprocess.run([sys.executable, "-m", "venv", fresh], check=True)  # noqa: S603
    subprocess.run([fresh / "bin" / "pip", "install", "--quiet", "./client"], cwd=ROOT, check=True)  # noqa: S603
    outside = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def typed(*words: str | Path) -> str:
        command = [fresh / "bin" / "fanfare", *words]
        return subprocess.run(command, cwd=tmp_path, env=outside, capture_output=True, text=True, check=True).stdout  # noqa: S603

    assert typed("--version").startswith("fanfare ")
    assert world.described["internal_url"] in typed("--stack", stack, "whoami")


@pytest.mark.long
def test_a_pinpoint_export_survives_a_kill(world: World, stack: Path, tmp_path: Path) -> None:
    made = export(ROWS, prefix="pin-")
    file = made.write(tmp_path / "export.json.gz")
    command = [*FANFARE, "--stack", str(stack), "import", str(file), "--apply", "--json"]
    journal = file.with_name("export.json.gz.import-journal")

    first = subprocess.Popen(command, stdout=subprocess.PIPE)  # noqa: S603
    until("some are stored", lambda: _is_stored(world, "pin-user-00001"), seconds=120, every=0.1)
    assert first.poll() is None, "it was through before it could be killed"
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert journal.exists()
    assert 0 < len(_stored(world)) < len(made.users)

    second = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert second.returncode == 3, second.stderr
    summary = json.loads(second.stdout)
    assert summary["resumed"]
    assert summary["rows"] == ROWS == summary["imported"] + sum(what[0] != "field" for what in made.left_out.values())
    assert summary["rejected"] == made.counted("rejected")
    assert summary["skipped"] == made.counted("skipped")
    told = [json.loads(line) for line in Path(summary["report_file"]).read_text().splitlines()]
    rows = [row for row in told if "line" in row and row["code"] != "attribute"]
    assert {row["line"]: (row["outcome"], row["code"], row["field"]) for row in rows} == made.left_out
    assert _stored(world) == made.users
    listed = done(stack, "suppressions", "list", "--channel", "email")
    assert made.suppressed <= {(each["channel"], each["address"]) for each in listed}
    assert not journal.exists()


def _is_stored(world: World, user_id: str) -> bool:
    return world.api.call("GET", f"/v1/users/{user_id}").status == 200


def _stored(world: World) -> dict[str, Any]:
    """The imported users' addresses, from the table."""
    pages = (
        world.client("dynamodb")
        .get_paginator("scan")
        .paginate(
            TableName=world.outputs["AudienceTableName"],
            FilterExpression="begins_with(pk, :pin) AND sk = :user",
            ExpressionAttributeValues={":pin": {"S": "user#pin-"}, ":user": {"S": "user"}},
        )
    )
    items = (item for page in pages for item in page["Items"])
    return {item["pk"]["S"].removeprefix("user#"): _addresses(item["profile"]["M"]) for item in items}


def _addresses(profile: dict[str, Any]) -> dict[str, Any]:
    known: dict[str, Any] = {name: profile[name]["S"] for name in ("email", "phone") if name in profile}
    if devices := profile.get("push", {}).get("L"):
        known["push"] = [{name: value["S"] for name, value in device["M"].items()} for device in devices]
    return known
