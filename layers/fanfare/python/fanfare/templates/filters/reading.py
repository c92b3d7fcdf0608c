"""The reader of a part that is rendered."""

from __future__ import annotations

from typing import Final, NamedTuple

FALLBACK: Final = "en"


class Reading(NamedTuple):  # a key of caches: the hash of a tuple takes no Python code
    """The reader's language, that of the part if it is a translation, the deployment's, and the reader's time zone."""

    locale: str = ""
    part: str = ""
    default: str = FALLBACK
    time_zone: str = "UTC"

    def for_part(self, language: str) -> Reading:
        return self if language == self.part else self._replace(part=language)
