#!/usr/bin/env bash
# botocore 1.44.5 (with boto3 1.44.5)
#
# Expected: ResponseMetadata.MaxAttemptsReached says that a call failed as often as it may. It is what one counts to
#   see calls that were given up, since RetryAttempts does not say how many were allowed.
# What happens: a client that must not repeat a call, because the call sends a mail or a text, is created with one
#   attempt. In the mode "standard", every call of it that succeeds at once says MaxAttemptsReached: true. With two
#   attempts, a success says so only after a repeat, though nothing was given up then either.
# Who is hurt: whoever alarms on this field: the clients of SES and SNS that are set up with most care look as if each
#   of their calls had run out of attempts.
# Seen: 2026-11-29, with answers from memory instead of a network.
set -euo pipefail
export TZ=UTC LC_ALL=C.UTF-8
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check --no-compile boto3==1.44.5 botocore==1.44.5
export AWS_ACCESS_KEY_ID=none AWS_SECRET_ACCESS_KEY=none AWS_DEFAULT_REGION=eu-central-1
venv/bin/python - <<'PYTHON'
import io
import sys
from importlib.metadata import version

import boto3
from botocore.awsrequest import AWSResponse
from botocore.config import Config


class Raw(io.BytesIO):
    def stream(self, *_, **__):
        yield self.read()


def metadata(attempts: int, statuses: list[int]) -> dict:
    """Of a call that SES answers with these statuses, one after the other."""
    config = Config(retries={"mode": "standard", "total_max_attempts": attempts})
    client = boto3.client("sesv2", config=config)
    answers = iter(statuses)
    client.meta.events.register(
        "before-send", lambda request, **_: AWSResponse(request.url, next(answers), {}, Raw(b"{}"))
    )
    return client.get_account()["ResponseMetadata"]


# attempts that are allowed, answers, and whether the success says that it has reached its attempts
SEEN = ((1, [200], True), (2, [200], False), (2, [500, 200], True), (3, [500, 200], False))

print("botocore", version("botocore"))
for attempts, statuses, seen in SEEN:
    told = metadata(attempts, statuses)
    reached = told.get("MaxAttemptsReached", False)
    print(f"{attempts} allowed, answers {statuses}: MaxAttemptsReached {reached}, RetryAttempts {told['RetryAttempts']}")
    if reached != seen:
        sys.exit(f"changed: with {attempts} allowed and answers {statuses}, MaxAttemptsReached was {seen}")
print("holds: a success at the first of one attempt has reached its attempts")
PYTHON
