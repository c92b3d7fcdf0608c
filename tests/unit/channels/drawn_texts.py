"""3,000 drawn texts around the edges of parts, the same on every machine and version of Python."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

COUNT: Final = 3_000
BASIC: Final = "abc XYZ019@£$¥èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ!#¤%&'()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà_\n"
EXTENDED: Final = "^{}\\[~]|€"
BEYOND: Final = "çłőŻжЖдאبक中文あ\u2019“\u2013…\u00a0"
PAIRS: Final = "🎉🚚😀𝒜𠮷"
# Alphabets by turns: plain, with some of two septets, with many, beyond, with some pairs, pairs mostly, all
MIXES: Final = (
    BASIC,
    BASIC * 3 + EXTENDED,
    BASIC + EXTENDED * 8,
    BASIC + BEYOND,
    BASIC + BEYOND * 2 + PAIRS,
    BEYOND + PAIRS * 6,
    BASIC + EXTENDED + BEYOND + PAIRS,
)
EDGES: Final = (
    *(1, 66, 67, 69, 70, 71, 133, 134, 135, 152, 153, 159, 160, 161, 200, 201),
    *(305, 306, 307, 458, 459, 460, 700, 1_500),
)


def texts() -> Iterator[str]:
    """The texts, in order."""
    state = 20_261_128
    for number in range(COUNT):
        alphabet = MIXES[number % len(MIXES)]
        letters = []
        state = _next(state)
        for _ in range(EDGES[(state >> 16) % len(EDGES)] - number % 3 + 1):
            state = _next(state)
            letters.append(alphabet[(state >> 16) % len(alphabet)])
        yield "".join(letters)


def _next(state: int) -> int:
    """A linear congruential generator: nothing of the standard library's, which may change."""
    return (state * 6_364_136_223_846_793_005 + 1_442_695_040_888_963_407) % 2**64
