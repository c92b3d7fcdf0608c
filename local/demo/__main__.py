"""`python -m local.demo`: sends one message to a thousand users on its own local stack and checks every recipient.

At a terminal it ends with the message open in the console, until Ctrl-C. Otherwise it exits: with 0 if all checks pass.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from fanfare_client.cli.browser import open_page

from local.api import Api, Console
from local.run import guarded, keep_open, parser, stack_from
from local.stack import Stack
from tools.paths import ROOT, STATE
from tools.processes import StepFailed
from tools.progress import console, step

from . import checks, job, report
from .audience import Person, people

SECONDS: Final = 120  # until the message must be completed
RECEIPTS_SECONDS: Final = 60


def main() -> int:
    return guarded(lambda: demo(parser(__doc__ or "").parse_args()))


def demo(options: argparse.Namespace) -> int:
    started = time.monotonic()
    subscribers = len(checks.subscribed(people()))
    console.print(f"[bold]Fanfare: one message, a thousand users, {subscribers} of them subscribed[/bold]\n")
    with stack_from(options) as stack:
        message_id, wrong = _main_job(stack)
        console.print(f"Total time: {time.monotonic() - started:.0f} s.")
        if wrong:
            raise StepFailed("\n".join(["Failed checks:", *(f"  {each}" for each in wrong)]))
        console.print("[green]All checks passed.[/green]")
        if sys.stdin.isatty() and sys.stdout.isatty():
            _look(stack, message_id)
    return 0


def _look(stack: Stack, message_id: str) -> None:
    """Show the message in the console, until Ctrl-C."""
    page = f"{stack.described['console_url']}/messages/{message_id}"
    opened = "is open in your browser" if open_page(page) else "is in the console"
    console.print(f"\nThe message {opened}: [bold]{page}[/bold]\nPress Ctrl-C to stop.")
    keep_open(stack)


def _main_job(stack: Stack) -> tuple[str, list[str]]:
    """Prepare, send and report. Returns the message's id and the failed checks."""
    api = Api(stack.described["internal_url"], stack.described["service"])
    seen = Console(stack.described["console_url"])
    everyone = people()
    refused = _prepare(api, stack, everyone)
    with stack.ticker.paused(), step("Sending the message") as sending:
        seen.reset_aws_calls()
        message_id = job.submit(api)
        after_submit = report.flat(seen.aws_calls())
        message = job.wait_for_rest(api, message_id, seconds=SECONDS, note=sending.note)
        time.sleep(0.5)  # the last function may still be running
        calls = report.only_of_the_message(after_submit, report.flat(seen.aws_calls()))
    with step("Waiting for the receipts of SES") as waiting:
        reported = job.wait_for_receipts(stack, seconds=RECEIPTS_SECONDS, note=waiting.note)
        calls_for_receipts = report.flat(seen.aws_calls()).get(report.RECEIPTS, {})
    skipped = job.reasons(api, message_id, "skipped")
    mails = seen.outbox(message_id=message_id)
    console.print()
    report.print_message(message, skipped)
    used = report.print_calls(calls, max(message["counts"]["sent"], 1))
    report.print_receipts(calls_for_receipts, reported)
    _keep_one(mails)
    return message_id, [
        *checks.wrong_refusals(refused, everyone),
        *checks.wrong_outcome(message, skipped, everyone),
        *checks.wrong_outbox(mails, everyone),
        *([] if reported == len(mails) else [f"{reported} of {len(mails)} mails are reported as delivered"]),
        *([] if used else ["no AWS call of the functions was counted"]),
        *(
            [f"{used:.0f} AWS calls per 1,000 deliveries; the budget is {report.BUDGET}"]
            if used > report.BUDGET
            else []
        ),
    ]


def _prepare(api: Api, stack: Stack, everyone: Sequence[Person]) -> list[dict[str, Any]]:
    """Create topic, template, users and subscriptions. Returns the users that the API rejected."""
    with step("Creating the topic and the template"):
        job.put_topic(api)
        job.put_template(api)
    with step("Creating the users, 100 per call") as storing:
        refused = job.store_users(api, everyone, storing.note)
    job.spoil(stack.described["aws_endpoint_url"], stack.outputs["AudienceTableName"], everyone)
    subscribers = checks.subscribed(everyone)
    with step(f"Subscribing {len(subscribers)} of {len(everyone)} users, 500 per call") as subscribing:
        job.subscribe(api, subscribers, subscribing.note)
    return refused


def _keep_one(mails: Sequence[Mapping[str, Any]]) -> None:
    """Write one mail to files, because the outbox ends with the stack."""
    if not mails:
        return
    mail = next((mail for mail in mails if "<" not in mail["to"]), mails[0])
    html, text = STATE / "one-mail.html", STATE / "one-mail.txt"
    html.write_text(mail["html"])
    text.write_text(f"To: {mail['to']}\nSubject: {mail['subject']}\n\n{mail['text']}")
    console.print(f"Example: the mail to {mail['to']} is in {html.relative_to(ROOT)} and {text.relative_to(ROOT)}\n")


if __name__ == "__main__":
    sys.exit(main())
