"""A chart of stacked bars as data for an SVG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from .figures import KINDS, Bucket

WIDTH: Final = 1_000
HEIGHT: Final = 200
GAP: Final = 0.2  # of a bar's room


def top_of(buckets: Sequence[Bucket]) -> int:
    """The upper end of the axis: 1, 2 or 5 times a power of ten."""
    most = max((each.figures.height for each in buckets), default=0)
    size = 1
    while True:
        for step in (1, 2, 5):
            if most <= step * size:
                return step * size
        size *= 10


def bars(buckets: Sequence[Bucket]) -> Iterator[tuple[str, float, float, float, float]]:
    """Kind, x, y, width and height of each rectangle."""
    top, room = top_of(buckets), WIDTH / max(1, len(buckets))
    for place, bucket in enumerate(buckets):
        base = float(HEIGHT)
        for kind in KINDS:
            height = getattr(bucket.figures, kind) * HEIGHT / top
            if height:
                base -= height
                yield (
                    kind,
                    round((place + GAP / 2) * room, 1),
                    round(base, 2),
                    round(room * (1 - GAP), 1),
                    round(height, 2),
                )
