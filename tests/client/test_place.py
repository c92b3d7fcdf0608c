"""Where the client finds Fanfare, and what it says where it can't."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fanfare_client import ConfigurationError, Fanfare
from fanfare_client.place import find

URL = "https://abc123.execute-api.eu-central-1.amazonaws.com/"


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("FANFARE_URL", "FANFARE_STACK", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-the-environment")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    file = tmp_path / ".local" / "stack.json"
    file.parent.mkdir()
    key = {"access_key_id": "AKIDLOCAL", "secret_access_key": "secret-of-the-stack"}
    file.write_text(json.dumps({"internal_url": "http://127.0.0.1:1/api", "region": "eu-west-1", "service": key}))
    return file


def test_the_stack_is_found_from_any_folder_below_it(
    stack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")
    found = find()
    assert (found.url, found.region) == ("http://127.0.0.1:1/api", "eu-west-1")
    assert found.credentials.get_frozen_credentials().access_key == "AKIDLOCAL"


def test_what_is_given_counts_more_than_the_environment_and_that_more_than_a_stack(
    stack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FANFARE_URL", "https://from-env.example.com")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    assert find().url == "https://from-env.example.com"
    assert find(url=URL).url == URL.rstrip("/")
    assert find(stack=stack).url == "http://127.0.0.1:1/api"


def test_the_region_is_that_of_the_url() -> None:
    assert find(url=URL).region == "eu-central-1"
    assert find(url=URL, region="us-east-1").region == "us-east-1"


def test_a_profile_is_a_profile_of_aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "credentials"
    file.write_text("[ops]\naws_access_key_id = AKIDOPS\naws_secret_access_key = s\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    assert find(url=URL, profile="ops").credentials.get_frozen_credentials().access_key == "AKIDOPS"


@pytest.mark.parametrize(
    ("url", "cure"),
    [
        ("example.com", "https://"),
        ("http://example.com", "unencrypted"),
        ("https://user:pw@example.com", "no user"),
        ("https://example.com?x=1", "no query"),
        ("https://own-domain.example.com", "AWS_REGION"),
    ],
)
def test_a_url_that_will_not_do_is_refused_with_the_cure(url: str, cure: str) -> None:
    with pytest.raises(ConfigurationError, match=cure):
        find(url=url)


def test_a_missing_place_a_missing_key_and_a_missing_profile_are_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match="make run"):
        find()
    with pytest.raises(ConfigurationError, match="nobody"):
        find(url=URL, profile="nobody")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(ConfigurationError, match="aws sso login"):
        find(url=URL)


def test_a_stack_that_is_gone_or_spoilt_is_told(tmp_path: Path, stack: Path) -> None:
    with pytest.raises(ConfigurationError, match="is `make run` running"):
        find(stack=tmp_path / "elsewhere.json")
    stack.write_text("{}")
    with pytest.raises(ConfigurationError, match="start it again"):
        find()


def test_secrets_are_in_nothing_that_is_printed() -> None:
    found = find(url=URL)
    with Fanfare.from_environment(URL) as fanfare:
        assert "secret-of" not in repr(found) + repr(fanfare) + repr(vars(fanfare))
