#!/usr/bin/env bash
# moto 5.2.5 (with boto3 1.44.8)
#
# Expected: moto checks an event pattern as EventBridge does. It knows prefix, suffix, wildcard, anything-but and $or,
#   so plain equality works in any place of an event.
# What happens: a pattern that reaches into a list of objects never matches. EventBridge looks into each of them; its
#   matcher is public and documents this. The events of SES have such lists where a rule needs them most:
#   bouncedRecipients, complainedRecipients, headers.
# Who is hurt: a team that tests its rules for bounces against moto. The right rule fails there, and a rule that is
#   reduced until it passes reacts to every bounce.
# Seen: 2026-11-28. Source: README of github.com/aws/event-ruler, "JSON Array Matching".
set -euo pipefail
export TZ=UTC LC_ALL=C.UTF-8
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
  "moto[events,sqs]==5.2.5" boto3==1.44.8
export AWS_ACCESS_KEY_ID=none AWS_SECRET_ACCESS_KEY=none AWS_DEFAULT_REGION=eu-central-1
venv/bin/python - <<'PYTHON'
import json
import sys
from importlib.metadata import version

import boto3
from moto import mock_aws

BOUNCE = {
    "bounce": {
        "bounceType": "Permanent",
        "bouncedRecipients": [{"emailAddress": "ada@example.com", "status": "5.1.1"}],
    },
    "mail": {"tags": {"campaign": ["spring", "news"]}},
}
# a pattern of the detail, and whether moto delivers; EventBridge delivers all four
PATTERNS = (
    ({"bounce": {"bounceType": ["Permanent"]}}, True),
    ({"mail": {"tags": {"campaign": ["news"]}}}, True),
    ({"bounce": {"bouncedRecipients": {"emailAddress": ["ada@example.com"]}}}, False),
    ({"bounce": {"bouncedRecipients": {"status": [{"prefix": "5.1."}]}}}, False),
)


def delivered(name: str, pattern: dict) -> bool:
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name=name, EventPattern=json.dumps({"detail": pattern}))
    events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": arn}])
    events.put_events(Entries=[{"Source": "mail", "DetailType": "Email Bounced", "Detail": json.dumps(BOUNCE)}])
    return "Messages" in sqs.receive_message(QueueUrl=url)


print("moto", version("moto"))
with mock_aws():
    events, sqs = boto3.client("events"), boto3.client("sqs")
    for index, (pattern, seen) in enumerate(PATTERNS):
        arrived = delivered(f"rule{index}", pattern)
        print(json.dumps(pattern), "delivers" if arrived else "delivers nothing")
        if arrived != seen:
            sys.exit(f"changed: this pattern delivered: {arrived}; was expected: {seen}")
print("holds: a pattern does not reach into a list of objects")
PYTHON
