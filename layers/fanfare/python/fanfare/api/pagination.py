"""Pages of lists. A cursor is valid for one list only."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, TypeVar

from aws_lambda_powertools.utilities.data_classes.common import BaseProxyEvent

from fanfare.data_classes import dataclass
from fanfare.runtime.signing import cursor_keys
from fanfare.schemas.scalars import View
from fanfare.signing import cursors

V = TypeVar("V", bound=View)


@dataclass(frozen=True)
class ListRequest:
    """A request for a page. `owner`: user id of the list's owner, if all users share the path (`/v1/me/…`)."""

    event: BaseProxyEvent
    owner: str | None = None

    def open(self, cursor: str | None) -> Any:
        """The position in a cursor of this list; None for None. Raises Invalid."""
        return cursors.decode(cursor, keys=cursor_keys, where=self._where())

    def view(self, view: type[V], items: Sequence[Any], position: Any, **further: Any) -> V:
        """The page with the cursor of the next one."""
        return view.model_validate({"items": items, "next_cursor": self.cursor(position), **further})

    def cursor(self, position: Any) -> str | None:
        """The cursor of the page after a position; None for None."""
        return cursors.encode(position, keys=cursor_keys, where=self._where())

    def _where(self) -> str:
        """Identity of the list: path, filters and owner."""
        asked = self.event.query_string_parameters or {}
        filters = sorted((name, value) for name, value in asked.items() if name not in ("limit", "cursor"))
        where = json.dumps([self.event.path, filters])
        return where if self.owner is None else f"{where}\n{self.owner}"
