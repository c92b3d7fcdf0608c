"""Which API the client calls, and the error if none is configured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fanfare_client import ConfigurationError, Fanfare
from fanfare_client.endpoint import find

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
    ("url", "message"),
    [
        ("example.com", "Invalid URL 'example.com': it must begin with https://"),
        ("http://example.com", "Unencrypted URL: it must begin with https://"),
        ("https://user:pw@example.com", "must not contain credentials"),
        ("https://example.com?x=1", "must not contain credentials, a query"),
        ("https://own-domain.example.com", "Set AWS_REGION or pass --region."),
    ],
)
def test_an_invalid_url_is_an_error_with_the_remedy(url: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        find(url=url)


def test_a_missing_url_profile_or_key_is_an_error_with_the_remedy(
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


def test_a_missing_or_damaged_stack_file_is_an_error_with_the_remedy(tmp_path: Path, stack: Path) -> None:
    with pytest.raises(ConfigurationError, match="Is `make run` running"):
        find(stack=tmp_path / "elsewhere.json")
    stack.write_text("{}")
    with pytest.raises(ConfigurationError, match="does not describe a stack"):
        find()


def test_secrets_are_in_nothing_that_is_printed() -> None:
    found = find(url=URL)
    with Fanfare.from_environment(URL) as fanfare:
        assert "secret-of" not in repr(found) + repr(fanfare) + repr(vars(fanfare))
