"""The promises, on the real handlers: what a service and a user can see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest
from fanfare.domain.audience import User
from fanfare.domain.jobs import FanOutJob, Job
from fanfare.domain.lifecycle import State
from fanfare.domain.outcomes import Outcome
from fanfare.pipeline.deliver import worker
from fanfare.runtime import clients, stores
from fanfare.runtime.settings import settings
from fanfare.store.catalogue import Catalogue
from fanfare.store.together import messages_and_users

from tests.integration.conftest import Aws, Clock
from tests.integration.internal_api import call
from tests.integration.pipeline import TOPIC, Pipeline
from tests.integration.provider import Ses


@pytest.fixture
def pipeline(aws: Aws, clock: Clock, ses: Ses) -> Pipeline:
    return Pipeline.opened(aws, clock, ses, delays=False)


def test_each_subscriber_gets_the_message_once_in_their_name(pipeline: Pipeline, ses: Ses) -> None:
    pipeline.topic()
    users = pipeline.subscribers(75)
    message = pipeline.post()
    pipeline.run()
    assert pipeline.message(message).state is State.SENT
    assert ses.copies() == Counter({f"{user}@example.com": 1 for user in users})
    assert "Dear User-0007," in next(mail.text for mail in ses.outbox if mail.to == "user-0007@example.com")
    assert pipeline.states(message) == ["pending", "active", "sent"]


@pytest.mark.parametrize(
    ("queue", "body"),
    [
        ("fan_out", "no JSON"),
        ("email", "no JSON"),
        ("email", '{"message_id": "m", "batch_id": "first", "generation": 1}'),
    ],
)
def test_a_job_that_cannot_be_read_becomes_a_dead_letter_alone(
    pipeline: Pipeline, ses: Ses, queue: str, body: str
) -> None:
    pipeline.topic()
    pipeline.subscribers(3)
    message = pipeline.post()
    if queue == "email":
        pipeline.step("fan_out")
    pipeline.aws.sqs.send_message(QueueUrl=pipeline.aws.queues[queue], MessageBody=body)
    assert pipeline.step(queue) == 2
    assert pipeline.step(queue) == 1
    pipeline.run()
    assert len(ses.outbox) == 3
    assert pipeline.message(message).state is State.SENT
    letters = pipeline.aws.sqs.receive_message(QueueUrl=pipeline.aws.dead_letters[queue])["Messages"]
    assert [letter["Body"] for letter in letters] == [body]


def test_the_counts_add_up_and_a_skipped_user_has_a_reason(pipeline: Pipeline) -> None:
    pipeline.topic()
    pipeline.subscribers(60)
    pipeline.subscribers(1, start=60, email=None)
    pipeline.subscribers(1, start=61, email="no at sign")
    message = pipeline.post()
    pipeline.run()
    assert pipeline.message(message).counts == {
        "recipients": 62, "sent": 60, "failed": 0, "skipped": 2, "deleted": 0, "digested": 0, "outstanding": 0,
    }  # fmt: skip
    assert pipeline.delivery("user-0060", message).reason == "no_address"
    assert pipeline.delivery("user-0061", message).reason == "invalid_address"


def test_a_message_to_nobody_is_sent_with_zeros(pipeline: Pipeline) -> None:
    pipeline.topic()
    message = pipeline.post()
    pipeline.run()
    assert pipeline.message(message).state is State.SENT
    assert set((pipeline.message(message).counts or {}).values()) == {0}


def test_a_message_that_skips_everyone_is_sent(pipeline: Pipeline) -> None:
    pipeline.topic()
    pipeline.subscribers(3, email=None)
    message = pipeline.post()
    pipeline.run()
    assert pipeline.message(message).state is State.SENT
    assert pipeline.counts(message)["skipped"] == 3


def test_a_topic_in_shards_reaches_everyone(pipeline: Pipeline, ses: Ses) -> None:
    pipeline.topic(shards=4)
    users = pipeline.subscribers(30, shards=4)
    message = pipeline.post()
    pipeline.run()
    assert pipeline.message(message).state is State.SENT
    assert set(ses.copies().values()) == {1}
    assert len(ses.outbox) == len(users)


def test_a_fan_out_job_sent_twice_sends_nothing_twice(pipeline: Pipeline, ses: Ses) -> None:
    pipeline.topic()
    pipeline.subscribers(60)
    message = pipeline.post()
    pipeline.step("fan_out")
    clients.queues().send_fan_out([FanOutJob(message, 0)] * 2)
    pipeline.run()
    assert set(ses.copies().values()) == {1}
    assert pipeline.counts(message)["sent"] == 60


def test_in_every_queue_the_copies_of_a_message_are_a_group(pipeline: Pipeline) -> None:
    pipeline.topic()
    pipeline.subscribers(2)
    message = pipeline.post()
    fan_out = pipeline.receive("fan_out")
    pipeline.invoke("fan_out", fan_out)
    copies = [*fan_out, *pipeline.receive("email")]
    assert [copy["attributes"].get("MessageGroupId") for copy in copies] == [message] * 2


def test_a_fan_out_whose_turn_is_over_hands_on(pipeline: Pipeline, ses: Ses, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("functions.fan_out.handler.TURN_SECONDS", -1.0)
    monkeypatch.setattr("fanfare.pipeline.fan_out.page.PAGE", 10)
    pipeline.topic()
    users = pipeline.subscribers(15)
    message = pipeline.post()
    pipeline.step("fan_out")
    assert pipeline.counts(message)["recipients"] < len(users)
    assert len(pipeline.receive("fan_out")) == 1
    pipeline.run()
    assert pipeline.counts(message)["sent"] == len(users)
    assert set(ses.copies().values()) == {1}


def test_a_batch_queued_twice_is_sent_once(pipeline: Pipeline, ses: Ses) -> None:
    pipeline.topic()
    pipeline.subscribers(60)
    message = pipeline.post()
    pipeline.step("fan_out")
    (batch, *_) = list(stores.batches().open_batches(message, 1))
    job = Job(message_id=message, batch_id=batch.id, generation=1)
    clients.queues().send_batches("email", [(job, 0)] * 3)
    pipeline.run()
    clients.queues().send_batches("email", [(job, 0)])
    pipeline.run()
    assert set(ses.copies().values()) == {1}


def test_a_batch_that_a_worker_holds_is_left_to_it(pipeline: Pipeline, ses: Ses) -> None:
    pipeline.topic()
    pipeline.subscribers(5)
    pipeline.post()
    pipeline.step("fan_out")
    records = pipeline.receive("email")
    ses.before = lambda: pipeline.invoke("email", records)
    pipeline.invoke("email", records)
    assert set(ses.copies().values()) == {1}


def test_a_purged_queue_is_found_and_every_recipient_served(pipeline: Pipeline, ses: Ses) -> None:
    pipeline.topic()
    users = pipeline.subscribers(60)
    message = pipeline.post()
    pipeline.step("fan_out")
    pipeline.aws.bodies("email")
    pipeline.reconcile(minutes=3)
    assert pipeline.message(message).state is State.STALE
    pipeline.run()
    assert pipeline.states(message) == ["pending", "active", "stale", "sent"]
    assert ses.copies() == Counter({f"{user}@example.com": 1 for user in users})


def test_a_message_that_was_never_fanned_out_is_found(pipeline: Pipeline, ses: Ses) -> None:
    pipeline.topic()
    pipeline.subscribers(3)
    message = pipeline.post()
    pipeline.aws.bodies("fan_out")
    pipeline.reconcile(minutes=3)
    assert pipeline.message(message).state is State.STALE
    pipeline.run()
    assert pipeline.states(message) == ["pending", "stale", "active", "sent"]
    assert len(ses.outbox) == 3


@pytest.mark.parametrize("users", [5, 60], ids=["alone", "together"])
def test_an_old_copy_of_a_batch_that_was_sent_again_is_a_no_op(pipeline: Pipeline, ses: Ses, users: int) -> None:
    pipeline.topic()
    pipeline.subscribers(users)
    pipeline.post()
    pipeline.step("fan_out")
    old = pipeline.receive("email")
    pipeline.reconcile(minutes=3)
    pipeline.invoke("email", old)
    assert not ses.outbox
    pipeline.run()
    assert set(ses.copies().values()) == {1}


def test_with_the_provider_down_batches_go_to_the_dead_letters_and_come_back(pipeline: Pipeline, ses: Ses) -> None:
    pipeline.topic()
    pipeline.subscribers(5)
    message = pipeline.post()
    ses.down = 4
    pipeline.run()
    assert ses.calls == 3
    assert pipeline.reconcile(minutes=1)["dead_letter_redriven"] == 1
    pipeline.run()
    assert pipeline.message(message).state is State.SENT
    assert set(ses.copies().values()) == {1}


def test_after_the_last_attempt_the_message_is_failed_with_reasons(pipeline: Pipeline, ses: Ses) -> None:
    pipeline.topic()
    pipeline.subscribers(5)
    message = pipeline.post()
    ses.down = 1_000
    pipeline.settle()
    assert pipeline.message(message).state is State.FAILED
    assert pipeline.counts(message)["failed"] == 5
    assert pipeline.delivery("user-0003", message).reason == "provider_unavailable"
    assert ses.calls == settings().max_attempts


def test_a_redrive_serves_those_who_failed_alone(pipeline: Pipeline, ses: Ses) -> None:
    pipeline.topic()
    pipeline.subscribers(5)
    ses.entry_status = {"user-0002@example.com": ["MESSAGE_REJECTED"]}
    message = pipeline.post()
    pipeline.run()
    assert pipeline.message(message).state is State.FAILED
    pipeline.redrive(message)
    pipeline.run()
    assert pipeline.message(message).state is State.SENT
    assert set(ses.copies().values()) == {1}
    assert pipeline.states(message) == ["pending", "active", "failed", "pending", "active", "sent"]


def test_a_redrive_that_lost_its_job_is_resumed(pipeline: Pipeline, ses: Ses) -> None:
    pipeline.topic()
    pipeline.subscribers(2)
    ses.entry_status = {"user-0001@example.com": ["MESSAGE_REJECTED"]}
    message = pipeline.post()
    pipeline.run()
    pipeline.redrive(message)
    pipeline.aws.bodies("fan_out")
    pipeline.settle()
    assert pipeline.message(message).state is State.SENT
    assert set(ses.copies().values()) == {1}


def test_a_throttle_is_not_an_attempt(pipeline: Pipeline, ses: Ses) -> None:
    pipeline.topic()
    pipeline.subscribers(2)
    ses.entry_status = {"user-0001@example.com": ["ACCOUNT_THROTTLED"] * 2}
    message = pipeline.post()
    pipeline.step("fan_out")
    pipeline.step("email")
    (state,) = stores.batches().open_batches(message, 1)
    assert (state.codes, state.attempts) == ("S.", 0)
    pipeline.run()
    assert pipeline.message(message).state is State.SENT
    assert set(ses.copies().values()) == {1}


def test_a_lost_answer_waits_for_the_provider_and_is_then_sent_again(pipeline: Pipeline, ses: Ses) -> None:
    pipeline.topic()
    pipeline.subscribers(2)
    ses.lose_answers = 1
    message = pipeline.post()
    pipeline.run()
    (state,) = stores.batches().open_batches(message, 1)
    assert state.codes == Outcome.IN_DOUBT.value * 2
    pipeline.settle()
    assert pipeline.message(message).state is State.SENT
    assert set(ses.copies().values()) == {2}  # the one window in which a duplicate is possible


def test_with_hold_a_lost_answer_is_never_sent_again(pipeline: Pipeline, ses: Ses) -> None:
    pipeline.topic()
    pipeline.subscribers(2)
    ses.lose_answers = 1
    message = pipeline.post(on_doubt="hold")
    pipeline.settle()
    assert pipeline.message(message).state is State.FAILED
    assert pipeline.delivery("user-0000", message).reason == "outcome_unknown"
    assert set(ses.copies().values()) == {1}


def test_a_worker_that_died_before_it_recorded_leaves_a_doubt(pipeline: Pipeline, ses: Ses) -> None:
    pipeline.topic()
    pipeline.subscribers(2)
    message = pipeline.post(on_doubt="hold")
    pipeline.step("fan_out")

    def die() -> None:
        raise KeyboardInterrupt

    ses.before = die
    with pytest.raises(KeyboardInterrupt):
        pipeline.step("email")
    ses.before = lambda: None
    pipeline.settle()
    assert pipeline.counts(message)["failed"] == 2
    assert not ses.outbox


def test_delete_in_mid_flight_withholds_the_rest(pipeline: Pipeline, ses: Ses) -> None:
    pipeline.topic()
    pipeline.subscribers(75)
    message = pipeline.post()
    pipeline.step("fan_out")
    first, *rest = pipeline.receive("email")
    pipeline.invoke("email", [first])
    answer = pipeline.cancel(message)
    pipeline.invoke("email", rest)
    assert answer == {"state": "deleted", "already_sent": 50, "in_flight": 0, "withheld": 25}
    assert len(ses.outbox) == 50
    assert pipeline.counts(message)["deleted"] == 25
    assert pipeline.cancel(message) == answer


def test_delete_counts_what_a_worker_holds_as_in_flight(pipeline: Pipeline, ses: Ses) -> None:
    pipeline.topic()
    pipeline.subscribers(5)
    message = pipeline.post()
    pipeline.step("fan_out")
    answers = []
    shown: list[str] = []

    def delete() -> None:
        answers.append(pipeline.cancel(message))
        shown.extend(each.status for each in pipeline.listed(message))

    ses.before = delete
    pipeline.step("email")
    assert shown == ["pending"] * 5
    assert answers == [{"state": "deleted", "already_sent": 0, "in_flight": 5, "withheld": 0}]
    assert len(ses.outbox) == 5


def test_delete_counts_who_is_in_doubt_as_in_flight(pipeline: Pipeline, ses: Ses) -> None:
    pipeline.topic()
    pipeline.subscribers(5)
    message = pipeline.post()
    pipeline.step("fan_out")
    ses.lose_answers = 1
    pipeline.step("email")
    answer = pipeline.cancel(message)
    assert answer == {"state": "deleted", "already_sent": 0, "in_flight": 5, "withheld": 0}
    assert pipeline.counts(message)["outstanding"] == 5


def test_who_waits_in_a_message_that_is_deleted_is_deleted_at_once(pipeline: Pipeline, ses: Ses) -> None:
    pipeline.topic()
    pipeline.subscribers(3, quiet_hours={"start": "07:00", "end": "09:00"})
    message = pipeline.post()
    pipeline.run()
    assert pipeline.counts(message)["outstanding"] == 3
    assert pipeline.cancel(message)["withheld"] == 3
    assert (pipeline.counts(message)["deleted"], pipeline.counts(message)["outstanding"]) == (3, 0)
    assert [each.status for each in pipeline.listed(message)] == ["deleted"] * 3
    pipeline.reconcile(minutes=70)
    pipeline.run()
    assert not ses.outbox
    assert pipeline.delivery("user-0001", message).status is Outcome.DELETED


def test_a_message_deleted_before_its_worker_reads_it_skips_nobody(
    pipeline: Pipeline, ses: Ses, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.topic()
    pipeline.subscribers(3)
    message = pipeline.post()
    pipeline.step("fan_out")
    stores.audience().users.put("user-0001", {"name": "Without an address"})

    def deleted_first(*asked: Any) -> Any:
        assert pipeline.cancel(message)["in_flight"] == 3  # the batch is leased
        return messages_and_users(*asked)

    monkeypatch.setattr(worker, "messages_and_users", deleted_first)
    pipeline.step("email")
    assert ses.calls == 0
    assert (pipeline.counts(message)["deleted"], pipeline.counts(message)["skipped"]) == (3, 0)


def test_batches_of_a_deleted_message_that_lost_their_copies_are_settled(pipeline: Pipeline, ses: Ses) -> None:
    pipeline.topic()
    pipeline.subscribers(5)
    message = pipeline.post()
    pipeline.step("fan_out")
    pipeline.aws.bodies("email")
    pipeline.cancel(message)
    pipeline.settle()
    assert pipeline.counts(message)["deleted"] == 5
    assert not ses.outbox


def test_the_same_key_makes_one_message(pipeline: Pipeline, ses: Ses) -> None:
    pipeline.topic()
    pipeline.subscribers(2)
    assert pipeline.post(key="order-17") == pipeline.post(key="order-17")
    pipeline.run()
    assert set(ses.copies().values()) == {1}


def test_nobody_gets_more_than_the_limit(pipeline: Pipeline, ses: Ses) -> None:
    pipeline.topic(limit={"count": 3, "per_seconds": 3600, "overflow": "drop"})
    pipeline.subscribers(20)
    messages = [pipeline.post() for _ in range(5)]
    pipeline.run()
    assert set(ses.copies().values()) == {3}
    skipped = [message for message in messages if pipeline.delivery("user-0004", message).reason == "rate_limited"]
    assert len(skipped) == 2


def test_a_limit_that_is_put_before_a_message_counts_for_it(pipeline: Pipeline, ses: Ses) -> None:
    pipeline.topic()
    pipeline.subscribers(1)
    pipeline.post()
    pipeline.run()  # what it reads of the topic is kept for a moment
    known = stores.catalogue().read_topic(TOPIC)
    assert known is not None
    limited = replace(known, limit={"count": 1, "per_seconds": 3600, "overflow": "drop"})
    Catalogue(stores.catalogue().table).put_topic(limited)  # by another process
    second, third = pipeline.post(), pipeline.post()
    pipeline.run()
    assert [pipeline.counts(each)["skipped"] for each in (second, third)] == [0, 1]


def test_a_critical_message_passes_the_limit(pipeline: Pipeline, ses: Ses) -> None:
    pipeline.topic(limit={"count": 1, "per_seconds": 3600, "overflow": "drop"})
    pipeline.subscribers(2)
    pipeline.post()
    pipeline.post(priority="critical")
    pipeline.run()
    assert set(ses.copies().values()) == {2}


def test_what_is_over_the_limit_can_come_later(pipeline: Pipeline, ses: Ses) -> None:
    pipeline.topic(limit={"count": 1, "per_seconds": 3600, "overflow": "defer"})
    pipeline.subscribers(2)
    pipeline.post()
    second = pipeline.post()
    pipeline.run()
    assert set(ses.copies().values()) == {1}
    assert pipeline.counts(second)["outstanding"] == 2
    pipeline.reconcile(minutes=30)
    pipeline.run()
    assert set(ses.copies().values()) == {1}
    pipeline.reconcile(minutes=40)
    pipeline.run()
    assert set(ses.copies().values()) == {2}
    assert pipeline.states(second) == ["pending", "active", "sent"]


def test_a_scheduled_message_goes_out_at_its_time(pipeline: Pipeline, ses: Ses) -> None:
    pipeline.topic()
    pipeline.subscribers(2)
    message = pipeline.post(send_at="2027-01-01T12:00:00Z")
    pipeline.settle(rounds=3)
    assert not ses.outbox
    pipeline.clock.advance(hours=4)
    pipeline.settle(rounds=3)
    assert pipeline.states(message) == ["pending", "active", "sent"]
    assert len(ses.outbox) == 2


def test_a_message_past_its_expiry_is_not_sent(pipeline: Pipeline, ses: Ses) -> None:
    pipeline.topic()
    pipeline.subscribers(2)
    message = pipeline.post(expires_at="2027-01-01T08:10:00Z")
    pipeline.step("fan_out")
    pipeline.clock.advance(minutes=11)
    pipeline.run()
    assert not ses.outbox
    assert pipeline.message(message).state is State.FAILED
    assert pipeline.delivery("user-0001", message).reason == "expired"


def test_who_can_only_be_reached_after_the_expiry_is_skipped_at_once_as_the_dry_run_says(
    pipeline: Pipeline, ses: Ses
) -> None:
    pipeline.topic()
    pipeline.subscribers(2)
    (asleep,) = pipeline.subscribers(1, start=10, quiet_hours={"start": "07:00", "end": "09:00"})
    expiry = {"expires_at": "2027-01-01T08:59:00Z"}
    body = {"topic": TOPIC, "template": {"id": "order-shipped"}, "data": {"order": "A-17"}} | expiry
    told = call("POST", "/v1/messages", body, dry_run="true").body
    assert (told["deliver"], told["deferred"], told["skipped"]) == ({"email": 2}, {}, {"email": {"expired": 1}})
    message = pipeline.post(**expiry)
    pipeline.run()
    assert (pipeline.message(message).state, len(ses.outbox)) == (State.SENT, 2)
    assert pipeline.counts(message) == {
        "recipients": 3, "sent": 2, "failed": 0, "skipped": 1, "deleted": 0, "digested": 0, "outstanding": 0,
    }  # fmt: skip
    (explained,) = call("GET", f"/v1/messages/{message}/explanations/{asleep}").body["channels"]
    assert (explained["recorded"]["status"], explained["recorded"]["reason"]) == ("skipped", "expired")
    assert (explained["rules_now"]["action"], explained["rules_now"]["reason"]) == ("skip", "expired")
    assert explained["rules_now"]["steps"][-1] == {
        "rule": "time", "result": "quiet_hours until 2027-01-01 09:00:00+00:00, after the message's end",
    }  # fmt: skip


def test_a_message_that_is_about_to_be_forgotten_comes_to_an_end(pipeline: Pipeline, ses: Ses) -> None:
    pipeline.topic()
    pipeline.subscribers(2)
    message = pipeline.post()
    pipeline.step("fan_out")
    pipeline.clock.advance(days=28)
    pipeline.run()
    assert not ses.outbox
    assert pipeline.message(message).state is State.FAILED
    assert pipeline.delivery("user-0001", message).reason == "expired"


def test_an_unsubscribe_during_the_fan_out_holds_for_the_next_page(
    pipeline: Pipeline, ses: Ses, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.topic()
    pipeline.subscribers(10)
    pipeline.post()
    users = stores.audience().users
    read = users.get_many

    def late(ids: Iterable[str]) -> dict[str, User]:
        # once, after the subscriptions were read and before the page is committed
        monkeypatch.setattr(users, "get_many", read)
        stores.audience().subscriptions.remove("user-0005", TOPIC, "email")
        return read(ids)

    monkeypatch.setattr(users, "get_many", late)
    pipeline.run()
    assert "user-0005@example.com" not in ses.copies()
    assert len(ses.outbox) == 9


def test_named_recipients_get_it_if_they_are_subscribed(pipeline: Pipeline, ses: Ses) -> None:
    pipeline.topic()
    pipeline.subscribers(3)
    stores.audience().users.put("stranger", {"email": "stranger@example.com"})
    message = pipeline.post(recipients=["user-0001", "stranger", "nobody"])
    pipeline.run()
    assert set(ses.copies()) == {"user-0001@example.com"}
    assert pipeline.delivery("stranger", message).reason == "not_subscribed"
    assert pipeline.delivery("nobody", message).reason == "unknown_user"


def test_a_hundred_deliveries_take_few_calls(pipeline: Pipeline, calls: Callable[[], list[str]]) -> None:
    pipeline.topic()
    pipeline.subscribers(100)
    calls()
    pipeline.post()
    pipeline.run()
    made = Counter(calls())
    assert made["dynamodb:BatchWriteItem"] == 4
    assert made["dynamodb:TransactWriteItems"] == 1 + 1 + 1 + 1  # accept, one page, lease both batches, settle them
    assert made.total() <= 28


def test_a_message_deleted_while_a_worker_is_at_it_stops_at_the_next_batch(pipeline: Pipeline, ses: Ses) -> None:
    pipeline.topic()
    pipeline.subscribers(75)
    message = pipeline.post()
    pipeline.step("fan_out")

    def slow() -> None:
        if ses.calls == 1:
            pipeline.clock.advance(seconds=1)
            pipeline.cancel(message)

    ses.before = slow
    pipeline.step("email")
    assert len(ses.outbox) == 50
    assert pipeline.counts(message)["deleted"] == 25


def test_a_message_deleted_between_two_calls_of_one_event_is_not_sent(pipeline: Pipeline, ses: Ses) -> None:
    pipeline.topic()
    users = pipeline.subscribers(2)
    messages = {
        pipeline.post(recipients=[user], on_doubt="hold", sender={"name": f"Of {user}"}): f"{user}@example.com"
        for user in users
    }

    def slow() -> None:
        if ses.calls == 1:
            pipeline.clock.advance(seconds=1)
            for message in messages:
                pipeline.cancel(message)

    ses.before = slow
    pipeline.run()
    (mail,) = ses.outbox
    counts = {messages[each]: pipeline.counts(each) for each in messages}
    assert {address: each["deleted"] for address, each in counts.items()} == {
        address: int(address != mail.to) for address in messages.values()
    }


def test_a_mail_of_html_alone_is_sent_with_a_text(pipeline: Pipeline, ses: Ses) -> None:
    pipeline.subscribers(1, phone="+436641234567")
    content = {"subject": "Hi", "html": "<p>Dear {{ user.name }}</p><p>Tea &amp; cake</p>"}
    message = pipeline.post(topic=None, template=None, data=None, content=content, recipients=["user-0000"])
    pipeline.run()
    (mail,) = ses.outbox
    assert (mail.text, mail.html) == (
        "Dear User-0000\n\nTea & cake\n",
        content["html"].replace("{{ user.name }}", "User-0000"),
    )
    texts = stores.deliveries().get_many([("user-0000", message, "sms")])
    assert [each.reason for each in texts.values()] == ["no_content"]
