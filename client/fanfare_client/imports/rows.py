"""A row in the form that all formats share, and the reason if it is not imported."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self

Address = Literal["email", "phone", "webhook", "push"]
CHANNEL_OF: dict[str, str] = {"email": "email", "phone": "sms", "webhook": "webhook", "push": "push"}


class LeftOut(Exception):
    """A row that is not imported: `rejected` is invalid and can be fixed, `skipped` is valid but not needed."""

    def __init__(self, code: str, detail: str, *, column: str = "", skipped: bool = False) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.column = column
        self.outcome = "skipped" if skipped else "rejected"


@dataclass(frozen=True)
class Row:
    """The data of one row. `refuses` are opted-out addresses, as (channel, address)."""

    user_id: str
    profile: Mapping[str, Any] = field(default_factory=dict)
    addresses: Mapping[str, Any] = field(default_factory=dict)
    refuses: Sequence[Sequence[str]] = ()
    at: str = ""  # the newer row wins
    whole: bool = False  # contains the whole user: a later row replaces it
    skip: Sequence[str] | None = None  # code and detail: only the opt-outs of this row are imported
    left_out: Sequence[str] = ()  # names of attributes that are not imported

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        return cls(**json.loads(text))
