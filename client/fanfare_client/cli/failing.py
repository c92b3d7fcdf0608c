"""What goes wrong, as people read it: which field, what is wrong with it, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.text import Text

from ..errors import ConfigurationError, FanfareError, Forbidden, Refused, TooManyRequests, Unauthorized, Unreachable
from ..imports import Unreadable
from . import show
from .codes import Exit

CURES = {
    Forbidden: "The caller's AWS principal needs execute-api:Invoke on this API. `aws sts get-caller-identity` says "
    "who that is; --profile or AWS_PROFILE makes it another.",
    Unauthorized: "Is this the internal API's URL? It takes AWS signatures.",
    TooManyRequests: "Wait a little, then do it again.",
}


@contextmanager
def told() -> Iterator[None]:
    """Say what went wrong on stderr, and leave with its exit status."""
    try:
        yield
    except FanfareError as error:
        _tell(error)
        raise typer.Exit(status_of(error)) from None
    except (Unreadable, ValueError) as error:
        _line(f"error: {error}", style="bold red")
        raise typer.Exit(Exit.USAGE) from None
    except KeyboardInterrupt:
        _line("stopped")
        raise typer.Exit(Exit.STOPPED) from None


def status_of(error: FanfareError) -> Exit:
    if isinstance(error, ConfigurationError):
        return Exit.USAGE
    if isinstance(error, (Forbidden, Unauthorized)):
        return Exit.NOT_ALLOWED
    if isinstance(error, Unreachable) or (isinstance(error, Refused) and error.retryable):
        return Exit.AGAIN
    return Exit.REFUSED


def _tell(error: FanfareError) -> None:
    if not isinstance(error, Refused):
        _line(f"error: {error}", style="bold red")
    else:
        _line(f"error: {error.detail} ({error.code})", style="bold red")
        for fault in error.errors:
            _line(f"  {fault.pointer.removesuffix(':') or 'request'}: {fault.detail} ({fault.code})")
        for kind, cure in CURES.items():
            if isinstance(error, kind):
                _line(f"  {cure}")
        if error.retry_after:
            _line(f"  It may work again in {error.retry_after:.0f} s.")
        if error.request_id:
            _line(f"  request {error.request_id}", style="dim")
    key = getattr(error, "idempotency_key", None)
    if key and status_of(error) is Exit.AGAIN:
        _line(f"  It may have been accepted: to be safe, repeat it with --idempotency-key {key}")


def _line(text: str, *, style: str = "") -> None:
    show.err.print(Text(show.plain(text), style=style))
