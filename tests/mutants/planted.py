"""Bugs that are planted on purpose, as data: small, nasty, each a line that somebody could have written."""

from __future__ import annotations

from dataclasses import dataclass

SINGLES = "tests/faults/test_faults.py::test_no_single_fault_loses_or_doubles_anything"
PAIRS = "tests/faults/test_faults.py::test_no_two_faults_lose_or_double_anything"
ORDERS = "tests/faults/test_interleavings.py"
IN_DOUBT = "tests/faults/test_in_doubt.py"
REDRIVE = "tests/faults/test_redrive.py"
PARTS = "tests/integration/test_partial_answers.py"
FAULTS = (SINGLES, ORDERS, PAIRS)  # the quickest first


def way(fact: str) -> tuple[str, ...]:
    """One fact of the way of a message."""
    return (f"tests/integration/test_way_of_a_message.py::{fact}",)


MODULES = {
    "app": "fanfare.api.app",
    "audience": "fanfare.store.audience",
    "batch": "fanfare.domain.batch",
    "batches": "fanfare.store.batches",
    "cancel": "fanfare.pipeline.cancel",
    "complete": "fanfare.pipeline.complete",
    "data_schema": "fanfare.templates.data_schema",
    "deliver": "fanfare.pipeline.deliver",
    "deliver_handler": "functions.deliver.handler",
    "dynamodb": "fanfare.aws.dynamodb",
    "eligibility": "fanfare.domain.eligibility",
    "email": "fanfare.channels.email",
    "fan_out": "fanfare.pipeline.fan_out",
    "fan_out_handler": "functions.fan_out.handler",
    "inbox": "fanfare.store.inbox",
    "lifecycle": "fanfare.domain.lifecycle",
    "links": "fanfare.signing.links",
    "messages": "fanfare.store.messages",
    "pages": "fanfare.self_service.pages",
    "plain_text": "fanfare.templates.plain_text",
    "rate_limit": "fanfare.domain.rate_limit",
    "recipients": "fanfare.store.recipients",
    "reconcile": "fanfare.pipeline.reconcile",
    "redrive": "fanfare.pipeline.redrive",
    "renderer": "fanfare.templates.renderer",
    "scalars": "fanfare.schemas.scalars",
    "sign_up": "fanfare.self_service.sign_up",
    "signed_text": "fanfare.signing.signed_text",
    "strict_json": "fanfare.api.strict_json",
    "user": "fanfare.domain.audience",
    "webhook": "fanfare.channels.webhook",
}


@dataclass(frozen=True)
class Mutant:
    """One bug: in `place`, the one `old` is made to read `new`. `tests` have to catch it.

    A place is `module:name`: a key of MODULES, and a function, `Class.method` or constant in that module.
    """

    name: str
    place: str
    old: str
    new: str
    tests: tuple[str, ...] = FAULTS


MUTANTS = (
    Mutant(
        "a stale copy of a batch is taken for the current one",
        "batches:Batches.lease_many",
        "if state.generation == job.generation}",
        "if state.generation}",
        tests=way("test_an_old_copy_of_a_batch_that_was_sent_again_is_a_no_op"),
    ),
    Mutant(
        "a lease is taken while another is alive",
        "batches:Batches._lease_alone",
        "generation = :generation AND (attribute_not_exists(lease_until) OR lease_until <= :now)",
        "generation = :generation AND :now = :now",
    ),
    Mutant(
        "leases are taken together while another is alive",
        "batches:Batches._lease_together",
        '"\n                " AND attribute_not_exists(lease_until)"',
        '"',
        tests=(ORDERS,),
    ),
    Mutant(
        "batches are taken as they were read, whatever was sent since",
        "batches:Batches._lease_together",
        "due_at = :due_at AND codes = :codes AND attempts = :attempts",
        "(due_at = :due_at OR codes = :codes OR attempts = :attempts OR attribute_exists(pk))",
        tests=(ORDERS,),
    ),
    Mutant(
        "a batch is sent again without a new generation",
        "batches:Batches.requeue",
        "generation=state.generation + 1, lost=lost",
        "generation=state.generation, lost=lost",
        tests=way("test_an_old_copy_of_a_batch_that_was_sent_again_is_a_no_op"),
    ),
    Mutant(
        "a batch is closed with nobody's outcome",
        "batches:Batches._settling",
        '"codes": state.codes,\n                    "generation"',
        '"codes": state.codes.replace("F", "S"),\n                    "generation"',
    ),
    Mutant(
        "a page is committed whatever page was read",
        "messages:Messages.advancing",
        '"page = :read AND sealed = :open"',
        '"attribute_exists(pk) AND :read = :read AND :open = :open"',
    ),
    Mutant(
        "a first page is committed twice",
        "messages:Messages.advancing",
        'condition = "attribute_not_exists(pk)"',
        'condition = "attribute_not_exists(nothing)"',
    ),
    Mutant(
        "a limit is counted without looking again",
        "audience:Audience.charging",
        'condition="rev = :read",\n            values={":limits"',
        'condition="attribute_exists(pk) AND :read = :read",\n            values={":limits"',
    ),
    Mutant(
        "an unsubscribe during a page is not noticed",
        "fan_out:FanOut._commit",
        "parts.append(self.audience.checking_removals(message.topic, read.shard, removals))",
        "pass",
    ),
    Mutant(
        "a shard is sealed before its last page",
        "fan_out:FanOut._pages",
        "sealed=upcoming is None and not stretch.more)",
        "sealed=upcoming is None)",
    ),
    Mutant(
        "the cursor stays where it was",
        "fan_out:FanOut._commit",
        "cursor=page.cursor, sealed=sealed",
        "cursor=read.cursor, sealed=sealed",
    ),
    Mutant(
        "the cursor runs ahead of the page",
        "fan_out:FanOut._place",
        "        if not self._fits(page, row, verdict):\n",
        "        if not self._fits(page, row, verdict):\n            page.cursor = row.position\n",
    ),
    Mutant(
        "limits are counted outside the transaction",
        "fan_out:FanOut._commit",
        "parts += [self.audience.charging(user, limits) for user, limits in page.charges.values()]",
        "pass",
    ),
    Mutant(
        "a skipped recipient is not stored",
        "fan_out:FanOut._commit",
        "if page.skips:",
        "if False:",
        tests=way("test_the_counts_add_up_and_a_skipped_user_has_a_reason"),
    ),
    Mutant(
        "a deleted message is sent",
        "deliver:Deliver._deliver",
        "if attempt.message.state is State.DELETED:",
        "if False:",
    ),
    Mutant(
        "an expired message is sent",
        "deliver:Deliver._deliver",
        "if attempt.message.expired(self.clock()):",
        "if False:",
        tests=way("test_a_message_past_its_expiry_is_not_sent"),
    ),
    Mutant(
        "a lost worker's batch is sent at once",
        "deliver:Deliver._hand_back",
        "if state.lease_owner is not None:",
        "if False:",
    ),
    Mutant("hold does not hold", "deliver:Deliver._resolved_doubts", 'attempt.message.on_doubt == "hold"', "False"),
    Mutant(
        "a receipt does not settle a doubt",
        "deliver:Deliver._known_as_sent",
        "elif PROVES_SENT & receipts.get(key, {}).keys():",
        "elif False:",
    ),
    Mutant(
        "our own record does not settle a doubt",
        "deliver:Deliver._known_as_sent",
        "if record is not None and record.status is Outcome.SENT:",
        "if False:",
    ),
    Mutant(
        "a lost answer is taken for a failure that may be tried again",
        "deliver:OF_KIND",
        "Kind.UNKNOWN: Outcome.IN_DOUBT",
        "Kind.UNKNOWN: Outcome.OUTSTANDING",
    ),
    Mutant(
        "a lost answer is taken for sent",
        "email:Email._send",
        'return [SendResult(Kind.UNKNOWN, "outcome_unknown")] * len(entries)',
        "return [SendResult(Kind.SENT)] * len(entries)",
        tests=("tests/unit/channels/test_email.py",),
    ),
    Mutant(
        "a doubt does not wait for the provider's event",
        "deliver:Deliver._close",
        "self._release(after, owner, WaitReason.DOUBT, self.pace.doubt_grace)",
        "self._release(after, owner, WaitReason.DOUBT, 0.0)",
        tests=("tests/faults/test_faults.py::test_with_receipts_a_lost_answer_is_not_sent_again",),
    ),
    Mutant(
        "a batch that can't be given back is taken for one that nobody has tried",
        "deliver:Deliver.run",
        "if job not in report.asked and attempt.state.lease_owner is None:",
        "if job not in report.asked:",
        tests=(PAIRS,),
    ),
    Mutant(
        "a deletion forgets who was sent to",
        "deliver:Deliver._stop",
        "        endings |= self._known_as_sent(attempt, doubts)\n        self._record",
        "        self._record",
    ),
    Mutant(
        "a throttle is an attempt",
        "deliver:Deliver._deliver",
        "result.kind in (Kind.TEMPORARY, Kind.UNKNOWN)",
        "result.kind in (Kind.TEMPORARY, Kind.UNKNOWN, Kind.THROTTLED)",
        tests=way("test_a_throttle_is_not_an_attempt"),
    ),
    Mutant(
        "what may have been sent is no attempt",
        "deliver:Deliver._deliver",
        "result.kind in (Kind.TEMPORARY, Kind.UNKNOWN)",
        "result.kind is Kind.TEMPORARY",
        tests=(IN_DOUBT,),
    ),
    Mutant(
        "a copy that comes twice ends the wait for the provider's event",
        "batches:Batches.lease_many",
        "if not s.leased(now) and not s.awaits_event(now)}",
        "if not s.leased(now)}",
        tests=(IN_DOUBT,),
    ),
    Mutant(
        "whom a worker left in doubt is forgotten at the next mark",
        "batches:Batches.mark",
        '"SET #at = :at, codes = :codes"',
        '"SET #at = :at, channel = :codes"',
        tests=(IN_DOUBT,),
    ),
    Mutant(
        "the reconciler overwrites what a worker gave back",
        "batches:Batches.requeue",
        'AND due_at = :seen"\n',
        'AND :seen = :seen"\n',
        tests=(ORDERS,),
    ),
    Mutant(
        "a copy that overtakes another ends the wait for the provider's event",
        "batches:Batches._lease_alone",
        "(waiting <> :doubt OR due_at <= :now)",
        "(waiting <> :doubt OR due_at <= :now OR :now = :now)",
        tests=(ORDERS,),
    ),
    Mutant(
        "a dead letter ends the wait for the provider's event",
        "reconcile:Reconcile._batch_letter",
        "if state.leased(now) or state.awaits_event(now):",
        "if state.leased(now):",
        tests=(IN_DOUBT,),
    ),
    Mutant(
        "two redrives share a round",
        "redrive:_begun",
        "round_=found.round,",
        "round_=None,",
        tests=(REDRIVE,),
    ),
    Mutant(
        "who is in flight is listed as deleted",
        "recipients:_of_batch",
        'if deleted and "lease_owner" not in state:',
        "if deleted:",
        tests=way("test_delete_counts_what_a_worker_holds_as_in_flight"),
    ),
    Mutant(
        "a redrive opens what was deleted meanwhile",
        "messages:Messages.checking_round",
        '"#state = :pending AND #round = :round",',
        '"(#state = :pending OR attribute_exists(pk)) AND #round = :round",',
        tests=(REDRIVE,),
    ),
    Mutant(
        "a transaction in the way is taken for an open batch",
        "batches:Batches._reopen",
        'if checked != "None" or "ConditionalCheckFailed" not in others:',
        'if checked != "None":',
        tests=(REDRIVE,),
    ),
    Mutant(
        "a lease that fails takes those along that were taken",
        "batches:Batches._lease_alone",
        "        except UNSURE:\n",
        "        except ZeroDivisionError:\n",
        tests=(IN_DOUBT,),
    ),
    Mutant(
        "attempts have no end",
        "deliver:Deliver._ending",
        "if result.kind is Kind.TEMPORARY and attempts >= self.pace.max_attempts:",
        "if False:",
        tests=way("test_after_the_last_attempt_the_message_is_failed_with_reasons"),
    ),
    Mutant(
        "a deletion takes who is in doubt for withheld",
        "batch:BatchState.handed_over",
        "if self.lease_owner is not None else self.places(Outcome.IN_DOUBT)",
        "if self.lease_owner is not None else []",
        tests=way("test_delete_counts_who_is_in_doubt_as_in_flight"),
    ),
    Mutant(
        "a page is committed after a deletion has told its numbers",
        "cancel:cancel",
        "messages.seal(message, now=now)",
        "pass",
        tests=(ORDERS,),
    ),
    Mutant(
        "the reconciler forgets batches", "reconcile:Reconcile._due_batches", "self._due(states, time_left)", "pass"
    ),
    Mutant(
        "the reconciler forgets fan-outs",
        "reconcile:Reconcile._resume",
        "self.queues.send_fan_out([FanOutJob(message.id, each.shard) for each in lost])",
        "pass",
    ),
    Mutant(
        "dead letters are thrown away",
        "reconcile:Reconcile._dead_letter",
        "self._batch_letter(name, job)",
        "pass",
        tests=way("test_with_the_provider_down_batches_go_to_the_dead_letters_and_come_back"),
    ),
    Mutant(
        "a redrive opens what was sent",
        "redrive:_failed",
        "done.places(Outcome.FAILED)",
        "done.places(Outcome.FAILED) + done.places(Outcome.SENT)",
    ),
    Mutant(
        "a redrive opens again what it has opened already",
        "redrive:_failed",
        "if failed and done.round < message.round:",
        "if failed:",
        tests=("tests/faults/test_redrive.py",),
    ),
    Mutant(
        "a message comes to rest whoever is missing",
        "complete:complete",
        ' or counts["recipients"] < sum(each.recipients for each in progress)',
        "",
        tests=(ORDERS,),
    ),
    Mutant(
        "a message comes to rest before its shards are sealed",
        "complete:_may_finish",
        "and every_shard_sealed(message, progress)",
        "",
    ),
    Mutant(
        "a message comes to rest while it is re-driven",
        "complete:MAY_FINISH",
        "(State.ACTIVE, State.STALE)",
        "(State.PENDING, State.ACTIVE, State.STALE)",
        tests=("tests/unit/domain/test_lifecycle.py",),
    ),
    Mutant(
        "a key makes a second message",
        "messages:Messages.accept",
        'condition="attribute_not_exists(pk)",\n                )',
        'condition="attribute_not_exists(nothing)",\n                )',
    ),
    Mutant(
        "a state moves from anywhere",
        "messages:Messages.move",
        "condition = [f\"#state IN ({', '.join(f':from{i}' for i in range(len(allowed)))})\"]",
        'condition = ["attribute_exists(pk)"]\n        values = {k: values[k] for k in values if ":from" not in k}',
        tests=("tests/unit/domain/test_lifecycle.py",),
    ),
    Mutant(
        "sent can be deleted",
        "lifecycle:MAY_BECOME",
        "State.SENT: frozenset(),",
        "State.SENT: frozenset({State.DELETED}),",
        tests=("tests/unit/domain/test_moves.py",),
    ),
    Mutant(
        "one more than the limit",
        "rate_limit:next_turn",
        "if total < limit.count:",
        "if total <= limit.count:",
        tests=("tests/unit/domain/test_rate_limit.py",),
    ),
    Mutant(
        "a slice leaves the window with its beginning",
        "rate_limit:next_turn",
        "if start + width + limit.per_seconds > at]",
        "if start + limit.per_seconds > at]",
        tests=("tests/unit/domain/test_rate_limit.py",),
    ),
    Mutant(
        "a suppression is not looked at",
        "eligibility:RULES",
        '    ("suppression", _not_suppressed),\n',
        "",
        tests=("tests/unit/domain/test_eligibility.py",),
    ),
    Mutant(
        "a template may call",
        "renderer:GRAMMAR",
        '"Template", "Output",',
        '"Call", "Template", "Output",',
        tests=("tests/security/test_templates.py",),
    ),
    Mutant(
        "HTML is not escaped",
        "renderer:_Environment.__init__",
        "autoescape=html",
        "autoescape=False",
        tests=("tests/unit/templates/test_renderer.py",),
    ),
    Mutant(
        "loops have no end",
        "renderer:_Budget.step",
        "if self.iterations >= ITERATION_LIMIT:",
        "if False:",
        tests=("tests/security/test_templates.py",),
    ),
    Mutant(
        "a cursor has many spellings",
        "signed_text:opened",
        "if hmac.compare_digest(_spelled(key, kind, content).encode(), text.encode()):",
        "if True:",
        tests=("tests/security/test_signed_tokens.py",),
    ),
    Mutant(
        "a link is good for every purpose",
        "links:_kind",
        'return f"link\\n{purpose}"',
        'return "link"',
        tests=("tests/security/test_signed_tokens.py",),
    ),
    Mutant(
        "two links of one new address make two users",
        "audience:Audience._coming",
        'condition="user_id = :last" if last else "attribute_not_exists(pk)"',
        'condition="user_id = :last" if last else None',
        tests=("tests/security/test_enumeration.py",),
    ),
    Mutant(
        "a webhook is signed for the newest key alone",
        "webhook:signatures",
        "for each in _secrets(keys, user_id))",
        "for each in _secrets(keys, user_id)[:1])",
        tests=("tests/unit/channels/test_webhook.py",),
    ),
    Mutant(
        "one public address is enough",
        "webhook:Webhook.checked",
        "not all(is_public(ip) for ip in found)",
        "not any(is_public(ip) for ip in found)",
        tests=("tests/security/test_webhook_addresses.py",),
    ),
    Mutant(
        "a pattern backtracks",
        "data_schema:_compiled",
        "return re2.compile(pattern, options)",
        'return __import__("re").compile(pattern)',
        tests=("tests/security/test_templates.py",),
    ),
    Mutant(
        "a tag is read again and again",
        "plain_text:ELEMENT",
        "[a-zA-Z0-9]*+)([^<>]*+)>",
        "[a-zA-Z0-9]*)([^<>]*)>",
        tests=("tests/security/test_patterns.py",),
    ),
    Mutant(
        "a subject takes what controls something",
        "email:one_line",
        '_CONTROL.sub(" ", text).split()',
        "text.split()",
        tests=("tests/security/test_pages_and_headers.py",),
    ),
    Mutant(
        "an address that was changed past us is taken for the one that was checked",
        "user:User.address",
        'self.checked.get(self.profile.get(channel.field, ""))',
        "next(iter(self.checked.values()), None)",
        tests=("tests/unit/domain/test_checked_addresses.py",),
    ),
    Mutant(
        "mails are taken to end alike",
        "email:_shared_end",
        "lambda size: other.endswith(one[len(one) - size :])",
        "lambda size: size <= len(other)",
        tests=("tests/unit/channels/test_email.py",),
    ),
    Mutant(
        "what a mail begins with is also what it ends with",
        "email:_frame",
        "rest = [text[len(begin) :] for text in texts]",
        "rest = list(texts)",
        tests=("tests/unit/channels/test_email.py",),
    ),
    Mutant(
        "a page is not escaped",
        "pages:_environment",
        'autoescape=select_autoescape(["html"])',
        "autoescape=False",
        tests=("tests/security/test_pages_and_headers.py",),
    ),
    Mutant(
        "an answer comes as soon as it is known",
        "sign_up:steadily",
        "sleep(max(0.0, begin + seconds - monotonic()))",
        "sleep(0.0 * monotonic())",
        tests=("tests/security/test_enumeration.py",),
    ),
    Mutant(
        "of a key that comes twice the last counts",
        "strict_json:_object",
        "if len(found) != len(pairs):",
        "if False:",
        tests=("tests/security/test_json.py",),
    ),
    Mutant(
        "a field that is not known is ignored",
        "scalars:Request.model_config",
        'extra="forbid"',
        'extra="ignore"',
        tests=("tests/security/test_malformed_bodies.py",),
    ),
    Mutant(
        "the log names the path",
        "app:Api.resolve",
        "route=self._rule(event)",
        'route=event.get("rawPath")',
        tests=("tests/security/test_logs.py",),
    ),
    Mutant(
        "keys that DynamoDB left unread are dropped",
        "dynamodb:DynamoTable.get_many",
        'asked = list(unread[self.name]["Keys"]) if self.name in unread else []',
        "asked = []",
        tests=(f"{PARTS}::test_keys_that_dynamodb_leaves_unread_are_read_and_everybody_is_reached",),
    ),
    Mutant(
        "items that DynamoDB left unwritten are dropped",
        "dynamodb:DynamoTable.write_many",
        'left = list(answer.get("UnprocessedItems", {}).get(self.name, ()))',
        "left = []",
        tests=(f"{PARTS}::test_records_that_dynamodb_leaves_unwritten_are_written",),
    ),
    Mutant(
        "a mail that SES finds wrong is tried again",
        "email:CALL_ERROR",
        '"BadRequestException": SendResult(Kind.PERMANENT',
        '"BadRequestException": SendResult(Kind.TEMPORARY',
        tests=("tests/unit/channels/test_email.py",),
    ),
    Mutant(
        "a batch that failed comes back at once",
        "deliver_handler:handler",
        "round(delay)",
        "0 * round(delay)",
        tests=(f"{PARTS}::test_a_batch_that_fails_is_brought_back_after_its_back_off",),
    ),
    Mutant(
        "a fan-out begins a page that it has no time to end",
        "fan_out_handler:handler",
        "wiring.time_left(context) - RESERVE_SECONDS",
        "wiring.time_left(context)",
        tests=(f"{PARTS}::test_a_fan_out_hands_on_if_less_than_twenty_seconds_are_left",),
    ),
    Mutant(
        "the count of what is unread brings the bodies",
        "inbox:Inboxes.unread",
        ', names=["sk", "read_at"]',
        "",
        tests=("tests/integration/test_public_me.py::test_the_count_of_what_is_unread_brings_no_bodies",),
    ),
    Mutant(
        "a list with a filter looks on until it finds",
        "messages:Messages.recent",
        "for _ in range(LOOKS):",
        "while True:",
        tests=("tests/unit/insight/test_filtered_lists.py",),
    ),
)
