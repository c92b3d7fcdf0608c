"""What only AWS can settle, asked of a deployed stage by the smoke test. Each answer is printed as `AWS confirmed: …`.

If one is not confirmed, our understanding of AWS is wrong there: please report it, with the line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from fanfare_client.calls import address_path

from local.api import Api, People

# API Gateway decodes paths twice, cuts them at `?`, and refuses a lone `%`; the signature is over what was sent.
ODD: Final = ("a+b", "a/b", "a%b", "a?b", "a#b")
RECENT: Final = timedelta(minutes=15)


@dataclass(frozen=True)
class Answer:
    """A claim about AWS, and what was seen instead; empty if it is confirmed."""

    claim: str
    instead: str = ""

    @property
    def line(self) -> str:
        if self.instead:
            return f"AWS did not confirm: {self.claim} ({self.instead})"
        return f"AWS confirmed: {self.claim}"


EVENTS: Final = Answer("events of SES carry the tags of a mail, and reach the queue of receipts")


def through_the_apis(api: Api, people: People, run: str) -> Iterator[Answer]:
    """Claims about API Gateway."""
    for odd in ODD:
        instead = _suppressed(api, f"{odd}.{run}@simulator.amazonses.com")
        yield Answer(f"a signed path can name the address {odd}", instead)
    form = people.press(f"{people.url}/v1/unsubscribe/not-a-token", List_Unsubscribe="One-Click")
    yield Answer(
        "a form reaches the function, and its answer the browser",
        "" if 400 <= form.status < 500 else f"status {form.status}",
    )
    unknown = api.call("GET", "/v1/no/such/path")
    told = unknown.headers.get("content-type", "")
    yield Answer("answers of the function keep their type", "" if "json" in told else f"content-type {told!r}")


def _suppressed(api: Api, address: str) -> str:
    """What is wrong with the address of a suppression that is put, read and deleted; empty if it is right."""
    path = address_path("email", address)
    put = api.call("PUT", path, {"cause": "manual"})
    if put.status not in {200, 201}:
        return f"status {put.status}"
    stored = put.json().get("address")
    api.call("DELETE", path)
    return "" if stored == address.lower() else f"stored {stored!r}"


def in_the_account(session: Any, stage: str) -> Iterator[Answer]:
    """Claims about CloudWatch and X-Ray, some minutes after the first run of the reconciler."""
    now = datetime.now(UTC)
    try:
        points = session.client("cloudwatch").get_metric_statistics(
            Namespace="Fanfare",
            MetricName="reconciled",
            Dimensions=[{"Name": "service", "Value": "fanfare"}, {"Name": "stage", "Value": stage}],
            StartTime=now - RECENT,
            EndTime=now,
            Period=60,
            Statistics=["Sum"],
        )["Datapoints"]
        yield Answer("metrics in the log become metrics of CloudWatch", "" if points else "no `reconciled` yet")
        traces = session.client("xray").get_trace_summaries(
            StartTime=now - RECENT, EndTime=now, FilterExpression=f'service(begins_with("Fanfare-{stage}-"))'
        )["TraceSummaries"]
        yield Answer("functions write traces", "" if traces else "no trace yet")
    except (BotoCoreError, ClientError) as error:
        yield Answer("metrics and traces can be read", str(error))
