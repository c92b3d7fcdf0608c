"""An address is checked when it is written, and not again at each delivery."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from fanfare.aws.dynamodb import DynamoTable
from fanfare.channels import CHANNELS
from fanfare.channels.base import AddressRefused
from fanfare.domain.audience import User
from fanfare.store.audience import Audience

from testing.memory_aws.aws import Memory

EMAIL, SMS = CHANNELS["email"], CHANNELS["sms"]


@pytest.fixture
def audience() -> Audience:
    dynamodb: Any = Memory(lambda: datetime(2027, 1, 1, tzinfo=UTC)).dynamodb
    return Audience(DynamoTable(dynamodb, "audience"))


def stored(audience: Audience, user_id: str) -> User:
    found = audience.users.get(user_id)
    assert found is not None
    return found


def test_what_was_found_good_is_kept_beside_the_profile(audience: Audience) -> None:
    audience.users.put("ada", {"email": "Ada@BÜCHER.example", "phone": "+43 664 1234567"})
    ada = stored(audience, "ada")
    assert ada.checked == {"Ada@BÜCHER.example": "Ada@xn--bcher-kva.example", "+43 664 1234567": "+436641234567"}
    assert (ada.address(EMAIL), ada.address(SMS)) == ("Ada@xn--bcher-kva.example", "+436641234567")


def test_it_is_not_checked_again(audience: Audience, monkeypatch: pytest.MonkeyPatch) -> None:
    audience.users.put("ada", {"email": "ada@example.com"})
    ada = stored(audience, "ada")
    monkeypatch.setattr(EMAIL, "address", lambda _: pytest.fail("checked again"))
    assert ada.address(EMAIL) == "ada@example.com"


@pytest.mark.parametrize("after", [{}, {"email": "no address"}, {"email": "ada@example.org"}])
def test_another_profile_has_other_addresses(audience: Audience, after: dict[str, str]) -> None:
    audience.users.put("ada", {"email": "ada@example.com", "phone": "+436641234567"})
    audience.users.put("ada", after)
    assert stored(audience, "ada").checked == {each: each for each in after.values() if "@" in each}


def test_what_was_not_found_good_is_refused_with_its_reason(audience: Audience) -> None:
    audience.users.put("ada", {"email": "no address"})
    with pytest.raises(AddressRefused, match="invalid_address"):
        stored(audience, "ada").address(EMAIL)
    with pytest.raises(AddressRefused, match="no_address"):
        stored(audience, "ada").address(SMS)


def test_an_address_that_was_changed_past_us_is_checked() -> None:
    """An old import, or a hand in the table."""
    spoilt = User(id="ada", profile={"email": "no address"}, checked={"ada@example.com": "ada@example.com"})
    with pytest.raises(AddressRefused, match="invalid_address"):
        spoilt.address(EMAIL)


def test_a_profile_that_nothing_was_kept_beside_is_checked_when_it_is_read() -> None:
    assert User(id="ada", profile={"email": "ada@example.com"}).address(EMAIL) == "ada@example.com"
