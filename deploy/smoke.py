"""`python -m deploy.smoke STAGE`: the demo's checks against a deployed stage, small and tidied up afterwards.

The stage is found by its stacks' outputs, with the AWS credentials and region of the caller, who needs
cloudformation:DescribeStacks and the stage's ServicePolicy. Mail goes to SES's own simulator, which takes it in the
sandbox too and is paid for like any other: nine mails. `local` is the stack that `make run` keeps up.

Exits 0 if everything is as it must be, else says what is not.
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
from urllib.parse import quote

import boto3
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError
from fanfare.channels.receipts import Receipt

from local import deployment
from local.api import Api, People, Reply, until
from local.demo import checks, job, report
from local.demo.audience import REFUSED_ADDRESS, Person, PersonKind
from local.run import ended_well, parser
from local.simulator import SES_DOMAIN
from tools.paths import STACK_FILE
from tools.processes import StepFailed
from tools.progress import console, step

REACHABLE: Final = 8
SECONDS: Final = 180  # cold starts, and the pace of a sandbox: one mail a second


@dataclass(frozen=True)
class Stage:
    """Where a deployed stage is, and whom we are there."""

    name: str
    internal_url: str
    public_url: str
    region: str
    credentials: Credentials


def main() -> int:
    options = parser(__doc__ or "")
    options.add_argument("stage")
    return ended_well(lambda: smoke(found(options.parse_args().stage)))


def found(name: str) -> Stage:
    """The stage of this name. Raises StepFailed where there is none that we can see."""
    return _local() if name == "local" else _deployed(name, boto3.Session())


def smoke(stage: Stage) -> int:
    console.print(f"[bold]Fanfare, stage {stage.name}[/bold]: {stage.internal_url}\n")
    wrong = [*_doors(stage), *_message(Api(stage.internal_url, credentials=stage.credentials, region=stage.region))]
    if wrong:
        raise StepFailed("\n".join(["This is not as it must be:", *(f"  {each}" for each in wrong)]))
    console.print("[green]Everything is as it must be.[/green]")
    return 0


def _local() -> Stage:
    if not STACK_FILE.is_file():
        raise StepFailed("No stack runs on this machine: start it with `make run`.")
    at = json.loads(STACK_FILE.read_text())
    keys = Credentials(at["service"]["access_key_id"], at["service"]["secret_access_key"])
    return Stage("local", at["internal_url"], at["public_url"], at["region"], keys)


def _deployed(name: str, session: boto3.Session) -> Stage:
    credentials = session.get_credentials()
    if not (credentials and session.region_name):
        raise StepFailed("No AWS credentials or no region: set AWS_PROFILE and AWS_REGION, as for `cdk deploy`.")
    try:
        outputs = deployment.outputs_of(session.client("cloudformation"), f"Fanfare-{name}-Service")
    except (BotoCoreError, ClientError) as error:
        raise StepFailed(f"The stage {name} is not to be seen in {session.region_name}: {error}") from None
    return Stage(name, outputs["InternalApiUrl"], outputs["PublicApiUrl"], session.region_name, credentials)


def _doors(stage: Stage) -> Iterator[str]:
    """Who is let in, and who is not."""
    with step("Knocking at both APIs"):
        anybody = People(stage.public_url)
        asked = {
            "the internal API, unsigned": (Api(stage.internal_url).call("GET", "/v1/topics"), 403),
            "the public API's health": (anybody.call("GET", "/v1/health"), 200),
            "the public API, without a token": (anybody.call("GET", "/v1/me"), 401),
        }
    for what, (reply, expected) in asked.items():
        if reply.status != expected:
            yield f"{what} answers {reply.status}, not {expected}"


def _message(api: Api) -> list[str]:
    """One message to a small audience, posted twice under one key; what is wrong."""
    run = f"smoke-{secrets.token_hex(4)}"
    everyone = _audience(run)
    with _prepared(api, run, everyone) as refused:
        with step("Sending the message") as sending:
            first, again = _post(api, run), _post(api, run)
            message_id = first.json()["id"]
            message = job.wait_for_rest(api, message_id, seconds=SECONDS, note=sending.note)
        with step("Waiting for what SES reports of the one that bounces"):
            until("the bounce is recorded", lambda: _bounced(api, message_id), seconds=SECONDS, every=1)
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
        yield f"the same Idempotency-Key made another message: {again.status} {again.content.decode()}"


def _post(api: Api, run: str) -> Reply:
    body = {"topic": run, "template": {"id": run}, "data": job.example()}
    reply = api.call("POST", "/v1/messages", body, Idempotency_Key=run)
    if reply.status != 202:
        raise StepFailed(f"The message was not taken: {reply.status} {reply.content.decode()}")
    return reply


def _audience(run: str) -> list[Person]:
    """The demo's kinds of people, one of each that is odd; the simulator of SES reads their mail."""
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
    """Topic, template, users and subscriptions of this run alone, gone at its end; the users that were refused."""
    try:
        with step("Storing a topic, a template, users and subscriptions") as storing:
            job.put_topic(api, run)
            job.put_template(api, run)
            refused = job.store_users(api, everyone, storing.note)
            job.subscribe(api, checks.subscribed(everyone), storing.note, run)
        yield refused
    finally:
        with step("Removing them again"):
            left = Counter(reply.status for reply in _remove(api, run, everyone))
            if left.keys() - {200, 204, 404}:
                console.print(f"  Not all of {run} could be removed: {dict(left)}")


def _remove(api: Api, run: str, everyone: Sequence[Person]) -> Iterator[Reply]:
    for person in everyone:
        if person.profile.get("email", "").startswith("bounce+"):
            yield api.call("DELETE", f"/v1/suppressions/email/{quote(person.profile['email'], safe='@')}")
        yield api.call("DELETE", f"/v1/users/{person.id}")
    yield api.call("DELETE", f"/v1/topics/{run}")
    yield api.call("DELETE", f"/v1/templates/{run}")


if __name__ == "__main__":
    sys.exit(main())
