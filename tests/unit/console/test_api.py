from __future__ import annotations

from typing import Any

import pytest

from console.api import InternalApi, Refused, Reply


def never(method: str, url: str, body: Any, /, **headers: str) -> Reply:
    raise AssertionError(f"{method} {url} was called")


@pytest.mark.parametrize("name", ["", ".", ".."])
@pytest.mark.parametrize("method", ["get", "post", "put", "delete"])
def test_what_is_called_like_a_step_of_a_path_is_not_found_and_not_called(method: str, name: str) -> None:
    with pytest.raises(Refused) as refused:
        getattr(InternalApi(never), method)("users", name)
    assert refused.value.status == 404
