"""`python -m deploy.smoke STAGE`: runs the demo's checks against a deployed stage, with few users, and cleans up.

The stage is looked up in its stacks' outputs with your AWS credentials and region. You need
cloudformation:DescribeStacks and the stage's ServicePolicy. Nine mails go to SES's mailbox simulator, which works in
the sandbox and costs the same as other mail. STAGE can be `local`: the stack of `make run`.

Exits with 0 if all checks pass; otherwise prints the failed checks.
"""

from __future__ import annotations

import json
import secrets
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import boto3
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError
from fanfare.channels.receipts import Receipt
from fanfare_client.calls import address_path

from deploy import confirm
from deploy.session import aws_session
from local.api import Api, People, Reply, until
from local.demo import checks, job, report
from local.demo.audience import REFUSED_ADDRESS, Person, PersonKind
from local.emulator import deployment
from local.providers.simulator import SES_DOMAIN
from local.run import ended_well, parser
from tools.paths import STACK_FILE
from tools.processes import StepFailed
from tools.progress import console, step

REACHABLE: Final = 8
SECONDS: Final = 180  # includes cold starts and the sandbox's rate of one mail per second


@dataclass(frozen=True)
class Stage:
    """URLs and clients of a deployed stage."""

    name: str
    internal_url: str
    public_url: str
    region: str
    credentials: Credentials
    session: Any = None  # of AWS; the local stack has none


def main() -> int:
    options = parser(__doc__ or "")
    options.add_argument("stage")
    return ended_well(lambda: smoke(found(options.parse_args().stage)))


def found(name: str) -> Stage:
    """The stage with this name. Raises StepFailed if it is not found."""
    return _local() if name == "local" else _deployed(name, aws_session())


def smoke(stage: Stage) -> int:
    console.print(f"[bold]Fanfare, stage {stage.name}[/bold]: {stage.internal_url}\n")
    api = Api(stage.internal_url, credentials=stage.credentials, region=stage.region)
    wrong = [*_doors(stage), *_message(api)]
    if stage.session is not None:
        wrong += _confirmed(stage, api)
    if wrong:
        raise StepFailed("\n".join(["Failed checks:", *(f"  {each}" for each in wrong)]))
    console.print("[green]All checks passed.[/green]")
    return 0


def _local() -> Stage:
    if not STACK_FILE.is_file():
        raise StepFailed("No local stack is running. Start it with `make run`.")
    at = json.loads(STACK_FILE.read_text())
    keys = Credentials(at["service"]["access_key_id"], at["service"]["secret_access_key"])
    return Stage("local", at["internal_url"], at["public_url"], at["region"], keys)


def _deployed(name: str, session: boto3.Session) -> Stage:
    credentials = session.get_credentials()
    if not (credentials and session.region_name):
        raise StepFailed("No AWS credentials or no region. Set AWS_PROFILE and AWS_REGION, as for `cdk deploy`.")
    try:
        outputs = deployment.outputs_of(session.client("cloudformation"), f"Fanfare-{name}-Service")
    except (BotoCoreError, ClientError) as error:
        raise StepFailed(f"Can't find the stage {name} in {session.region_name}: {error}") from None
    return Stage(name, outputs["InternalApiUrl"], outputs["PublicApiUrl"], session.region_name, credentials, session)


def _confirmed(stage: Stage, api: Api) -> Iterator[str]:
    """Ask what only AWS can settle, and print the answers. Yields those that are not as we think."""
    run = f"smoke-{secrets.token_hex(4)}"
    with step("Asking what only AWS can settle"):
        answers = [
            confirm.EVENTS,  # otherwise the bounce would not have been recorded
            *confirm.through_the_apis(api, People(stage.public_url), run),
            *confirm.in_the_account(stage.session, stage.name),
        ]
    for answer in answers:
        console.print(f"  {answer.line}", markup=False, highlight=False)
    yield from (answer.line for answer in answers if answer.instead)


def _doors(stage: Stage) -> Iterator[str]:
    """Check that both APIs require authentication and the health check is open."""
    with step("Checking the authentication of both APIs"):
        anybody = People(stage.public_url)
        asked = {
            "the internal API, unsigned": (Api(stage.internal_url).call("GET", "/v1/topics"), 403),
            "the public API's health": (anybody.call("GET", "/v1/health"), 200),
            "the public API, without a token": (anybody.call("GET", "/v1/me"), 401),
        }
    for what, (reply, expected) in asked.items():
        if reply.status != expected:
            yield f"{what}: expected status {expected}, got {reply.status}"


def _message(api: Api) -> list[str]:
    """Send one message to a small audience, posted twice with one key. Returns the failed checks."""
    run = f"smoke-{secrets.token_hex(4)}"
    everyone = _audience(run)
    with _prepared(api, run, everyone) as refused:
        with step("Sending the message") as sending:
            first, again = _post(api, run), _post(api, run)
            message_id = first.json()["id"]
            message = job.wait_for_rest(api, message_id, seconds=SECONDS, note=sending.note)
        with step("Waiting for the bounce"):
            until("the recorded bounce", lambda: _bounced(api, message_id), seconds=SECONDS, every=1)
        skipped = job.reasons(api, message_id, "skipped")
        report.print_message(message, skipped)
        return [
            *checks.wrong_refusals(refused, everyone),
            *checks.wrong_outcome(message, skipped, everyone),
            *_wrong_repeat(first, again),
        ]


def _bounced(api: Api, message_id: str) -> bool:
    return any(delivery["receipt"] == Receipt.BOUNCED for delivery in job.deliveries(api, message_id, "sent"))


def _wrong_repeat(first: Reply, again: Reply) -> Iterator[str]:
    if again.json().get("id") != first.json()["id"] or again.headers.get("idempotency-replayed") != "true":
        yield f"the repeated Idempotency-Key created another message: {again.status} {again.content.decode()}"


def _post(api: Api, run: str) -> Reply:
    body = {"topic": run, "template": {"id": run}, "data": job.example()}
    reply = api.call("POST", "/v1/messages", body, Idempotency_Key=run)
    if reply.status != 202:
        raise StepFailed(f"The message was rejected: {reply.status} {reply.content.decode()}")
    return reply


def _audience(run: str) -> list[Person]:
    """One person of each unreachable kind, the rest reachable through SES's mailbox simulator."""
    kinds = [PersonKind.WITHOUT_ADDRESS, PersonKind.WITHOUT_SUBSCRIPTION, PersonKind.REFUSED]
    return [
        *(_person(run, number, PersonKind.REACHABLE, "success") for number in range(REACHABLE)),
        _person(run, REACHABLE, PersonKind.REACHABLE, "bounce"),
        *(_person(run, number, kind, "success") for number, kind in enumerate(kinds, start=REACHABLE + 1)),
    ]


def _person(run: str, number: int, kind: PersonKind, mailbox: str) -> Person:
    address = REFUSED_ADDRESS if kind is PersonKind.REFUSED else f"{mailbox}+{run}-{number}@{SES_DOMAIN}"
    profile: dict[str, Any] = {"name": "Ada", "locale": "en"}
    return Person(
        f"{run}-{number}", kind, profile if kind is PersonKind.WITHOUT_ADDRESS else profile | {"email": address}
    )


@contextmanager
def _prepared(api: Api, run: str, everyone: Sequence[Person]) -> Iterator[list[dict[str, Any]]]:
    """Topic, template, users and subscriptions for this run, removed at the end. Yields the rejected users."""
    try:
        with step("Creating a topic, a template, users and subscriptions") as storing:
            job.put_topic(api, run)
            job.put_template(api, run)
            refused = job.store_users(api, everyone, storing.note)
            job.subscribe(api, checks.subscribed(everyone), storing.note, run)
        yield refused
    finally:
        with step("Cleaning up"):
            left = Counter(reply.status for reply in _remove(api, run, everyone))
            if left.keys() - {200, 204, 404}:
                console.print(f"  Not everything of {run} was removed: {dict(left)}")


def _remove(api: Api, run: str, everyone: Sequence[Person]) -> Iterator[Reply]:
    for person in everyone:
        if person.profile.get("email", "").startswith("bounce+"):
            yield api.call("DELETE", address_path("email", person.profile["email"]))
        yield api.call("DELETE", f"/v1/users/{person.id}")
    yield api.call("DELETE", f"/v1/topics/{run}")
    yield api.call("DELETE", f"/v1/templates/{run}")


if __name__ == "__main__":
    sys.exit(main())
