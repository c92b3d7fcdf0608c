#!/usr/bin/env bash
# aws-lambda-powertools 3.37.0, its Logger
#
# Expected: the field "message" of a log line is the text that was logged, and each line is JSON: that is what the
#   Logger is for, and what CloudWatch Logs Insights and metric filters read fields from.
# What happens: each message without arguments is tried as JSON first. An id of digits becomes a number and loses its
#   last digits in a reader with doubles, "null" and "true" are no texts any more, and for the texts NaN and Infinity
#   the line itself is no JSON (RFC 8259, section 6, has neither).
# Who is hurt: whoever logs what others name, e.g. the id of a user or of a template: a filter for message = "12345"
#   does not find the line, and a strict reader drops the one with the user who is called NaN.
# Seen: 2026-11-29. The option json_deserializer turns it off.
set -euo pipefail
export TZ=UTC LC_ALL=C.UTF-8
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check --no-compile aws-lambda-powertools==3.37.0
venv/bin/python - <<'PYTHON'
import io
import json
import sys
from importlib.metadata import version

from aws_lambda_powertools import Logger

# text that is logged, and what the line has as its message
SEEN = {
    "order A-17": '"order A-17"',
    "12345": "12345",
    "007": '"007"',
    "1e3": "1000.0",
    "true": "true",
    "null": None,  # the field is left out
    "NaN": "NaN",
    "Infinity": "Infinity",
}


def strict(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


print("aws-lambda-powertools", version("aws-lambda-powertools"))
for text, seen in SEEN.items():
    stream = io.StringIO()
    logger = Logger(service=f"finding {text}", stream=stream)
    logger.info(text)
    line = stream.getvalue().strip()
    try:
        found = json.loads(line, parse_constant=strict)
        message = json.dumps(found["message"]) if "message" in found else None
        valid = True
    except ValueError:
        message, valid = text, False
    print(f"{text!r} is logged as {message}{'' if valid else ', and the line is not JSON'}")
    if message != seen or valid != (text not in ("NaN", "Infinity")):
        sys.exit(f"changed: {text!r} was logged as {seen}, and is now logged as {message}; valid: {valid}")
print("holds: a message that reads as JSON is logged as a value, and NaN breaks the line")
PYTHON
