"""Log lines are JSON, and say what was logged as it was logged."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from fanfare.runtime import observability


class Log:
    def __init__(self, logger: Any, stream: io.StringIO) -> None:
        self.logger = logger
        self.stream = stream

    def line(self, message: str, **more: Any) -> dict[str, Any]:
        """The line of a message, as a strict reader reads it."""
        self.stream.truncate(self.stream.seek(0))
        self.logger.info(message, **more)
        found: dict[str, Any] = json.loads(self.stream.getvalue(), parse_constant=_refused)
        return found


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


@pytest.fixture
def log() -> Iterator[Log]:
    package = logging.getLogger("fanfare")
    handlers, level = package.handlers, package.level
    logger: Any = observability.logger()
    before = logger.registered_handler.setStream(stream := io.StringIO())
    yield Log(logger, stream)
    logger.registered_handler.setStream(before)
    package.handlers = handlers
    package.setLevel(level)


@pytest.mark.parametrize("message", ["delivered", "12345", "null", "NaN", "Infinity", '{"a": 1}', "grüße"])
def test_a_message_is_text_whatever_it_reads_as(log: Log, message: str) -> None:
    assert log.line(message)["message"] == message


def test_a_time_is_rfc_3339_in_utc(log: Log) -> None:
    written = log.line("delivered")["timestamp"]
    assert written.endswith("+00:00")
    assert datetime.fromisoformat(written).tzinfo is not None


@pytest.mark.parametrize("value", [2**70, {"a": [1, None]}, {1: "one"}, "\udc00", {"b"}])
def test_what_orjson_does_not_write_is_written_all_the_same(log: Log, value: Any) -> None:
    written = log.line("delivered", value=value)["value"]
    assert written == (str(value) if isinstance(value, set) else json.loads(json.dumps(value)))


def test_lines_are_those_of_powertools() -> None:
    """But for the time at which they are made."""

    def line(formatter: LambdaPowertoolsFormatter, record: logging.LogRecord) -> dict[str, Any]:
        formatter.append_keys(service="fanfare", cold_start=True, correlation_id="1", unset=None)
        found: dict[str, Any] = json.loads(formatter.format(record))
        return found

    options: Any = {"json_deserializer": str, "use_rfc3339": True, "utc": True}
    for more in ({}, {"status": 202, "users": ["ada"], "level": "high", "nothing": None}):
        for error in (None, ValueError("wrong")):
            record = logging.makeLogRecord(
                {"name": "fanfare", "levelname": "INFO", "msg": "%s left", "args": ("ada",), "funcName": "run", **more}
            )
            record.exc_info = (type(error), error, None) if error else None
            assert line(observability.Lines(**options), record) == line(LambdaPowertoolsFormatter(**options), record)
