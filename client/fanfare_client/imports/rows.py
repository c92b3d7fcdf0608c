"""A row as all formats give it, and why one is left out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self

Address = Literal["email", "phone", "webhook", "push"]
CHANNEL_OF: dict[str, str] = {"email": "email", "phone": "sms", "webhook": "webhook", "push": "push"}


class LeftOut(Exception):
    """A row that is not imported: `rejected` is wrong and can be mended, `skipped` is right and has no place."""

    def __init__(self, code: str, detail: str, *, column: str = "", skipped: bool = False) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.column = column
        self.outcome = "skipped" if skipped else "rejected"


@dataclass(frozen=True)
class Row:
    """What one row says of a user. `refuses` are addresses that must not be written to, as (channel, address)."""

    user_id: str
    profile: Mapping[str, Any] = field(default_factory=dict)
    addresses: Mapping[str, Any] = field(default_factory=dict)
    refuses: Sequence[Sequence[str]] = ()
    at: str = ""  # the newer row wins
    whole: bool = False  # says all of the user: another one replaces it
    skip: Sequence[str] | None = None  # code and detail: nothing of it but its refusals is taken
    left_out: Sequence[str] = ()  # names of what has no place here

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        return cls(**json.loads(text))
