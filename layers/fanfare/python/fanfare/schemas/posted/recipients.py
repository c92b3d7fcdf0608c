"""The recipients of a message, in the API."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Field, Tag

from fanfare.schemas.errors import ONE_OF
from fanfare.schemas.scalars import Email, Locale, NoControls, Phone, Request, TimeZone, UserId


class UserRecipient(Request):
    """A stored user, with data of their own."""

    form: ClassVar[Literal["user"]] = "user"
    user: UserId = Field(description="The user's id.")
    data: dict[str, Any] | None = Field(None, description="Laid over the message's `data`, top-level name by name.")


class RecipientAddress(Request):
    """Where somebody without a stored user is reached: `email`, `phone` or both."""

    email: Email | None = Field(None, description="The e-mail address.")
    phone: Phone | None = Field(None, description="The phone number in E.164 format.")


class AddressRecipient(Request):
    """Somebody without a stored user, with data of their own."""

    form: ClassVar[Literal["address"]] = "address"
    address: RecipientAddress = Field(description="Where they are reached.")
    name: Annotated[str, Field(min_length=1, max_length=200), NoControls] | None = Field(
        None, description="The name used in the message."
    )
    locale: Locale | None = Field(None, description="The language.")
    time_zone: TimeZone | None = Field(None, description="The IANA time zone. Default: the deployment's.")
    data: dict[str, Any] | None = Field(None, description="Laid over the message's `data`, top-level name by name.")

    def person(self) -> dict[str, Any]:
        """The profile of the person."""
        known = self.model_dump(mode="json", exclude_none=True, exclude={"data", "address"})
        return known | self.address.model_dump(mode="json", exclude_none=True)


def _form(value: Any) -> str:
    """The form of a recipient; what is no object is read as an id."""
    if isinstance(value, str | int | float | list | None):
        return f"{ONE_OF}id"
    known = value if isinstance(value, dict) else vars(value)
    return f"{ONE_OF}address" if "address" in known and "user" not in known else f"{ONE_OF}user"


Recipient = Annotated[
    Annotated[UserId, Tag(f"{ONE_OF}id")]
    | Annotated[UserRecipient, Tag(f"{ONE_OF}user")]
    | Annotated[AddressRecipient, Tag(f"{ONE_OF}address")],
    Discriminator(_form),
]
