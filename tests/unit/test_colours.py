"""Contrast of colours. Figures are those of WCAG's own examples and of https://webaim.org/resources/contrastchecker/."""

from __future__ import annotations

import pytest
from fanfare.colours import contrast, readable, text_on


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#ffffff", "#ffffff", 1.0),
        ("#777777", "#ffffff", 4.48),
        ("#767676", "#ffffff", 4.54),
        ("#0000FF", "#ffffff", 8.59),
        ("#ff0000", "#ffffff", 4.0),
        ("#ffff00", "#ffffff", 1.07),
    ],
)
def test_contrast_is_that_of_wcag(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == pytest.approx(ratio, abs=0.01)
    assert contrast(other, one) == contrast(one, other)


@pytest.mark.parametrize(
    ("ground", "text"), [("#ffd400", "#000000"), ("#0b57a4", "#ffffff"), ("#777777", "#000000"), ("#767676", "#000000")]
)
def test_text_on_a_colour_is_white_or_black(ground: str, text: str) -> None:
    assert text_on(ground) == text


def test_text_is_readable_on_every_colour() -> None:
    greys = [f"#{value:02x}{value:02x}{value:02x}" for value in range(256)]
    others = [
        f"#{red:02x}{green:02x}{blue:02x}" for red in (0, 128, 255) for green in (0, 90, 255) for blue in (0, 200)
    ]
    assert min(contrast(text_on(each), each) for each in (*greys, *others)) >= 4.5


def test_a_readable_colour_stays() -> None:
    assert readable("#0b57a4", on="#ffffff") == "#0b57a4"


@pytest.mark.parametrize("colour", ["#ffd400", "#ffffff", "#8ec5ff", "#00ff00", "#767676", "#000000", "#0b57a4"])
@pytest.mark.parametrize("ground", ["#ffffff", "#1e2327", "#f4f3ef", "#14171a"])
def test_a_colour_is_changed_until_it_is_readable(colour: str, ground: str) -> None:
    assert contrast(readable(colour, on=ground), ground) >= 4.5


def test_a_colour_that_is_changed_keeps_its_hue() -> None:
    red, green, blue = bytes.fromhex(readable("#ffd400", on="#ffffff")[1:])
    assert (blue, round(green / red, 2)) == (0, 0.83)  # as 0xd4 to 0xff
