"""What a function may bring with it: every module is paid for at each cold start."""

from __future__ import annotations

import functools
import shutil
import sys

import pytest

from bench.imports import FUNCTIONS, Imported, imported, instructions

# What only those need who check an address or write to people themselves
FOR_APIS = ("email_validator", "fanfare.self_service.verification_mail", "fanfare.self_service.pages")
HEAVY = ("jsonschema", "phonenumbers", "standardwebhooks", "aws_xray_sdk", "dns")
APIS = ("pydantic", "aws_lambda_powertools.event_handler", "fanfare.schemas", "fanfare.api.app", "fanfare.api.openapi")
# Counted on Python 3.11 with some 5 % of room; versions of Python differ by a few.
MODULES = {
    "internal_api": 712,
    "public_api": 708,
    "fan_out": 575,
    "deliver": 540,
    "reconcile": 500,
    "record_receipt": 540,
}
# Counted on Python 3.11 at 2026-11-28, without any room: modules of others, the standard library's among them, and
# our own.
OTHERS = {
    "internal_api": 592,
    "public_api": 592,
    "fan_out": 490,
    "deliver": 454,
    "reconcile": 416,
    "record_receipt": 454,
}
OURS = {
    "internal_api": 116,
    "public_api": 112,
    "fan_out": 80,
    "deliver": 80,
    "reconcile": 80,
    "record_receipt": 80,
}
WITHOUT = {
    "internal_api": HEAVY,
    "public_api": HEAVY,
    "fan_out": (*HEAVY, *APIS, *FOR_APIS),
    **dict.fromkeys(("deliver", "reconcile", "record_receipt"), (*HEAVY, *APIS, *FOR_APIS, "asyncio")),
}
# In millions, by callgrind on Python 3.11, with a seventh of room for other versions. Of a worker and of an API: the
# others bring nothing that is not in these.
INSTRUCTIONS = {"deliver": 1_700, "internal_api": 3_000}


@functools.cache
def of(function: str) -> Imported:
    return imported(function)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_brings_no_more_modules_than_it_may(function: str) -> None:
    assert len(of(function).modules) <= MODULES[function]


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="other versions of Python bring other modules")
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_brings_no_more_modules_than_when_they_were_last_counted(function: str) -> None:
    ours = {name for name in of(function).modules if name.partition(".")[0] in ("fanfare", "functions")}
    assert len(of(function).modules - ours) <= OTHERS[function]
    assert len(ours) <= OURS[function]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_leaves_at_home_what_it_seldom_needs(function: str) -> None:
    assert of(function).brings("fanfare.runtime.wiring")
    assert [each for each in WITHOUT[function] if of(function).brings(each)] == []


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind, which counts instructions, is not installed")
@pytest.mark.parametrize("function", INSTRUCTIONS)
def test_an_import_takes_no_more_instructions_than_it_may(function: str) -> None:
    of(function)  # what Python compiles at a first import is there
    took = instructions(function)
    assert took is not None
    assert took / 1e6 <= INSTRUCTIONS[function]
