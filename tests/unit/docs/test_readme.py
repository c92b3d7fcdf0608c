"""The README shows what is measured, and pictures that load fast."""

from __future__ import annotations

import re
from typing import Any

import pytest

from bench import results
from tests.documents import ROOT

README = (ROOT / "README.md").read_text()
PICTURES = re.findall(r"!\[[^\]]+\]\((docs/img/[a-z]+\.(?:webp|png))\)", README)


def row(begins: str) -> str:
    (found,) = [line for line in README.splitlines() if line.startswith(f"| {begins}")]
    return found


def test_the_figures_of_task_queues_are_the_measured_ones() -> None:
    runs: dict[str, Any] = results.latest()["peers"]["runs"]
    said = row("a task for each recipient")
    ours, others = runs["fanfare"], [runs["celery"], runs["post_office"]]
    assert f"killed {ours['kills']['kills']} times" in said
    assert re.findall(r"1/(\d+)", said) == [f"{each['cpu_ratio_to_fanfare']:.0f}" for each in others]
    assert "0 mails lost and 0 sent twice" in said
    assert (ours["kills"]["lost"], ours["kills"]["duplicated"]) == (0, 0)
    assert re.findall(r"there (\d+) and (\d+) twice", said) == [
        tuple(str(each["kills"]["duplicated"]) for each in others)
    ]


def test_the_price_is_that_of_the_page_of_costs() -> None:
    (line,) = [
        each for each in (ROOT / "docs/cost.md").read_text().splitlines() if each.startswith("| email, without a")
    ][:1]
    *_, ours, provider, _ = (cell.strip(" *") for cell in line.split("|"))
    assert f"[${ours} per million mails](docs/cost.md); SES itself costs ${float(provider):.0f}" in README


def test_the_calls_of_a_message_are_the_measured_ones() -> None:
    unlimited = results.latest()["growth"]["sizes"][0]["unlimited"]
    assert f"[{unlimited['aws_calls_per_1000']:.0f} AWS calls](docs/performance.md)" in README


def test_there_are_three_pictures_and_all_are_small() -> None:
    assert len(PICTURES) == 3
    assert [name for name in PICTURES if not 1_000 < (ROOT / name).stat().st_size <= 150_000] == []


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_what_its_name_says(name: str) -> None:
    assert (ROOT / name).read_bytes()[8:12] == b"WEBP"
