"""Codes that operators meet have words."""

from __future__ import annotations

import ast
from pathlib import Path

import fanfare
import pytest
from fanfare.channels import CHANNELS
from fanfare.channels.receipts import Receipt
from fanfare.domain.eligibility import RULES

from console import words

FOLDER = Path(fanfare.__file__).parent / "channels"


def told_by(path: Path) -> set[str]:
    """The reasons that a channel gives: the second word of each `SendResult` and `Refused` in it."""
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    named = [
        node for node in calls if isinstance(node.func, ast.Name) and node.func.id in {"SendResult", "AddressRefused"}
    ]
    values = [argument.value for node in named for argument in node.args if isinstance(argument, ast.Constant)]
    return {value for value in values if isinstance(value, str)}


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_every_reason_of_a_channel_has_words(path: Path) -> None:
    assert told_by(path) <= words.REASONS.keys()


def test_reasons_are_found_at_all() -> None:
    assert {"message_rejected", "no_address"} <= told_by(FOLDER / "email.py")


def test_every_channel_receipt_and_rule_has_words() -> None:
    assert words.CHANNELS.keys() >= CHANNELS.keys()
    assert words.RECEIPTS.keys() == {receipt.value for receipt in Receipt}
    assert words.RULES.keys() >= {name for name, _ in RULES}
