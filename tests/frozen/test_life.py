"""What a run of all handlers leaves in tables and queues, publishes and counts. One module, so that it is run once."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.frozen.codes import CODES, without_figures
from tests.frozen.faults import played
from tests.frozen.life import Life
from tests.frozen.shapes import Shapes, lines
from tests.frozen.snapshot import compare
from tests.frozen.story import lived

EVENTS = Path(__file__).parents[2] / "docs" / "events"


@pytest.fixture(scope="module")
def life() -> Life:
    return lived()


@pytest.fixture(scope="module")
def faults() -> tuple[Shapes, set[str]]:
    return played()


def test_items_have_the_keys_attributes_and_types_that_are_stored_already(life: Life) -> None:
    compare("items.txt", lines(life.seen.items.kinds()))


def test_items_written_under_faults_do_too(faults: tuple[Shapes, set[str]]) -> None:
    compare("items-under-faults.txt", lines(faults[0].kinds()))


def test_bodies_in_queues_can_be_read_by_the_functions_before_and_after_a_deployment(life: Life) -> None:
    compare("queues.txt", lines(life.seen.bodies.kinds()))


def test_events_have_the_source_type_and_fields_that_services_listen_for(life: Life) -> None:
    compare("events.txt", lines(life.seen.published.kinds()))


def test_each_published_event_is_as_its_schema_says(life: Life) -> None:
    schemas: Mapping[str, Any] = {
        told["title"]: told for path in EVENTS.glob("*.json") for told in [json.loads(path.read_text())]
    }
    told = {
        "message moved",
        "deliveries recorded",
        "receipts recorded",
        "subscription changed",
        "suppression changed",
    }
    assert {kind for kind, _ in life.seen.details} == told
    # takes days of failures: tests/unit/aws/test_event_bus.py
    assert schemas.keys() - told == {"endpoint switched off"}
    for kind, detail in life.seen.details:
        Draft202012Validator(schemas[kind]).validate(detail)


def test_metrics_have_the_names_units_and_dimensions_that_alarms_and_dashboards_ask_for(life: Life) -> None:
    compare("metrics.txt", sorted(life.seen.metrics))


def test_each_metric_is_a_listed_one(life: Life) -> None:
    assert {each.split()[1] for each in life.seen.metrics} - {*CODES["metrics"]} == set()


def test_each_reason_in_the_tables_is_a_listed_one(life: Life, faults: tuple[Shapes, set[str]]) -> None:
    found = {without_figures(each) for each in life.seen.reasons | faults[1]}
    assert found - {*CODES["reasons"]} == set()
    assert len(found) >= 15  # the run is one that meets many


def test_what_follows_from_ids_and_signing_keys_stays_as_it_was_handed_out(life: Life) -> None:
    """Links in mails, secrets of webhooks, shards of users: all of them are out there already."""
    mail = next(each for each in life.ses.outbox if each.tags["user_id"] == "YWRh")
    webhook = life.my_webhook
    rows = [f"{pk} {sk}" for table, pk, sk in life.seen.keys if table == "audience" and pk.startswith("topic#many#")]
    hashed = [pk for _, pk, _ in life.seen.keys if re.match("idempotency#|attempts#", pk)]
    first = {pk.rpartition("#")[0]: pk for pk in reversed(hashed)}
    compare(
        "derived.txt",
        [
            *(f"tag {name}" for name in mail.tags),
            *(f"{name}: {value}" for name, value in sorted(mail.headers.items())),
            f"preferences: {life.preferences}",
            f"stop: {life.stop}",
            f"webhook: {json.dumps(webhook, sort_keys=True)}",
            *sorted(rows),
            *sorted(first.values()),
        ],
    )
