"""The functions of a deployment, each in its own process, with an in-memory AWS in this process."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from enum import Enum
from functools import cache
from typing import Any, Final

from bench.harness.door import Door
from bench.harness.function import FORGET
from bench.harness.null_aws import NullAws
from tools.paths import ROOT

TABLES: Final = ("audience", "catalogue", "messages", "batches", "deliveries")
VISIBILITY: Final = 360  # seconds, like the visibility timeout of the channel queues
# The environment of the deployment, with the names of the in-memory tables and queues. No server listens at the
# endpoint: a request that reaches the network fails.
ENVIRONMENT: Final = {
    **{f"FANFARE_{table.upper()}_TABLE": table for table in TABLES},
    "FANFARE_INBOX_TABLE": "inbox",  # of the inbox channel; steps look whether a message was read
    "FANFARE_FAN_OUT_QUEUE_URL": "fan_out",
    "FANFARE_EMAIL_QUEUE_URL": "email",
    "FANFARE_FAN_OUT_DEAD_LETTERS_URL": "fan_out-dead",
    "FANFARE_EMAIL_DEAD_LETTERS_URL": "email-dead",
    "FANFARE_EVENT_BUS_NAME": "fanfare",
    "FANFARE_DELIVERY_EVENTS": "true",
    "FANFARE_SENDER": "no-reply@example.com",
    "FANFARE_CONFIGURATION_SET": "fanfare",
    "FANFARE_PUBLIC_URL": "https://example.com",
    "FANFARE_SECRET_ARN": "secret",
    "FANFARE_AUDIT_KEYS_ARN": "audit_keys",
    "FANFARE_CURSOR_KEYS_ARN": "cursor_keys",
    "FANFARE_STAGE": "bench",
    "FANFARE_CHANNEL": "email",
    "POWERTOOLS_SERVICE_NAME": "fanfare",
    "POWERTOOLS_METRICS_NAMESPACE": "Fanfare",
    "AWS_ACCESS_KEY_ID": "null",
    "AWS_SECRET_ACCESS_KEY": "null",
    "AWS_REGION": "eu-central-1",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_LAMBDA_FUNCTION_NAME": "bench",
}


class Strike(Enum):
    """What happens at a call."""

    NONE = "none"
    BEFORE = "the process dies before it takes effect"
    AFTER = "the process dies after it took effect"


Strikes = Callable[[str | None], Strike]  # asked with the operation; None for SES


class Killed(Exception):
    """The function's process was killed at one of its calls and has been replaced."""


class Function:
    """A function process that waits for events. `cpu` and `peak_mb` are its own."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.peak_mb = 0.0
        self.cpu = 0.0
        self.invocations = 0
        self._start()

    def forget(self) -> None:
        """Reset the counts after the warm-up, and expire the caches."""
        self.cpu = 0.0
        self.invocations = 0
        self.door.send(FORGET)

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bench.harness.function", self.code, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            env=os.environ | ENVIRONMENT,
            cwd=ROOT,
            stdout=subprocess.DEVNULL,  # the log that goes to CloudWatch on AWS
        )
        theirs.close()
        self.door = Door(ours)

    def invoke(self, event: Mapping[str, Any], aws: NullAws, strike: Strikes = lambda _: Strike.NONE) -> Any:
        """The handler's response to an event, with `aws` as backend. Raises Killed if `strike` kills the process."""
        self.door.send((event, aws.memory.clock()))
        while True:
            kind, *said = self.door.receive()
            if kind == "done":
                answer, spent, peak_kb = said
                self.cpu += spent
                self.invocations += 1
                self.peak_mb = peak_kb / 1024
                return answer
            struck = strike(said[0])
            if struck is not Strike.BEFORE:
                answered = aws.answer(*said)
            if struck is not Strike.NONE:
                self._kill()
                raise Killed
            self.door.send(answered)

    def _kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.door.close()
        self._start()

    def close(self) -> None:
        self.door.close()  # the process notices at its next read or call
        self.process.terminate()
        self.process.wait()


class Functions:
    """The functions that process a message, by name."""

    def __init__(self, *codes: str) -> None:
        self._opened = ExitStack()
        self.all = {code: Function(code) for code in codes}
        for function in self.all.values():
            self._opened.callback(function.close)

    def __enter__(self) -> Functions:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def __getitem__(self, code: str) -> Function:
        return self.all[code]

    def post(self, body: Mapping[str, Any], aws: NullAws, *, key: str) -> str:
        """Post a message through an API Gateway event. Returns its id."""
        event = _submission()
        headers = event["headers"] | {"idempotency-key": key}
        answer = self["internal_api"].invoke({**event, "headers": headers, "body": json.dumps(body)}, aws)
        if answer["statusCode"] != 202:
            raise AssertionError(f"POST returned {answer['statusCode']}: {answer['body']}")
        posted: str = json.loads(answer["body"])["id"]
        return posted

    def work_off(
        self, queue: str, code: str, limit: int, aws: NullAws, strike: Strikes = lambda _: Strike.NONE
    ) -> bool:
        """Pass up to `limit` records of a queue to its function, like the event source; False if there are none."""
        taken = aws.memory.sqs.take(queue, limit, visibility=VISIBILITY)
        if not taken:
            return False
        try:
            answer = self[code].invoke({"Records": [_record(each) for each in taken]}, aws, strike)
        except Killed:
            return True  # the messages become visible again after the timeout
        again = {each["itemIdentifier"] for each in answer["batchItemFailures"]}
        for each in taken:
            if each.id not in again:
                aws.memory.sqs.remove(queue, each.handle)
        return True


@cache
def _submission() -> Mapping[str, Any]:
    """An event of API Gateway for a POST."""
    event: Mapping[str, Any] = json.loads((ROOT / "events" / "submit_message.json").read_text(encoding="utf-8"))
    return event


def _record(taken: Any) -> dict[str, Any]:
    return {
        "messageId": taken.id,
        "receiptHandle": taken.handle,
        "body": taken.body,
        "attributes": {"ApproximateReceiveCount": str(taken.received)},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:bench",
        "awsRegion": "eu-central-1",
    }
