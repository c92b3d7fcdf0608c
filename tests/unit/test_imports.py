"""What a function may bring with it: every module is paid for at each cold start."""

from __future__ import annotations

import functools

import pytest

from bench.imports import FUNCTIONS, Imported, imported

HEAVY = ("jsonschema", "phonenumbers", "standardwebhooks", "aws_xray_sdk", "dns")
APIS = ("pydantic", "aws_lambda_powertools.event_handler", "fanfare.models", "fanfare.http", "fanfare.openapi")
# Counted on Python 3.11 with some 5 % of room; versions of Python differ by a few.
MODULES = {
    "internal_api": 690,
    "public_api": 690,
    "fan_out": 575,
    "deliver": 540,
    "reconcile": 500,
    "record_receipt": 540,
}
WITHOUT = {
    "internal_api": HEAVY,
    "public_api": HEAVY,
    "fan_out": (*HEAVY, *APIS),
    **dict.fromkeys(("deliver", "reconcile", "record_receipt"), (*HEAVY, *APIS, "asyncio")),
}


@functools.cache
def of(function: str) -> Imported:
    return imported(function)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_brings_no_more_modules_than_it_may(function: str) -> None:
    assert len(of(function).modules) <= MODULES[function]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_leaves_at_home_what_it_seldom_needs(function: str) -> None:
    assert of(function).brings("fanfare.wiring")
    assert [each for each in WITHOUT[function] if of(function).brings(each)] == []
