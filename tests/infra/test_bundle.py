from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra import bundle

UNCHECKED = (1).to_bytes(4, "little")  # https://peps.python.org/pep-0552/


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(bundle, "CACHE", tmp_path)
    return tmp_path


# Addresses are checked for their form, never looked up.
WITHOUT_DNS = """
import sys
sys.modules["dns"] = None  # importing it fails
import email_validator, pydantic
checked = email_validator.validate_email("ada@EXAMPLE.com", check_deliverability=False)
asked = pydantic.TypeAdapter(pydantic.EmailStr).validate_python("ada@EXAMPLE.com")
print(checked.normalized, asked)
"""


def test_the_layer_holds_no_dns() -> None:
    locked = bundle.LOCK.read_text()
    assert "\nemail-validator==" in locked
    assert "\ndnspython==" not in locked


def test_addresses_are_checked_without_dns() -> None:
    asked = subprocess.run([sys.executable, "-c", WITHOUT_DNS], capture_output=True, text=True, check=False)  # noqa: S603
    assert asked.stdout == "ada@example.com ada@example.com\n", asked.stderr


def test_our_layer_is_compiled_and_never_looks_at_its_sources_again(cache: Path) -> None:
    compiled = list(bundle.fanfare(bundle.HERE).rglob("fanfare/__pycache__/*.pyc"))
    assert {path.name.split(".")[0] for path in compiled} >= {"__init__", "clock", "json_pointer"}
    assert all(path.read_bytes()[4:8] == UNCHECKED for path in compiled)


def test_bytecode_holds_no_path_of_this_machine(cache: Path) -> None:
    compiled = bundle.fanfare(bundle.HERE).rglob("*.pyc")
    assert not [path for path in compiled if str(cache).encode() in path.read_bytes()]


def built_under(mask: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """A layer and a function, cloned and built under this umask."""
    for folder in ("functions/deliver", "layers/fanfare/python/fanfare"):
        (tmp_path / folder).mkdir(parents=True)
    before = os.umask(mask)
    try:
        (tmp_path / "functions" / "deliver" / "handler.py").write_text("")
        (tmp_path / "layers" / "fanfare" / "python" / "fanfare" / "clock.py").write_text("")
        monkeypatch.setattr(bundle, "CACHE", tmp_path / "cache")
        monkeypatch.setattr(bundle, "FUNCTIONS", tmp_path / "functions")
        monkeypatch.setattr(bundle, "SOURCE", tmp_path / "layers" / "fanfare")
        return [bundle.fanfare(bundle.HERE), bundle.function("deliver")]
    finally:
        os.umask(before)


@pytest.mark.parametrize("mask", [0o077, 0o027, 0o022])
def test_every_file_can_be_read_by_the_user_of_lambda_whatever_the_umask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mask: int
) -> None:
    built = built_under(mask, tmp_path, monkeypatch)
    found = [path for folder in built for path in (folder, *folder.rglob("*"))]
    assert {path.name for path in found} > {"handler.py", "clock.py"}
    assert {oct(path.stat().st_mode & 0o777) for path in found if path.is_file()} == {"0o644"}
    assert {oct(path.stat().st_mode & 0o777) for path in found if path.is_dir()} == {"0o755"}


def test_an_asset_has_one_name_whatever_the_umask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = [built_under(mask, tmp_path / oct(mask), monkeypatch) for mask in (0o077, 0o022)]
    strict, usual = [[bundle.asset_hash(folder) for folder in each] for each in built]
    assert strict == usual
    assert len({*strict}) == 2


def test_an_asset_is_named_by_its_contents_and_not_by_their_modes(tmp_path: Path) -> None:
    (tmp_path / "handler.py").write_text("one")
    named = bundle.asset_hash(tmp_path)
    (tmp_path / "handler.py").chmod(0o600)
    assert bundle.asset_hash(tmp_path) == named
    (tmp_path / "handler.py").write_text("other")
    assert bundle.asset_hash(tmp_path) != named


def test_what_was_uploaded_with_other_modes_is_uploaded_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = bundle.asset_hash(tmp_path)
    monkeypatch.setattr(bundle, "PACKED", 3)
    assert bundle.asset_hash(tmp_path) != named


def test_a_layer_is_built_once_for_the_same_inputs(cache: Path) -> None:
    built: list[Path] = []
    for inputs in ([b"one"], [b"one"], [b"another"]):
        bundle._cached("layer", inputs, built.append)
    assert len(built) == 2


def test_a_build_that_breaks_off_leaves_no_layer(cache: Path) -> None:
    def broken(folder: Path) -> None:
        (folder / "half").touch()
        raise RuntimeError

    with pytest.raises(RuntimeError):
        bundle._cached("layer", [b"one"], broken)
    assert list(cache.iterdir()) == []


def test_only_the_services_we_call_stay_described(tmp_path: Path) -> None:
    for folder in ("botocore/data/sqs", "botocore/data/ec2", "boto3/data/ec2", "bin", "thing/tests"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "botocore" / "data" / "endpoints.json").touch()
    bundle._trim(tmp_path)
    left = sorted(str(path.relative_to(tmp_path)) for path in (tmp_path / "botocore" / "data").iterdir())
    assert left == ["botocore/data/endpoints.json", "botocore/data/sqs"]
    assert not (tmp_path / "bin").exists()
