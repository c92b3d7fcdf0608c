"""What a function may bring with it: every module is paid for at each cold start."""

from __future__ import annotations

import functools
import shutil
import sys

import pytest

from bench.imports import FUNCTIONS, Imported, imported, instructions

# What only those need who check an address or write to people themselves
FOR_APIS = ("email_validator", "fanfare.self_service.verification_mail", "fanfare.self_service.pages")
HEAVY = ("boto3", "s3transfer", "jsonschema", "phonenumbers", "standardwebhooks", "aws_xray_sdk", "dns")
APIS = ("pydantic", "aws_lambda_powertools.event_handler", "fanfare.schemas", "fanfare.api.app", "fanfare.api.openapi")
# No worker needs more of its event than plain dictionaries, or runs a loop of events.
EVENTS = ("asyncio", "aws_lambda_powertools.utilities.batch", "aws_lambda_powertools.utilities.data_classes")
# With some 4 % of room, for a version of Python that nothing was counted on.
MODULES = {
    "internal_api": 776,
    "public_api": 735,
    "fan_out": 489,
    "deliver": 533,
    "reconcile": 451,
    "record_receipt": 447,
}
# Counted on 2026-11-29 on each version of Python, without any room: modules of others, the standard library's among
# them, and our own.
OTHERS = {
    (3, 11): {
        "internal_api": 523,
        "public_api": 522,
        "fan_out": 358,
        "deliver": 360,
        "reconcile": 328,
        "record_receipt": 328,
    },
    (3, 12): {
        "internal_api": 526,
        "public_api": 525,
        "fan_out": 361,
        "deliver": 363,
        "reconcile": 331,
        "record_receipt": 331,
    },
    (3, 13): {
        "internal_api": 524,
        "public_api": 523,
        "fan_out": 359,
        "deliver": 361,
        "reconcile": 329,
        "record_receipt": 329,
    },
}
OURS = {
    "internal_api": 226,
    "public_api": 191,
    "fan_out": 120,
    "deliver": 156,
    "reconcile": 114,
    "record_receipt": 105,
}
WITHOUT = {
    "internal_api": HEAVY,
    "public_api": HEAVY,
    **dict.fromkeys(("fan_out", "deliver", "reconcile", "record_receipt"), (*HEAVY, *APIS, *FOR_APIS, *EVENTS)),
}
# In millions, by callgrind, each with an eighth of room: what a version of Python takes, with its bytecode there. Of a
# worker and of an API: the others bring nothing that is not in these.
INSTRUCTIONS = {
    (3, 11): {"deliver": 1_230, "internal_api": 2_310},
    (3, 12): {"deliver": 1_370, "internal_api": 2_620},
    (3, 13): {"deliver": 1_320, "internal_api": 2_540},
}
THIS_PYTHON = sys.version_info[:2]


@functools.cache
def of(function: str) -> Imported:
    return imported(function)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_brings_no_more_modules_than_it_may(function: str) -> None:
    assert len(of(function).modules) <= MODULES[function]


@pytest.mark.skipif(THIS_PYTHON not in OTHERS, reason="nothing has been counted on this version of Python")
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_brings_no_more_modules_than_when_they_were_last_counted(function: str) -> None:
    ours = {name for name in of(function).modules if name.partition(".")[0] in ("fanfare", "functions")}
    assert len(of(function).modules - ours) <= OTHERS[THIS_PYTHON][function]
    assert len(ours) <= OURS[function]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_leaves_at_home_what_it_seldom_needs(function: str) -> None:
    assert of(function).brings("fanfare.runtime.settings")
    assert [each for each in WITHOUT[function] if of(function).brings(each)] == []


@pytest.mark.long
@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind, which counts instructions, is not installed")
@pytest.mark.skipif(THIS_PYTHON not in INSTRUCTIONS, reason="nothing has been counted on this version of Python")
@pytest.mark.parametrize("function", ["deliver", "internal_api"])
def test_an_import_takes_no_more_instructions_than_it_may(function: str) -> None:
    took = instructions(function)
    assert took is not None
    assert took / 1e6 <= INSTRUCTIONS[THIS_PYTHON][function]
