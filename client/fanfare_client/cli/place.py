"""Commands about where you are: the API, your AWS principal, the console."""

from __future__ import annotations

import os
import re
from typing import Annotated, Final
from urllib.parse import urlsplit

import typer

from ..errors import ConfigurationError
from . import show
from .browser import open_page
from .context import Json, Where, calling
from .failing import errors_on_stderr

MESSAGE_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
NO_CONSOLE: Final = (
    "No console is known. For a deployed stage, run `make console STAGE=…` in a clone of the repository, and set "
    "FANFARE_CONSOLE_URL to the URL that it prints. Locally, `make run` starts one."
)


def whoami(context: typer.Context, json: Json = False) -> None:
    """Show the API, and the AWS principal that calls it."""
    with calling(context) as fanfare:
        at = _where(context).endpoint()
        found = {"url": at.url, "region": at.region, "principal": at.principal()}
        found["api_version"] = str(fanfare.openapi()["info"]["version"])
        show.one(found, json, lambda each: show.table(["", ""], each.items()))


def open_console(
    context: typer.Context,
    page: Annotated[
        str, typer.Argument(help="ID of a message, or a page, e.g. users/ada or outbox.", metavar="PAGE")
    ] = "",
) -> None:
    """Open the console in the browser, and print the URL."""
    with errors_on_stderr():
        base = os.environ.get("FANFARE_CONSOLE_URL") or _where(context).endpoint().console
        if not base:
            raise ConfigurationError(NO_CONSOLE)
        path = f"/messages/{page}" if MESSAGE_ID.fullmatch(page) else f"/{page.removeprefix('/')}"
        url = urlsplit(base)._replace(path=path).geturl()
        show.say(url)
        open_page(url)


def _where(context: typer.Context) -> Where:
    where: Where = context.find_root().obj
    return where
