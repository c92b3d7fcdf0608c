"""What an alarm or the dashboard asks for is written by a handler, with these dimensions and no others."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator

import pytest
from fanfare.channels.receipts import Receipt
from fanfare.runtime import stores

from functions.record_receipt.handler import handler as record_receipt
from infra.alarms import ALARMS
from infra.dashboard import DASHBOARD
from infra.metrics import OURS
from tests.integration import public_api
from tests.integration.conftest import Aws, Clock
from tests.integration.letters import Post
from tests.integration.pipeline import Context, Pipeline
from tests.integration.provider import Ses
from tests.integration.test_record_receipt import SAMPLE, reporting

BY_THE_GATEWAY = {"requests_throttled"}  # counted from its access logs: tests/infra/test_operations.py
ASKED = {
    *(alarm.metric for alarm in ALARMS if alarm.namespace == OURS),
    *(metric for graph in DASHBOARD if graph.namespace == OURS for metric in graph.metrics),
}
# One event of a provider's for each receipt that SES reports.
REPORTED = {
    Receipt.DELIVERED: reporting("Delivery"),
    Receipt.DELAYED: reporting("DeliveryDelay"),
    Receipt.BOUNCED_SOFT: reporting("Bounce", bounce="Transient"),
    Receipt.BOUNCED: reporting("Bounce"),
    Receipt.COMPLAINED: reporting("Complaint"),
}


@pytest.fixture
def pipeline(aws: Aws, clock: Clock, ses: Ses) -> Pipeline:
    return Pipeline.opened(aws, clock, ses, delays=False)


def written(printed: str) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Namespace, name and dimensions of each metric in the log lines (EMF)."""
    for line in printed.splitlines():
        told = json.loads(line) if line.startswith("{") else {}
        for directive in told.get("_aws", {}).get("CloudWatchMetrics", ()):
            for metric in directive["Metrics"]:
                for dimensions in directive["Dimensions"]:
                    assert {told[each] for each in dimensions} == {"fanfare", "test"}
                    yield directive["Namespace"], metric["Name"], frozenset(dimensions)


def a_life(pipeline: Pipeline, ses: Ses) -> None:
    """Everything that can become of a recipient, and all that the reconciler mends."""
    pipeline.topic()
    users = pipeline.subscribers(3)
    pipeline.subscribers(1, start=3)
    sent = pipeline.post()
    pipeline.run()
    assert pipeline.counts(sent)["sent"] == 4

    pipeline.post()  # its fan-out job is lost, then its batch, and then the provider is down for a while
    pipeline.aws.bodies("fan_out")
    pipeline.reconcile(minutes=3)
    pipeline.step("fan_out")
    pipeline.aws.bodies("email")
    pipeline.reconcile(minutes=3)
    ses.down = 4
    pipeline.settle()

    ses.not_verified = True  # until its DNS records are there
    waiting = pipeline.post()
    pipeline.run()
    assert pipeline.counts(waiting)["outstanding"] == 4
    ses.not_verified = False
    pipeline.settle()
    assert pipeline.counts(waiting)["sent"] == 4

    ses.lose_answers = 1
    pipeline.post(on_doubt="hold")  # ends as failed
    pipeline.settle()

    deleted = pipeline.post()
    pipeline.step("fan_out")
    pipeline.cancel(deleted)
    pipeline.run()

    skipped = pipeline.post()
    pipeline.step("fan_out")
    stores.audience().users.opt_out(users[0], True)  # before the batch is sent
    pipeline.run()
    assert pipeline.counts(skipped)["skipped"] == 1


def what_people_ask(post: Post) -> None:
    """A code that is sent, one that is not, and a sign-up that is refused."""
    for user, phone in (("ada", "+436641234567"), ("bob", "+436641234568")):
        public_api.call("PATCH", "/v1/me", {"phone": phone}, user=user)
    public_api.call("POST", "/v1/subscriptions", {"email": "ada@example.com", "topic": "nowhere"}, user=None)
    assert len(post.texts) == 1


def test_every_metric_that_is_asked_for_is_written(
    pipeline: Pipeline, ses: Ses, post: Post, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FANFARE_CODES_PER_HOUR", "1")
    a_life(pipeline, ses)
    what_people_ask(post)
    for event in REPORTED.values():
        record_receipt(event, Context())
    unread = copy.deepcopy(SAMPLE)
    unread["Records"][0]["body"] = "not JSON"
    record_receipt(unread, Context())
    seen = set(written(capsys.readouterr().out))
    assert {(OURS, name, frozenset({"service", "stage"})) for name in ASKED - BY_THE_GATEWAY} - seen == set()
    assert {dimensions for _, _, dimensions in seen} == {frozenset({"service", "stage"})}


def test_how_late_the_latest_is_grows_while_it_is_lost_again_and_again(
    pipeline: Pipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline.topic()
    pipeline.subscribers(1)
    pipeline.post()
    pipeline.step("fan_out")
    late = []
    for _ in range(45):
        pipeline.aws.bodies("email")  # nobody works it off
        pipeline.reconcile(minutes=1)
        late += [
            told["oldest_due_seconds"]
            for told in map(json.loads, capsys.readouterr().out.splitlines())
            if "oldest_due_seconds" in told
        ]
    assert len(late) == 45
    # after two, four, eight minutes; the message itself is looked at in between, and is hardly late
    assert [figure for (figure,) in late if figure > 100] == [240.0, 720.0, 1680.0]


def test_nothing_is_late_when_all_goes_well(pipeline: Pipeline, capsys: pytest.CaptureFixture[str]) -> None:
    pipeline.topic()
    pipeline.subscribers(1)
    pipeline.post()
    pipeline.run()
    pipeline.reconcile(minutes=10)
    assert '"oldest_due_seconds":[0.0]' in capsys.readouterr().out


def test_a_run_that_left_something_to_the_next_is_counted_as_one_and_fails(
    pipeline: Pipeline,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So the alarm for a silent reconciler keeps still, and that for functions that fail rings."""
    pipeline.topic()
    pipeline.post()
    monkeypatch.setattr(stores.messages(), "with_progress", lambda _: 1 / 0)
    with pytest.raises(RuntimeError, match="1 due items could not be handled"):
        pipeline.reconcile(minutes=3)
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    (metrics,) = [each for each in printed if "_aws" in each]
    assert (metrics["reconciled"], metrics["reconcile_failed"]) == ([1.0], [1.0])
    assert "left to the next run" in caplog.messages
