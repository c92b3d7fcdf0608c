"""Errors as text: which field, what is wrong, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.text import Text

from ..errors import ConfigurationError, FanfareError, Forbidden, Refused, TooManyRequests, Unauthorized, Unreachable
from ..imports import Unreadable
from . import show
from .codes import Exit

REMEDIES = {
    Forbidden: "Your AWS principal needs execute-api:Invoke on this API. Run `aws sts get-caller-identity` to see the "
    "principal; use --profile or AWS_PROFILE to change it.",
    Unauthorized: "Check that the URL is the internal API's. Only that API accepts AWS signatures.",
    TooManyRequests: "Wait a moment and try again.",
}


@contextmanager
def errors_on_stderr() -> Iterator[None]:
    """Print errors to stderr and exit with their status."""
    try:
        yield
    except FanfareError as error:
        _print(error)
        raise typer.Exit(status_of(error)) from None
    except (Unreadable, ValueError) as error:
        _line(f"error: {error}", style="bold red")
        raise typer.Exit(Exit.USAGE) from None
    except KeyboardInterrupt:
        _line("interrupted")
        raise typer.Exit(Exit.STOPPED) from None


def status_of(error: FanfareError) -> Exit:
    if isinstance(error, ConfigurationError):
        return Exit.USAGE
    if isinstance(error, (Forbidden, Unauthorized)):
        return Exit.NOT_ALLOWED
    if isinstance(error, Unreachable) or (isinstance(error, Refused) and error.retryable):
        return Exit.AGAIN
    return Exit.REFUSED


def _print(error: FanfareError) -> None:
    if not isinstance(error, Refused):
        _line(f"error: {error}", style="bold red")
    else:
        _line(f"error: {error.detail.removesuffix('.')} ({error.code})", style="bold red")
        for fault in error.errors:
            _line(f"  {fault.pointer.removesuffix(':') or 'request'}: {fault.detail.removesuffix('.')} ({fault.code})")
        for kind, remedy in REMEDIES.items():
            if isinstance(error, kind):
                _line(f"  {remedy}")
        if error.retry_after:
            _line(f"  Retry after {error.retry_after:.0f} s.")
        if error.request_id:
            _line(f"  request id: {error.request_id}", style="dim")
    key = getattr(error, "idempotency_key", None)
    if key and status_of(error) is Exit.AGAIN:
        _line(f"  The message may have been accepted. To avoid a duplicate, repeat with --idempotency-key {key}")


def _line(text: str, *, style: str = "") -> None:
    show.err.print(Text(show.plain(text), style=style))
