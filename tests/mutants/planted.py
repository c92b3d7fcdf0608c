"""Bugs that are planted on purpose, as data: small, nasty, each a line that somebody could have written."""

from __future__ import annotations

from dataclasses import dataclass

SINGLES = "tests/faults/test_faults.py::test_no_single_fault_loses_or_doubles_anything"
PAIRS = "tests/faults/test_faults.py::test_no_two_faults_lose_or_double_anything"
ORDERS = "tests/faults/test_interleavings.py"
IN_DOUBT = "tests/faults/test_in_doubt.py"
REDRIVE = "tests/faults/test_redrive.py"
FAULTS = (SINGLES, ORDERS, PAIRS)  # the quickest first


def way(fact: str) -> tuple[str, ...]:
    """One fact of the way of a message."""
    return (f"tests/integration/test_way_of_a_message.py::{fact}",)


@dataclass(frozen=True)
class Mutant:
    """One bug: in `file`, the `nth` place that reads `good` is made to read `bad`. `tests` have to catch it."""

    name: str
    file: str
    good: str
    bad: str
    tests: tuple[str, ...] = FAULTS
    nth: int = 0


MUTANTS = (
    Mutant(
        "a stale copy of a batch is taken for the current one",
        "store/batches.py",
        "if state.generation == job.generation}",
        "if state.generation}",
        tests=way("test_an_old_copy_of_a_batch_that_was_sent_again_is_a_no_op"),
    ),
    Mutant(
        "a lease is taken while another is alive",
        "store/batches.py",
        "generation = :generation AND (attribute_not_exists(lease_until) OR lease_until <= :now)",
        "generation = :generation AND :now = :now",
    ),
    Mutant(
        "leases are taken together while another is alive",
        "store/batches.py",
        '"\n                " AND attribute_not_exists(lease_until)"',
        '"',
        tests=(ORDERS,),
    ),
    Mutant(
        "batches are taken as they were read, whatever was sent since",
        "store/batches.py",
        "due_at = :due_at AND codes = :codes AND attempts = :attempts",
        "(due_at = :due_at OR codes = :codes OR attempts = :attempts OR attribute_exists(pk))",
        tests=(ORDERS,),
    ),
    Mutant(
        "a batch is sent again without a new generation",
        "store/batches.py",
        "generation=state.generation + 1, lost=lost",
        "generation=state.generation, lost=lost",
        tests=way("test_an_old_copy_of_a_batch_that_was_sent_again_is_a_no_op"),
    ),
    Mutant(
        "a batch is closed with nobody's outcome",
        "store/batches.py",
        '"codes": state.codes,\n                    "generation"',
        '"codes": state.codes.replace("F", "S"),\n                    "generation"',
    ),
    Mutant(
        "a page is committed whatever page was read",
        "store/messages.py",
        '"page = :read AND sealed = :open"',
        '"attribute_exists(pk) AND :read = :read AND :open = :open"',
    ),
    Mutant(
        "a first page is committed twice",
        "store/messages.py",
        'condition = "attribute_not_exists(pk)"',
        'condition = "attribute_not_exists(nothing)"',
    ),
    Mutant(
        "a limit is counted without looking again",
        "store/audience.py",
        'condition="rev = :read",\n            values={":limits"',
        'condition="attribute_exists(pk) AND :read = :read",\n            values={":limits"',
    ),
    Mutant(
        "an unsubscribe during a page is not noticed",
        "pipeline/fan_out.py",
        "parts.append(self.audience.checking_removals(message.topic, read.shard, removals))",
        "pass",
    ),
    Mutant(
        "a shard is sealed before its last page",
        "pipeline/fan_out.py",
        "sealed=upcoming is None and not stretch.more)",
        "sealed=upcoming is None)",
    ),
    Mutant(
        "the cursor stays where it was",
        "pipeline/fan_out.py",
        "cursor=page.cursor, sealed=sealed",
        "cursor=read.cursor, sealed=sealed",
    ),
    Mutant(
        "the cursor runs ahead of the page",
        "pipeline/fan_out.py",
        "        if not self._fits(page, row, verdict):\n",
        "        if not self._fits(page, row, verdict):\n            page.cursor = row.position\n",
    ),
    Mutant(
        "limits are counted outside the transaction",
        "pipeline/fan_out.py",
        "parts += [self.audience.charging(user, limits) for user, limits in page.charges.values()]",
        "pass",
    ),
    Mutant(
        "a skipped recipient is not stored",
        "pipeline/fan_out.py",
        "if page.skips:",
        "if False:",
        tests=way("test_the_counts_add_up_and_a_skipped_user_has_a_reason"),
    ),
    Mutant(
        "a deleted message is sent", "pipeline/deliver.py", "if attempt.message.state is State.DELETED:", "if False:"
    ),
    Mutant(
        "an expired message is sent",
        "pipeline/deliver.py",
        "if attempt.message.expired(self.clock()):",
        "if False:",
        tests=way("test_a_message_past_its_expiry_is_not_sent"),
    ),
    Mutant(
        "a lost worker's batch is sent at once", "pipeline/deliver.py", "if state.lease_owner is not None:", "if False:"
    ),
    Mutant("hold does not hold", "pipeline/deliver.py", 'attempt.message.on_doubt == "hold"', "False"),
    Mutant(
        "a receipt does not settle a doubt",
        "pipeline/deliver.py",
        "elif PROVES_SENT & receipts.get(key, {}).keys():",
        "elif False:",
    ),
    Mutant(
        "our own record does not settle a doubt",
        "pipeline/deliver.py",
        "if record is not None and record.status is Outcome.SENT:",
        "if False:",
    ),
    Mutant(
        "a lost answer is taken for a failure that may be tried again",
        "pipeline/deliver.py",
        "Kind.UNKNOWN: Outcome.IN_DOUBT",
        "Kind.UNKNOWN: Outcome.OUTSTANDING",
    ),
    Mutant(
        "a lost answer is taken for sent",
        "channels/email.py",
        'return [SendResult(Kind.UNKNOWN, "outcome_unknown")] * len(entries)',
        "return [SendResult(Kind.SENT)] * len(entries)",
        tests=("tests/unit/channels/test_email.py",),
    ),
    Mutant(
        "a doubt does not wait for the provider's event",
        "pipeline/deliver.py",
        "self._release(after, owner, WaitReason.DOUBT, self.pace.doubt_grace)",
        "self._release(after, owner, WaitReason.DOUBT, 0.0)",
        tests=("tests/faults/test_faults.py::test_with_receipts_a_lost_answer_is_not_sent_again",),
    ),
    Mutant(
        "a batch that can't be given back is taken for one that nobody has tried",
        "pipeline/deliver.py",
        "if job not in report.asked and attempt.state.lease_owner is None:",
        "if job not in report.asked:",
        tests=(PAIRS,),
    ),
    Mutant(
        "a deletion forgets who was sent to",
        "pipeline/deliver.py",
        "        endings |= self._known_as_sent(attempt, doubts)\n        self._record",
        "        self._record",
    ),
    Mutant(
        "a throttle is an attempt",
        "pipeline/deliver.py",
        "result.kind in (Kind.TEMPORARY, Kind.UNKNOWN)",
        "result.kind in (Kind.TEMPORARY, Kind.UNKNOWN, Kind.THROTTLED)",
        tests=way("test_a_throttle_is_not_an_attempt"),
    ),
    Mutant(
        "what may have been sent is no attempt",
        "pipeline/deliver.py",
        "result.kind in (Kind.TEMPORARY, Kind.UNKNOWN)",
        "result.kind is Kind.TEMPORARY",
        tests=(IN_DOUBT,),
    ),
    Mutant(
        "a copy that comes twice ends the wait for the provider's event",
        "store/batches.py",
        "if not s.leased(now) and not s.awaits_event(now)}",
        "if not s.leased(now)}",
        tests=(IN_DOUBT,),
    ),
    Mutant(
        "whom a worker left in doubt is forgotten at the next mark",
        "store/batches.py",
        '"SET #at = :at, codes = :codes"',
        '"SET #at = :at, channel = :codes"',
        tests=(IN_DOUBT,),
    ),
    Mutant(
        "the reconciler overwrites what a worker gave back",
        "store/batches.py",
        'AND due_at = :seen"\n',
        'AND :seen = :seen"\n',
        tests=(ORDERS,),
    ),
    Mutant(
        "a copy that overtakes another ends the wait for the provider's event",
        "store/batches.py",
        "(waiting <> :doubt OR due_at <= :now)",
        "(waiting <> :doubt OR due_at <= :now OR :now = :now)",
        tests=(ORDERS,),
    ),
    Mutant(
        "a dead letter ends the wait for the provider's event",
        "pipeline/reconcile.py",
        "if state.leased(now) or state.awaits_event(now):",
        "if state.leased(now):",
        tests=(IN_DOUBT,),
    ),
    Mutant(
        "two redrives share a round",
        "pipeline/redrive.py",
        "round_=found.round,",
        "round_=None,",
        tests=(REDRIVE,),
    ),
    Mutant(
        "who is in flight is listed as deleted",
        "store/recipients.py",
        'if deleted and "lease_owner" not in state:',
        "if deleted:",
        tests=way("test_delete_counts_what_a_worker_holds_as_in_flight"),
    ),
    Mutant(
        "a redrive opens what was deleted meanwhile",
        "store/messages.py",
        '"#state = :pending AND #round = :round",',
        '"(#state = :pending OR attribute_exists(pk)) AND #round = :round",',
        tests=(REDRIVE,),
    ),
    Mutant(
        "a transaction in the way is taken for an open batch",
        "store/batches.py",
        'if checked != "None" or "ConditionalCheckFailed" not in others:',
        'if checked != "None":',
        tests=(REDRIVE,),
    ),
    Mutant(
        "a lease that fails takes those along that were taken",
        "store/batches.py",
        "        except UNSURE:\n",
        "        except ZeroDivisionError:\n",
        tests=(IN_DOUBT,),
    ),
    Mutant(
        "attempts have no end",
        "pipeline/deliver.py",
        "if result.kind is Kind.TEMPORARY and attempts >= self.pace.max_attempts:",
        "if False:",
        tests=way("test_after_the_last_attempt_the_message_is_failed_with_reasons"),
    ),
    Mutant(
        "a deletion takes who is in doubt for withheld",
        "domain/batch.py",
        "if self.lease_owner is not None else self.places(Outcome.IN_DOUBT)",
        "if self.lease_owner is not None else []",
        tests=way("test_delete_counts_who_is_in_doubt_as_in_flight"),
    ),
    Mutant(
        "a page is committed after a deletion has told its numbers",
        "pipeline/cancel.py",
        "messages.seal(message, now=now)",
        "pass",
        tests=(ORDERS,),
    ),
    Mutant("the reconciler forgets batches", "pipeline/reconcile.py", "self._due(states, time_left)", "pass"),
    Mutant(
        "the reconciler forgets fan-outs",
        "pipeline/reconcile.py",
        "self.queues.send_fan_out([FanOutJob(message.id, each.shard) for each in lost])",
        "pass",
    ),
    Mutant(
        "dead letters are thrown away",
        "pipeline/reconcile.py",
        "self._batch_letter(name, job)",
        "pass",
        tests=way("test_with_the_provider_down_batches_go_to_the_dead_letters_and_come_back"),
    ),
    Mutant(
        "a redrive opens what was sent",
        "pipeline/redrive.py",
        "done.places(Outcome.FAILED)",
        "done.places(Outcome.FAILED) + done.places(Outcome.SENT)",
    ),
    Mutant(
        "a redrive opens again what it has opened already",
        "pipeline/redrive.py",
        "if failed and done.round < message.round:",
        "if failed:",
        tests=("tests/faults/test_redrive.py",),
    ),
    Mutant(
        "a message comes to rest whoever is missing",
        "pipeline/complete.py",
        ' or counts["recipients"] < sum(each.recipients for each in progress)',
        "",
        tests=(ORDERS,),
    ),
    Mutant(
        "a message comes to rest before its shards are sealed",
        "pipeline/complete.py",
        "and every_shard_sealed(message, progress)",
        "",
    ),
    Mutant(
        "a message comes to rest while it is re-driven",
        "pipeline/complete.py",
        "(State.ACTIVE, State.STALE)",
        "(State.PENDING, State.ACTIVE, State.STALE)",
        tests=("tests/unit/domain/test_lifecycle.py",),
    ),
    Mutant(
        "a key makes a second message",
        "store/messages.py",
        'condition="attribute_not_exists(pk)",\n                )',
        'condition="attribute_not_exists(nothing)",\n                )',
    ),
    Mutant(
        "a state moves from anywhere",
        "store/messages.py",
        "condition = [f\"#state IN ({', '.join(f':from{i}' for i in range(len(allowed)))})\"]",
        'condition = ["attribute_exists(pk)"]\n        values = {k: values[k] for k in values if ":from" not in k}',
        tests=("tests/unit/domain/test_lifecycle.py",),
    ),
    Mutant(
        "sent can be deleted",
        "domain/lifecycle.py",
        "State.SENT: frozenset(),",
        "State.SENT: frozenset({State.DELETED}),",
        tests=("tests/unit/domain/test_moves.py",),
    ),
    Mutant(
        "one more than the limit",
        "domain/rate_limit.py",
        "if total < limit.count:",
        "if total <= limit.count:",
        tests=("tests/unit/domain/test_rate_limit.py",),
    ),
    Mutant(
        "a slice leaves the window with its beginning",
        "domain/rate_limit.py",
        "if start + width + limit.per_seconds > at]",
        "if start + limit.per_seconds > at]",
        tests=("tests/unit/domain/test_rate_limit.py",),
    ),
    Mutant(
        "a suppression is not looked at",
        "domain/eligibility.py",
        '    ("suppression", _not_suppressed),\n',
        "",
        tests=("tests/unit/domain/test_eligibility.py",),
    ),
    Mutant(
        "a template may call",
        "templates/renderer.py",
        '"Template", "Output",',
        '"Call", "Template", "Output",',
        tests=("tests/security/test_templates.py",),
    ),
    Mutant(
        "HTML is not escaped",
        "templates/renderer.py",
        "autoescape=html",
        "autoescape=False",
        tests=("tests/unit/templates/test_renderer.py",),
    ),
    Mutant(
        "loops have no end",
        "templates/renderer.py",
        "if self.iterations >= ITERATION_LIMIT:",
        "if False:",
        tests=("tests/security/test_templates.py",),
    ),
    Mutant(
        "a cursor has many spellings",
        "signing/signed_text.py",
        "if hmac.compare_digest(_spelled(key, kind, content).encode(), text.encode()):",
        "if True:",
        tests=("tests/security/test_signed_tokens.py",),
    ),
    Mutant(
        "a link is good for every purpose",
        "signing/links.py",
        'return f"link\\n{purpose}"',
        'return "link"',
        tests=("tests/security/test_signed_tokens.py",),
    ),
    Mutant(
        "two links of one new address make two users",
        "store/audience.py",
        'condition="user_id = :last" if last else "attribute_not_exists(pk)"',
        'condition="user_id = :last" if last else None',
        tests=("tests/security/test_enumeration.py",),
    ),
    Mutant(
        "a webhook is signed for the newest key alone",
        "channels/webhook.py",
        "for each in _secrets(keys, user_id))",
        "for each in _secrets(keys, user_id)[:1])",
        tests=("tests/unit/channels/test_webhook.py",),
    ),
    Mutant(
        "one public address is enough",
        "channels/webhook.py",
        "not all(is_public(ip) for ip in found)",
        "not any(is_public(ip) for ip in found)",
        tests=("tests/security/test_webhook_addresses.py",),
    ),
    Mutant(
        "a pattern backtracks",
        "templates/data_schema.py",
        "return re2.compile(pattern, options)",
        'return __import__("re").compile(pattern)',
        tests=("tests/security/test_templates.py",),
    ),
    Mutant(
        "a tag is read again and again",
        "templates/plain_text.py",
        "[a-zA-Z0-9]*+)([^<>]*+)>",
        "[a-zA-Z0-9]*)([^<>]*)>",
        tests=("tests/security/test_patterns.py",),
    ),
    Mutant(
        "a subject takes what controls something",
        "channels/email.py",
        '_CONTROL.sub(" ", text).split()',
        "text.split()",
        tests=("tests/security/test_pages_and_headers.py",),
    ),
    Mutant(
        "an address that was changed past us is taken for the one that was checked",
        "domain/audience.py",
        'self.checked.get(self.profile.get(channel.field, ""))',
        "next(iter(self.checked.values()), None)",
        tests=("tests/unit/domain/test_checked_addresses.py",),
    ),
    Mutant(
        "mails are taken to end alike",
        "channels/email.py",
        "lambda size: other.endswith(one[len(one) - size :])",
        "lambda size: size <= len(other)",
        tests=("tests/unit/channels/test_email.py",),
    ),
    Mutant(
        "what a mail begins with is also what it ends with",
        "channels/email.py",
        "rest = [text[len(begin) :] for text in texts]",
        "rest = list(texts)",
        tests=("tests/unit/channels/test_email.py",),
    ),
    Mutant(
        "a page is not escaped",
        "self_service/pages/__init__.py",
        'autoescape=select_autoescape(["html"])',
        "autoescape=False",
        tests=("tests/security/test_pages_and_headers.py",),
    ),
    Mutant(
        "an answer comes as soon as it is known",
        "self_service/sign_up.py",
        "sleep(max(0.0, begin + seconds - monotonic()))",
        "sleep(0.0 * monotonic())",
        tests=("tests/security/test_enumeration.py",),
    ),
    Mutant(
        "of a key that comes twice the last counts",
        "api/strict_json.py",
        "if len(found) != len(pairs):",
        "if False:",
        tests=("tests/security/test_json.py",),
    ),
    Mutant(
        "a field that is not known is ignored",
        "schemas/scalars.py",
        'extra="forbid"',
        'extra="ignore"',
        tests=("tests/security/test_malformed_bodies.py",),
    ),
    Mutant(
        "the log names the path",
        "api/app.py",
        "route=self._rule(event)",
        'route=event.get("rawPath")',
        tests=("tests/security/test_logs.py",),
    ),
)
