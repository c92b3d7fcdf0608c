#!/usr/bin/env bash
# aws-lambda-powertools 3.37.0, its event handler with enable_validation, and pydantic 2
#
# Expected: what is only for debugging costs nothing while debugging is off: the library's other debug lines take their
#   values as arguments of the logger, which formats none of them below its level.
# What happens: the line before the route's function is an f-string of the route's arguments. Each request's validated
#   body is formatted with all of its parts, thrown away, and the larger the body, the longer it takes.
# Who is hurt: whoever takes lists by HTTP: a bulk call of 1,000 items makes 1,001 models into text that nobody reads,
#   and whoever switches debugging on has the addresses of all of them in the log. A short __repr__ of one's own helps
#   against both; hiding the line's level does not.
# Seen: 2026-11-29.
set -euo pipefail
export TZ=UTC LC_ALL=C.UTF-8
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
  aws-lambda-powertools==3.37.0 pydantic==2.14.3
venv/bin/python - <<'PYTHON'
import json
import logging
import sys
from importlib.metadata import version
from types import SimpleNamespace

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from pydantic import BaseModel

formatted = 0


class Item(BaseModel):
    user_id: str
    topic: str

    def __repr_args__(self):
        global formatted
        formatted += 1
        return super().__repr_args__()


class Items(BaseModel):
    items: list[Item]

    def __repr_args__(self):
        global formatted
        formatted += 1
        return super().__repr_args__()


app = APIGatewayHttpResolver(enable_validation=True)


@app.post("/subscriptions")
def subscribe(body: Items) -> int:
    return len(body.items)


def post(number: int) -> int:
    """How many models are formatted while a list of this length is taken."""
    global formatted
    formatted = 0
    body = {"items": [{"user_id": f"user-{place}", "topic": "news"} for place in range(number)]}
    answer = app.resolve(
        {
            "version": "2.0",
            "rawPath": "/subscriptions",
            "rawQueryString": "",
            "headers": {"content-type": "application/json"},
            "requestContext": {"stage": "$default", "http": {"method": "POST", "path": "/subscriptions"}},
            "body": json.dumps(body),
        },
        SimpleNamespace(),
    )
    assert (answer["statusCode"], answer["body"]) == (200, str(number)), answer
    return formatted


print("aws-lambda-powertools", version("aws-lambda-powertools"), "- pydantic", version("pydantic"))
level = logging.getLogger("aws_lambda_powertools").getEffectiveLevel()
print("level of its logger:", logging.getLevelName(level))
for number in (1, 1_000):
    found = post(number)
    print(f"a body of {number} items: {found} models formatted")
    if found != number + 1:
        sys.exit(f"changed: {number + 1} models were formatted for {number} items, and now {found}")
logging.getLogger("aws_lambda_powertools").setLevel(logging.CRITICAL)
if (found := post(10)) != 11:
    sys.exit(f"changed: with the level CRITICAL, 11 models were formatted, and now {found}")
print("holds: each request's arguments are formatted, whatever the level")
PYTHON
