"""What callers can cost: the table in SECURITY.md is that of the limits and prices."""

from __future__ import annotations

from decimal import Decimal

import pytest

from infra.settings import DeploymentSettings
from tools.security.exposure import PAGE, deliveries, exposures, page


def costs(**settings: object) -> dict[str, Decimal]:
    return {each.caller: each.dollars for each in exposures(DeploymentSettings.model_validate(settings))}


def test_the_table_is_in_security_md_as_it_is_calculated() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert page(text) == text, "run: python -m tools.security.exposure"
    assert "| anybody | 8,284,600 requests, 18,020 sign-ups with a mail each | $" in text


def test_anybody_costs_the_requests_and_a_mail_for_each_sign_up() -> None:
    # 23 open routes (those of links are two each) at 100/s, and sign-ups at 5/s, for an hour, with their bursts;
    # the mails are $2.88 of it
    requests, sign_ups = 23 * 360_200, 18_020
    mails = sign_ups * 0.00016
    calls = (requests + sign_ups) * (1.00 + 0.20) / 1e6
    time = (requests * 0.05 + sign_ups * 0.5) * 13.3334 / 1e6
    units = requests * 4 * 0.125 / 1e6 + sign_ups * 4 * 0.625 / 1e6
    assert float(costs()["anybody"]) == pytest.approx(mails + calls + time + units)
    assert mails == pytest.approx(2.8832)


def test_a_reader_costs_no_more_than_the_codes_of_the_hour() -> None:
    dearer = costs(codes_per_hour=200)["reader with an account"] - costs(codes_per_hour=100)["reader with an account"]
    assert dearer == Decimal("5.00")  # a hundred texts at the example's price


def test_half_of_the_workers_send_half() -> None:
    whole, half = (
        deliveries("email", DeploymentSettings.model_validate({"max_concurrency": number})) for number in (10, 5)
    )
    assert whole == pytest.approx(2 * half, abs=2)
    assert costs(max_concurrency=4)["service, by e-mails"] < costs()["service, by e-mails"]


def test_a_limit_that_is_lowered_lowers_what_anybody_costs() -> None:
    assert costs(requests_per_second=10)["anybody"] < costs()["anybody"]
    assert costs(sign_ups_per_second=1)["anybody"] < costs()["anybody"]


def test_the_holder_of_a_link_has_the_routes_of_links_alone() -> None:
    changes = 3 * 2 * 360_200  # unsubscribe, confirmations, preferences; each has two routes
    each = (1.00 + 0.20 + 0.05 * 13.3334 + 4 * 0.125 + 6 * 0.625) / 1e6
    assert float(costs()["holder of a link"]) == pytest.approx(changes * each)
