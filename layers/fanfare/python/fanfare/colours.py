"""Contrast of colours, as WCAG 2 defines it.

https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio. A colour is written as `#rrggbb`.
"""

from __future__ import annotations

from typing import Final

TEXT_CONTRAST: Final = 4.5  # of text and its ground, at least: WCAG, success criterion 1.4.3
BLACK: Final = "#000000"
WHITE: Final = "#ffffff"
STEPS: Final = 64  # from a colour to black or white


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, from 1 (the same) to 21 (black and white)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def text_on(ground: str) -> str:
    """The colour of text on a ground of this colour: white or black, whichever has more contrast."""
    return max((WHITE, BLACK), key=lambda each: contrast(each, ground))


def readable(colour: str, *, on: str) -> str:
    """The colour as text on the ground `on`: itself, or made darker or lighter until it has enough contrast."""
    towards = text_on(on)
    for step in range(STEPS + 1):
        mixed = _mixed(colour, towards, step / STEPS)
        if contrast(mixed, on) >= TEXT_CONTRAST:
            return mixed
    return towards


def _mixed(colour: str, other: str, part: float) -> str:
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{round(one + (two - one) * part):02x}" for one, two in pairs)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(each / 255) for each in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def _channels(colour: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue
