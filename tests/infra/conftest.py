from __future__ import annotations

import pytest

import infra  # noqa: F401 - first of all: it finds Node for the CDK
from tests.infra.synth import Deployment, deployment


@pytest.fixture(scope="session")
def dev() -> Deployment:
    """The defaults: what a deployment without any context gets."""
    return deployment()


@pytest.fixture(scope="session")
def prod() -> Deployment:
    return deployment(stage="prod", sender="Shop <hello@shop.example>", sender_domain="shop.example")


@pytest.fixture(scope="session")
def local() -> Deployment:
    return deployment(stage="local", local="true")


@pytest.fixture(params=["dev", "prod", "local"])
def each(request: pytest.FixtureRequest) -> Deployment:
    """Every kind of stage in turn."""
    found: Deployment = request.getfixturevalue(request.param)
    return found
