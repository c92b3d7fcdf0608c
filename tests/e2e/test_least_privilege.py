"""Last of all: what the functions were let do, against what they were seen to do in all of these tests; and what AWS
would refuse in it.

That nothing is missing is seen before: the emulator's IAM refuses it. What the providers' stand-ins take, no IAM
looks at, so it is compared as well.
"""

from __future__ import annotations

from typing import Final

import pytest

from infra.constructs.naming import pascal
from infra.grants import GRANTS, USE_KEY
from testing.aws_calls import asked, refused
from tools.paths import CALLS

from .conftest import World

BY_LAMBDA: Final = "Lambda itself takes from the queue, with the function's role"
# Who may do what without being seen to, and why: (function, action, target), None for any function or target.
UNSEEN: Final[dict[tuple[str | None, str, str | None], str]] = {
    ("public_api", "secretsmanager:GetSecretValue", "origin_keys"): "the local proxy does not prove itself",
    **{
        (f"deliver-{name}", "secretsmanager:GetSecretValue", "secret"): "only for templates that name links"
        for name in ("sms", "push", "webhook", "inbox")
    },
    (None, "ses:SendBulkTemplatedEmail", None): "the permission behind SES v2's SendBulkEmail, and no call of its own",
    **{
        (None, action, "key"): "DynamoDB asks for the key, in its caller's name, where there is one"
        for action in USE_KEY
    },
    **{
        (name, f"sqs:{action}", f"{queue}.queue"): BY_LAMBDA
        for name, queue in (
            ("fan_out", "fan_out"),
            ("record_receipt", "record_receipt"),
            *((name, name.removeprefix("deliver-")) for name in GRANTS if name.startswith("deliver-")),
        )
        for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
    },
}
SAME: Final = {"senders": "sender"}  # one identity, with two conditions
NAMES: Final = {pascal(name.removeprefix("deliver-")): name for name in GRANTS}


def granted() -> set[tuple[str, str, str]]:
    return {
        (name, action, SAME.get(target, target))
        for name, grants in GRANTS.items()
        for target, actions in grants.items()
        for action in actions
    }


def unseen(function: str, action: str, target: str) -> bool:
    return any((who, action, what) in UNSEEN for who in (function, None) for what in (target, None))


def test_every_permission_is_used_and_none_is_missing(world: World, whole: bool) -> None:
    seen = {(NAMES[function], action, target) for function, action, target in asked(CALLS)}
    wrong = [f"without a grant: {' '.join(each)}" for each in sorted(seen - granted())]
    if whole:
        wrong += [f"granted, never used: {' '.join(each)}" for each in sorted(granted() - seen) if not unseen(*each)]
    if wrong:
        pytest.fail("\n".join(wrong))


def test_aws_would_refuse_none_of_their_requests(world: World) -> None:
    assert refused(CALLS) == []


def test_no_exception_is_out_of_date(whole: bool) -> None:
    seen = {(NAMES[function], action, target) for function, action, target in asked(CALLS)}
    quiet = granted() - seen if whole else granted()
    stale = [each for each in UNSEEN if not any(_fits(each, one) for one in quiet)]
    assert not stale, "an exception for what is not granted, or was seen"


def _fits(exception: tuple[str | None, str, str | None], one: tuple[str, str, str]) -> bool:
    return all(wanted is None or wanted == found for wanted, found in zip(exception, one, strict=True))
