"""What `fanfare` says of messages: a dry run, the state, what became of whom."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fanfare_client.cli.codes import Exit

from .server import Given, ok
from .shell import MESSAGE, Shell

ALL = {"delivered": 930, "delayed": 0, "bounced": 50, "bounced_soft": 0, "complained": 20, "rejected": 0, "no_word": 0}


def deliveries(*items: tuple[str, str], next_cursor: str | None = None) -> Given:
    found = [{"status": status, "reason": reason} for status, reason in items]
    return ok({"items": found, "next_cursor": next_cursor})


def of(**changed: Any) -> dict[str, Any]:
    """The message with other counts or receipts."""
    parts: dict[str, Any] = {
        name: {**MESSAGE[name], **dict.fromkeys(MESSAGE[name], 0), **changed.pop(name)}
        for name in ("counts", "receipts")
        if name in changed
    }
    return {**MESSAGE, **parts, **changed}


def test_a_dry_run_is_a_table_of_who_would_get_it_and_who_not(fanfare: Shell) -> None:
    sample = {"channel": "email", "recipients": 1, "content": {"subject": "Hi"}, "segments": None, "error": None}
    cost = {"currency": "USD", "total": 0.0002, "as_of": "2026-11-22", "lines": []}
    fanfare.answers(
        ok(
            {
                "sampled": False,
                "looked_at": 1,
                "audience": {"email": 1_000},
                "deliver": {"email": 890},
                "digested": {"email": 40},
                "deferred": {"email": {"quiet_hours": 10}},
                "skipped": {"email": {"no_address": 60}},
                "samples": [
                    {**sample, "locale": None, "user_id": "ada"},
                    {**sample, "locale": "de", "user_id": None, "recipients": 0},
                ],
                "estimated_cost": cost,
                "warnings": [],
            }
        )
    )
    said = [line.rstrip() for line in fanfare("dry-run", "--topic", "t", "--template", "x").stdout.splitlines()]
    assert said == [
        "Nothing was sent.",
        "channel  recipients  outcome      reason",
        "email           890  sent",
        "email            40  in a digest",
        "email            10  later        quiet_hours",
        "email            60  skipped      no_address",
        "email         1,000  in all",
        "email (sample for ada):",
        "  subject: Hi",
        "email de (sample: no matching user):",
        "  subject: Hi",
        "estimated cost: 0.0002 USD (list prices of 2026-11-22)",
    ]


def test_recipients_are_users_and_addresses(fanfare: Shell) -> None:
    fanfare.answers(ok({"id": "m-1"}, 202))
    fanfare("send", "--to", "ada", "--email", "x@example.com", "--phone", "+41791234567", "--text", "y", "--sensitive")
    assert fanfare.body["recipients"] == [
        "ada",
        {"address": {"email": "x@example.com"}},
        {"address": {"phone": "+41791234567"}},
    ]
    assert fanfare.body["sensitive"] is True


def test_a_message_is_watched_to_its_end(fanfare: Shell) -> None:
    fanfare.answers(ok({**MESSAGE, "state": "active"}), ok(MESSAGE), deliveries(("skipped", "no_address")))
    result = fanfare("status", "m-1", "--watch")
    assert result.exit_code == Exit.DONE
    assert result.stdout.splitlines() == [
        "m-1  sent, reached",
        "  Your order is on its way",
        "  3 recipients, 2 sent, 1 skipped",
        "  of those sent: 1 delivered, 1 no word yet",
        "  1 skipped: no_address",
        "  2027-01-01T08:00:00.000Z  pending",
    ]


def test_receipts_of_a_thousand_mails_are_shown_in_words(fanfare: Shell) -> None:
    fanfare.answers(ok(of(counts={"recipients": 1_000, "sent": 1_000}, receipts=ALL)))
    said = fanfare("status", "m-1").stdout
    assert "  1,000 recipients, 1,000 sent\n" in said
    assert "  of those sent: 930 delivered, 50 bounced, 20 complained\n" in said


@pytest.mark.parametrize(
    ("message", "verdict"),
    [
        (of(counts={"recipients": 2, "sent": 2}, receipts={"delivered": 2}), "reached"),
        (of(counts={"recipients": 2, "sent": 2}, receipts={"no_word": 2}), "reached"),
        (of(counts={"recipients": 2, "sent": 2}, receipts={"bounced": 1, "delivered": 1}), "partly reached"),
        (of(counts={"recipients": 2, "sent": 2}, receipts={"bounced": 1, "rejected": 1}), "reached no one"),
        (of(counts={"recipients": 0}, receipts={}, outcome="nobody"), "reached no one"),
        (of(counts={"recipients": 2, "outstanding": 2}, receipts={}, outcome="open", state="active"), "open"),
    ],
)
def test_a_message_whose_mails_came_back_is_not_said_to_have_reached_anybody(
    fanfare: Shell, message: dict[str, Any], verdict: str
) -> None:
    fanfare.answers(ok(message))
    assert fanfare("status", "m-1").stdout.splitlines()[0] == f"m-1  {message['state']}, {verdict}"


def test_reasons_of_failures_and_skips_are_grouped(fanfare: Shell) -> None:
    fanfare.answers(
        ok(of(counts={"recipients": 4, "sent": 0, "failed": 3, "skipped": 1}, state="failed", outcome="nobody")),
        deliveries(("failed", "provider_rejected"), ("failed", "expired"), next_cursor="more"),
        deliveries(("failed", "provider_rejected")),
        deliveries(("skipped", "no_address")),
    )
    said = fanfare("status", "m-1").stdout
    assert "  2 failed: provider_rejected\n  1 failed: expired\n  1 skipped: no_address\n" in said
    assert [request.url.params.get("status") for request in fanfare.server.asked] == [
        None,
        "failed",
        "failed",
        "skipped",
    ]


def test_reasons_take_ten_calls_however_many_were_skipped(fanfare: Shell) -> None:
    page = [("skipped", "not_subscribed")] * 60 + [("skipped", "no_address")] * 40
    many = of(counts={"recipients": 5_000, "skipped": 5_000}, outcome="nobody")
    fanfare.answers(ok(many), *[deliveries(*page, next_cursor="more")] * 20)
    assert fanfare("status", "m-1").stdout.splitlines()[-4:-1] == [
        "  600 skipped: not_subscribed",
        "  400 skipped: no_address",
        "  4,000 more skipped; list them with: fanfare deliveries m-1 --status skipped",
    ]
    assert len(fanfare.server.asked) == 11


@pytest.mark.parametrize("words", [("messages",), ("messages", "list")])
def test_messages_are_listed_with_their_subject_and_whom_they_reached(fanfare: Shell, words: tuple[str, ...]) -> None:
    listed = {**MESSAGE, "created_at": "2027-01-01T08:00:00.123Z"}
    fanfare.answers(ok({"items": [listed, {**listed, "id": "m-2", "outcome": "nobody"}], "next_cursor": None}))
    said = [line.split("  ") for line in fanfare(*words, "--topic", "orders").stdout.splitlines()]
    assert [[cell.strip() for cell in line if cell.strip()] for line in said] == [
        ["id", "state", "outcome", "topic", "created at", "summary"],
        ["m-1", "sent", "reached", "orders", "2027-01-01T08:00:00Z", "Your order is on its way"],
        ["m-2", "sent", "reached no one", "orders", "2027-01-01T08:00:00Z", "Your order is on its way"],
    ]
    assert fanfare.asked.url.params["topic"] == "orders"


def test_a_delivery_says_what_became_of_it(fanfare: Shell) -> None:
    told = [
        ("sent", None, "bounced"),
        ("sent", None, None),
        ("sent", None, "bounced_soft"),
        ("skipped", "no_address", None),
    ]
    items = [
        {"user_id": f"u-{n}", "channel": "email", "status": status, "reason": reason, "receipt": receipt}
        for n, (status, reason, receipt) in enumerate(told)
    ]
    fanfare.answers(ok({"items": items, "next_cursor": None}))
    said = fanfare("deliveries", "m-1", "--receipt", "bounced").stdout.splitlines()
    words = ["bounced ", "no word yet ", "bounced for now ", "no_address "]
    assert [word in line for word, line in zip(words, said[1:], strict=True)] == [True] * 4
    assert fanfare.asked.url.params["receipt"] == "bounced"


def test_an_explanation_says_the_outcome_and_what_to_do(fanfare: Shell) -> None:
    recorded: dict[str, Any] = {
        "status": "sent",
        "reason": None,
        "outcome": "no_word",
        "advice": "Wait.",
        "receipt": None,
        "steps": [],
    }
    rules: dict[str, Any] = {"action": "skip", "reason": "opted_out", "advice": None, "until": None, "steps": []}
    channels = [{"channel": "email", "recorded": recorded, "rules_now": rules}]
    fanfare.answers(ok({"message_id": "m-1", "user_id": "ada", "state": "sent", "at": "", "channels": channels}))
    assert fanfare("explain", "m-1", "ada").stdout.splitlines() == [
        "user ada, message m-1 (sent)",
        "  email: sent, no word yet",
        "    Wait.",
        "    rules would decide now: skip, opted_out",
    ]


def test_what_a_user_was_sent_is_shown_whole_or_by_part(fanfare: Shell) -> None:
    sent: dict[str, Any] = {"channel": "email", "locale": "de", "template": None, "exact": False}
    sent["content"] = {"subject": "[b]Hallo[/b]", "html": "<p>Hallo</p>"}
    fanfare.answers(ok(sent), ok(sent), ok(sent))
    said = fanfare("messages", "content", "m-1", "ada").stdout
    assert said.startswith("It may have read differently")
    assert said.endswith("subject\n[b]Hallo[/b]\nhtml\n<p>Hallo</p>\n")
    assert fanfare.asked.url.params["user_id"] == "ada"
    assert fanfare("messages", "content", "m-1", "ada", "--part", "html").stdout == "<p>Hallo</p>\n"
    refused = fanfare("messages", "content", "m-1", "ada", "--part", "title")
    assert (refused.exit_code, "--part title: there are subject, html." in refused.stderr) == (Exit.USAGE, True)


def test_json_of_a_message_has_the_codes(fanfare: Shell) -> None:
    fanfare.answers(ok(MESSAGE))
    assert json.loads(fanfare("status", "m-1", "--json").stdout)["receipts"]["no_word"] == 1
