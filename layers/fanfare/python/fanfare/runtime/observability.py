"""Logs, metrics, and the remaining time of a function."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import Any, Final

import orjson
from aws_lambda_powertools import Logger, Metrics, single_metric
from aws_lambda_powertools.logging.formatter import RESERVED_LOG_ATTRS, LambdaPowertoolsFormatter
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from fanfare.json_text import written


class Lines(LambdaPowertoolsFormatter):
    """Powertools' lines. It compares each of a record's thirty names with each of its own.

    What is not used here is not in the lines: keys of one thread alone, and appended keys with the name of a field that
    every line has.
    """

    def _extract_log_keys(self, log_record: logging.LogRecord) -> dict[str, Any]:
        added = {name: value for name, value in vars(log_record).items() if name not in _OF_RECORDS}
        return {
            **self.log_format,
            "level": log_record.levelname,
            "location": f"{log_record.funcName}:{log_record.lineno}",
            "timestamp": self.formatTime(record=log_record),
            **added,
        }


_OF_RECORDS: Final = frozenset(RESERVED_LOG_ATTRS)
# What no line has, no record needs: https://docs.python.org/3/howto/logging.html#optimization
logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


def logger() -> Logger:
    """The logger: JSON lines, also for the loggers of the package."""
    # by default, Powertools reads a message that is JSON as a value
    lines = Lines(json_serializer=_line, json_deserializer=str, use_rfc3339=True, utc=True)
    found = Logger(service="fanfare", logger_formatter=lines)
    logging.getLogger("fanfare").handlers = found.handlers
    logging.getLogger("fanfare").setLevel(logging.INFO)
    return found


def _line(record: Any) -> str:
    """A log record as JSON."""
    return written(record, default=str, option=orjson.OPT_NON_STR_KEYS, half_pairs=True)


def metrics() -> Metrics:
    """Metrics as log lines (EMF), without calls."""
    return Metrics(namespace="Fanfare", service="fanfare")


def count(metrics: Metrics, counts: Mapping[str, int]) -> None:
    """Add counts, with the stage as dimension: an account may have several deployments."""
    metrics.add_dimension(name="stage", value=os.environ["FANFARE_STAGE"])
    for name, number in counts.items():
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=number)


def count_now(name: str, number: int) -> None:
    """Add to a metric in a log line of its own, for functions that seldom count anything."""
    with single_metric(name=name, unit=MetricUnit.Count, value=number, namespace="Fanfare") as metric:
        metric.add_dimension(name="service", value="fanfare")
        metric.add_dimension(name="stage", value=os.environ["FANFARE_STAGE"])


def measure_seconds(metrics: Metrics, name: str, seconds: float) -> None:
    """Add a metric in seconds."""
    metrics.add_metric(name=name, unit=MetricUnit.Seconds, value=seconds)


def time_left(context: LambdaContext) -> float:
    """Seconds until the function is stopped."""
    return context.get_remaining_time_in_millis() / 1000
