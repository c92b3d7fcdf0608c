"""The systems that users come from: a converter each, from rows or objects to records."""

from __future__ import annotations

from typing import Final

from .base import Source
from .pinpoint import ENDPOINTS

ALL: Final[tuple[Source, ...]] = (ENDPOINTS,)
