"""Whatever services, people, providers, queues and faults do, in whatever order: the promises hold after every step."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from fanfare.channels.receipts import Receipt
from fanfare.clock import from_text, to_text
from fanfare.domain.catalogue import Topic
from fanfare.domain.lifecycle import AT_REST, State
from fanfare.domain.outcomes import Outcome
from fanfare.errors import NotFound
from fanfare.management.subscriptions import ManageSubscriptions
from fanfare.management.suppressions import ManageSuppressions
from fanfare.schemas.subscriptions import PutSubscriptionRequest
from fanfare.schemas.users import PutUserRequest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.faults import world as fault_world
from tests.faults.digests import DIGEST, items_in_two_digests, windows_that_differ
from tests.faults.modes import MODES, Fault
from tests.faults.scenarios import small_pages
from tests.faults.times import START
from tests.faults.world import TEMPLATE, World

USERS = tuple(f"user-{number}" for number in range(5))
ADDRESSES = ("a@example.com", "b@example.com", "c@example.com", "d@example.com")
LIMITED, OPEN, GATHERED = TOPICS = "limited", "open", "gathered"
LIMIT = 2  # of the topic `limited`, in a time that no run gets out of

SECOND_STEP = "second_step"  # of a message whose first one has nobody
WAYS: Mapping[str, Mapping[str, Any]] = {
    "at_once": {},
    "scheduled": {"send_at": to_text(START + timedelta(minutes=40))},
    SECOND_STEP: {"steps": [{"channels": ["sms"]}, {"after": "PT10M", "channels": ["email"]}]},
}

FAULTS = st.one_of(st.none(), st.builds(Fault, call=st.integers(0, 15), mode=st.sampled_from(MODES)))


class Promises(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self._pages = small_pages()
        self._pages.__enter__()
        self.world = World()
        self.keys: dict[str, str] = {}  # idempotency key → message
        self.topics: dict[str, str] = {}  # message → topic
        self.critical: set[str] = set()
        self.not_before: dict[str, datetime] = {}  # message → earliest time of a mail
        self.with_steps: set[str] = set()
        self.seen: dict[str, dict[str, Outcome]] = defaultdict(dict)  # message → user → outcome
        self.mails = 0  # that were looked at
        self.copies: list[tuple[str, str]] = []  # queue and body of whatever was queued

    @initialize()
    def a_deployment(self) -> None:
        world = self.world
        limit = {"count": LIMIT, "per_seconds": 30 * 86_400, "overflow": "drop"}
        digests = DIGEST | {"frequencies": ("immediate", "digest")}
        for topic, limits, more in ((LIMITED, limit, {}), (OPEN, None, {}), (GATHERED, None, digests)):
            known: dict[str, Any] = {"channels": ("email", "sms"), "shards": 2, "limit": limits} | more
            world.catalogue.put_topic(Topic(id=topic, title=topic, created_at="", updated_at="", **known))
        world.catalogue.add_version("hello", TEMPLATE, created_at="")
        world.catalogue.add_version("digest", fault_world.DIGEST, created_at="")
        for user, address in zip(USERS, ADDRESSES, strict=False):
            self.a_user_is_stored(user, address)
            for topic in TOPICS:
                self.a_user_subscribes(user, topic)

    def _once(self, act: Callable[[], object], fault: Fault | None = None) -> None:
        """A step of the world."""

        def step(_: World) -> bool:
            act()
            return True

        self.world.salt += 1
        self.world.once(step, fault)

    # People and their services

    @rule(user=st.sampled_from(USERS), address=st.sampled_from(ADDRESSES))
    def a_user_is_stored(self, user: str, address: str) -> None:
        request = PutUserRequest.model_validate({"name": user, "email": address})
        self._once(lambda: self.world.audience.users.put(user, request.profile()))

    @rule(user=st.sampled_from(USERS), topic=st.sampled_from(TOPICS))
    def a_user_subscribes(self, user: str, topic: str) -> None:
        with suppress(NotFound):
            self._once(lambda: self._subscriptions().put(user, topic, "email"))

    @rule(user=st.sampled_from(USERS), topic=st.sampled_from(TOPICS))
    def a_user_unsubscribes(self, user: str, topic: str) -> None:
        self._once(lambda: self._subscriptions().remove(user, topic, "email"))

    @rule(user=st.sampled_from(USERS), frequency=st.sampled_from(("immediate", "digest")))
    def a_user_chooses_how_often(self, user: str, frequency: str) -> None:
        request = PutSubscriptionRequest.model_validate({"frequency": frequency})
        with suppress(NotFound):
            self._once(lambda: self._subscriptions().put(user, GATHERED, "email", request))

    @rule(user=st.sampled_from(USERS), fault=FAULTS)
    def a_service_closes_a_window(self, user: str, fault: Fault | None) -> None:
        with self.world.unwatched():
            names = [window.id for window in self.world.windows.of_user(user) if not window.closed]
        if names:
            path = f"/v1/users/{user}/digests/{names[0]}/close"
            self._until_answered(lambda: self.world.functions.on_request("POST", path), fault)

    @rule(address=st.sampled_from(ADDRESSES))
    def an_address_is_suppressed(self, address: str) -> None:
        self._once(lambda: self._suppressions().put("email", address))

    @rule(address=st.sampled_from(ADDRESSES))
    def an_address_may_be_written_to_again(self, address: str) -> None:
        self._once(lambda: self._suppressions().delete("email", address))

    def _subscriptions(self) -> ManageSubscriptions:
        world = self.world
        return ManageSubscriptions(audience=world.audience, catalogue=world.catalogue, clock=world.clock)

    def _suppressions(self) -> ManageSuppressions:
        return ManageSuppressions(audience=self.world.audience, clock=self.world.clock)

    # Messages

    @rule(
        topic=st.sampled_from(TOPICS),
        key=st.sampled_from("abcdefgh"),
        on_doubt=st.sampled_from(("resend", "hold")),
        priority=st.sampled_from(("normal", "normal", "critical")),
        way=st.sampled_from(("at_once", *WAYS)),
        fault=FAULTS,
    )
    def a_message_is_posted(
        self, topic: str, key: str, on_doubt: str, priority: str, way: str, fault: Fault | None
    ) -> None:
        """With the same key it is always the same message, and asked for again until it is answered."""
        key = f"{key}-{topic}-{on_doubt}-{priority}-{way}"

        def post() -> None:
            posted.append(self.world.post(key=key, topic=topic, on_doubt=on_doubt, priority=priority, **WAYS[way]))

        posted: list[str] = []
        self._until_answered(post, fault)
        (message,) = posted
        assert self.keys.setdefault(key, message) == message
        self.topics[message] = topic
        known = self.world.known(message)
        self.not_before[message] = from_text(known.send_at or known.created_at)
        if way == SECOND_STEP:
            self.with_steps.add(message)
            self.not_before[message] += timedelta(minutes=10)
        if priority == "critical":
            self.critical.add(message)

    @rule(keys=st.sets(st.sampled_from("abcdefgh"), min_size=2, max_size=3), fault=FAULTS)
    def a_discussion_goes_on(self, keys: set[str], fault: Fault | None) -> None:
        """Messages that go into one window."""
        for key in sorted(keys):
            self.a_message_is_posted(GATHERED, key, "resend", "normal", "at_once", None)
            self.time_passes(1)
            self.the_fan_out_is_invoked(fault)

    @precondition(lambda self: self.topics)
    @rule(place=st.integers(0, 63), fault=FAULTS)
    def a_message_is_deleted(self, place: int, fault: Fault | None) -> None:
        message = self._message(place)
        self._until_answered(lambda: self.world.delete(message), fault)

    @precondition(lambda self: self.topics)
    @rule(place=st.integers(0, 63), fault=FAULTS)
    def a_message_is_re_driven(self, place: int, fault: Fault | None) -> None:
        """Digests, too."""
        known = [*self.topics, *self.world.digests()]
        message = known[place % len(known)]
        self._until_answered(lambda: self.world.redrive(message), fault)

    def _message(self, place: int) -> str:
        return list(self.topics)[place % len(self.topics)]

    def _until_answered(self, request: Callable[[], object], fault: Fault | None) -> None:
        self.world.salt += 1
        if not self.world.once(lambda world: world.answered(request), fault):
            assert self.world.once(lambda world: world.answered(request))

    # What AWS does

    @rule(fault=FAULTS)
    def the_fan_out_is_invoked(self, fault: Fault | None) -> None:
        self._note_copies()
        self._once(lambda: self.world.step("fan_out"), fault)
        self._chosen_as_the_rules_say()

    @rule(limit=st.integers(1, 10), fault=FAULTS)
    def the_worker_is_invoked(self, limit: int, fault: Fault | None) -> None:
        self._note_copies()
        self._once(lambda: self.world.step("email", limit=limit), fault)

    @rule(fault=FAULTS)
    def the_reconciler_is_invoked(self, fault: Fault | None) -> None:
        self._once(self.world.reconcile, fault)

    @precondition(lambda self: self.copies)
    @rule(place=st.integers(0, 1000))
    def a_queue_brings_something_again(self, place: int) -> None:
        queue, body = self.copies[place % len(self.copies)]
        self.world.memory.sqs.put(queue, body)

    def _note_copies(self) -> None:
        for queue in ("fan_out", "email"):
            for waiting in self.world.memory.sqs.visible(queue):
                if (queue, waiting.body) not in self.copies:
                    self.copies.append((queue, waiting.body))

    @rule(seconds=st.sampled_from((1, 20, 60, 80, 130, 400, 4_000)))
    def time_passes(self, seconds: int) -> None:
        self.world.now += timedelta(seconds=seconds)

    # The provider

    @rule(users=st.frozensets(st.sampled_from(USERS), max_size=2))
    def the_provider_rejects(self, users: frozenset[str]) -> None:
        self.world.provider.rejects = users

    @rule(fault=FAULTS)
    def receipts_arrive(self, fault: Fault | None) -> None:
        self._once(self.world.receive_events, fault)

    @precondition(lambda self: self.world.provider.accepted)
    @rule(place=st.integers(0, 1000), receipt=st.sampled_from((Receipt.BOUNCED, Receipt.DELAYED)))
    def a_mail_bounces(self, place: int, receipt: Receipt) -> None:
        accepted = self.world.provider.accepted
        sent = accepted[place % len(accepted)]
        self.world.report_of(sent, receipt)

    # The promises

    def _chosen_as_the_rules_say(self) -> None:
        """Whoever the fan-out has just let through is subscribed, and their address not suppressed."""
        with self.world.unwatched():
            users = self.world.audience.users.get_many(USERS)
            for message, topic in self.topics.items():
                if message in self.with_steps:
                    continue  # they are asked when their step is due
                yeses = self.world.audience.subscriptions.among(topic, [(user, "email") for user in USERS])
                for user, outcome in self.world.codes(message).items():
                    if user in self.seen[message] or outcome is Outcome.SKIPPED:
                        continue
                    assert (user, "email") in yeses, f"{user} was chosen, but is not subscribed to {topic}"
                    assert not users[user].suppressed, f"{user} was chosen, but is suppressed"

    @invariant()
    def nothing_went_wrong_on_the_way(self) -> None:
        """No mail beyond what a deletion said was in flight; nobody known as sent who failed."""
        assert not self.world.wrong, self.world.wrong

    @invariant()
    def nobody_is_written_to_before_the_time(self) -> None:
        taken = self.world.provider.taken_at
        assert all(at >= self.not_before[message] for at, message, _ in taken if message in self.not_before)

    @invariant()
    def everybody_is_accounted_for(self) -> None:
        for message in self.topics:
            codes = self.world.codes(message)
            assert self.seen[message].keys() <= codes.keys(), "a recipient is gone"
            assert len(codes) == _manifested(self.world, message)
            for user, before in self.seen[message].items():
                if before in (Outcome.SENT, Outcome.SKIPPED, Outcome.DELETED):
                    assert codes[user] is before, f"{user} was {before.label} and is {codes[user].label}"
                if before is Outcome.DIGESTED:
                    assert codes[user] in (Outcome.DIGESTED, Outcome.DELETED)
            self.seen[message] = codes
            copies = self.world.provider.copies(message)
            for user, code in codes.items():
                assert code is not Outcome.SENT or copies[user], f"{user} is sent, but was not"
                assert code not in (Outcome.SKIPPED,) or not copies[user], f"{user} was skipped, but was sent to"
            known = self.world.known(message)
            counts = self._counts(message)
            assert counts["recipients"] == sum(counts.values()) - counts["recipients"] == len(codes)
            if known.state in (State.SENT, State.FAILED):
                assert known.counts == counts
                assert counts["outstanding"] == 0
                assert (counts["failed"] == 0) is (known.state is State.SENT)

    def _counts(self, message: str) -> dict[str, int]:
        world = self.world
        with world.unwatched():
            return world.batches.totals.tally(message, world.known(message).shards).counts()

    @invariant()
    def nobody_is_sent_to_twice_unless_an_answer_was_lost(self) -> None:
        copies: dict[tuple[str, str], list[bool]] = defaultdict(list)
        for sent in self.world.provider.accepted:
            copies[sent.message, sent.user].append(sent.excused)
        for who, excused in copies.items():
            assert all(excused[:-1]), f"{who} was sent to {len(excused)} times"

    @invariant()
    def each_item_is_in_one_digest(self) -> None:
        assert not items_in_two_digests(self.world)

    @invariant()
    def nobody_gets_more_than_the_limit(self) -> None:
        got: Counter[str] = Counter()
        for message, user in {(sent.message, sent.user) for sent in self.world.provider.accepted}:
            if self.topics.get(message) == LIMITED and message not in self.critical:
                got[user] += 1
        assert all(count <= LIMIT for count in got.values()), got

    @invariant()
    def nobody_is_written_to_at_a_suppressed_address(self) -> None:
        """Mails are looked at right after the step that sent them: nothing else has happened in it."""
        accepted = self.world.provider.accepted
        with self.world.unwatched():
            users = self.world.audience.users.get_many(sent.user for sent in accepted[self.mails :])
        assert not [user.id for user in users.values() if user.suppressed]
        self.mails = len(accepted)

    def teardown(self) -> None:
        """Left alone, everything comes to rest."""
        try:
            world = self.world
            world.provider.rejects = frozenset()
            world.end = world.now + timedelta(days=4)
            for _ in range(2_000):
                if world.once(lambda each: each.tick(list(self.topics))):
                    break
            else:
                raise AssertionError("it never came to rest")
            self.everybody_is_accounted_for()
            self.nobody_is_sent_to_twice_unless_an_answer_was_lost()
            self.nobody_gets_more_than_the_limit()
            assert not windows_that_differ(self.world, USERS, list(self.topics))
            for message in self.topics:
                assert world.state(message) in AT_REST
                assert self._counts(message)["outstanding"] == 0
        finally:
            self._pages.__exit__(None, None, None)


def _manifested(world: World, message: str) -> int:
    """How many recipients the items of a message name that never change."""
    found = 0
    for pk, partition in world.memory.tables.stores["batches"].partitions.items():
        if pk.startswith(f"{message}#"):
            for sk, item in partition.items.items():
                found += len(item["recipients"]["L"]) if sk.startswith("batch#") else 0
                found += len(item["skips"]["L"]) if sk.startswith("skips#") else 0
                found += len(item["gathered"]["L"]) if sk.startswith("gathered#") else 0
    return found


def pace(examples: int) -> settings:
    """So many runs of fifty steps, the same ones each time."""
    return settings(
        max_examples=examples,
        stateful_step_count=50,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
