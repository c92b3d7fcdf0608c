"""The house's limits, with what is above them today. An entry goes once it is not needed; none is added."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pytest

from tests.unit import house

# Fewer with each release: what is listed may not grow, and a line that is no longer needed fails a test.
LIMITS: Final[Mapping[str, tuple[int, Mapping[str, int]]]] = {
    "files_of_folders": (
        12,
        {
            "bench": 15,
            "infra/constructs": 15,
            "local": 28,
        },
    ),
    "lines_of_files": (
        350,
        {
            "client/fanfare_client/types.py": 437,
            "layers/fanfare/python/fanfare/channels/email.py": 359,
            "layers/fanfare/python/fanfare/pipeline/deliver.py": 483,
            "layers/fanfare/python/fanfare/templates/renderer.py": 537,
            "testing/memory_aws/aws.py": 585,
        },
    ),
    "lines_of_functions": (
        40,
        {
            "console/app.py:make": 42,
            "console/messages.py:pages": 69,
            "console/suppressions.py:pages": 49,
            "infra/constructs/accounts.py:Accounts.__init__": 55,
            "infra/constructs/function.py:Function.__init__": 55,
            "infra/constructs/worker.py:Worker.__init__": 54,
            "infra/service.py:Service.__init__": 113,
            "layers/fanfare/python/fanfare/pipeline/deliver.py:Deliver._deliver": 46,
            "layers/fanfare/python/fanfare/pipeline/deliver.py:Deliver._envelopes": 43,
            "local/ses_events.py:after": 46,
            "local/stack.py:Stack._start": 46,
            "testing/call_counting/sitecustomize.py:listen": 41,
        },
    ),
    "complexities": (
        12,
        {
            "console/messages.py:pages": 14,
            "infra/settings.py:_fits_together": 13,
            "layers/fanfare/python/fanfare/templates/renderer.py:_admit": 13,
        },
    ),
    "methods_of_classes": (
        15,
        {
            "layers/fanfare/python/fanfare/pipeline/deliver.py:Deliver": 25,
            "layers/fanfare/python/fanfare/pipeline/reconcile.py:Reconcile": 21,
            "testing/memory_aws/aws.py:DynamoDB": 29,
            "testing/memory_aws/aws.py:Sqs": 16,
        },
    ),
    "parameters_of_functions": (
        8,
        {
            "client/fanfare_client/cli/messages.py:_body": 12,
            "client/fanfare_client/cli/messages.py:dry_run": 14,
            "client/fanfare_client/cli/messages.py:send": 16,
            "client/fanfare_client/cli/topics.py:put": 12,
            "infra/constructs/function.py:Function.__init__": 10,
            "infra/constructs/worker.py:Worker.__init__": 12,
            "layers/fanfare/python/fanfare/pipeline/deliver.py:Deliver.__init__": 10,
            "layers/fanfare/python/fanfare/pipeline/fan_out.py:FanOut.__init__": 10,
        },
    ),
}
NAMED_TWICE: Final[frozenset[str]] = frozenset(["_Reader"])


def measured(measure: str) -> dict[str, int]:
    """The largest of each name."""
    found: dict[str, int] = {}
    for where, size in getattr(house, measure)():
        found[where] = max(size, found.get(where, 0))
    return found


@pytest.mark.parametrize("measure", LIMITS)
def test_nothing_is_above_its_limit_but_what_is_listed(measure: str) -> None:
    limit, allowed = LIMITS[measure]
    assert {w: size for w, size in measured(measure).items() if size > allowed.get(w, limit)} == {}


@pytest.mark.parametrize("measure", LIMITS)
def test_the_list_has_only_what_is_above_the_limit_and_as_it_is(measure: str) -> None:
    limit, allowed = LIMITS[measure]
    found = measured(measure)
    shrunk = {where: found.get(where, 0) for where, size in allowed.items() if found.get(where, 0) < size}
    assert shrunk == {}, "smaller by now: lower or remove these entries"
    assert all(size > limit for size in allowed.values())


def test_no_two_classes_of_the_package_have_one_name() -> None:
    assert {name for name, count in house.names_of_classes().items() if count > 1} == NAMED_TWICE
