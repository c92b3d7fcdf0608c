"""The client that commands use, and shared options and arguments.

Options that belong together are a dataclass, which `spread` takes apart: Typer itself needs a parameter for each.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from .. import Fanfare, endpoint
from .failing import errors_on_stderr


@dataclass(frozen=True)
class Where:
    url: str | None = None
    stack: Path | None = None
    region: str | None = None
    profile: str | None = None

    def endpoint(self) -> endpoint.Endpoint:
        """The API that the options select. Raises ConfigurationError."""
        return endpoint.find(url=self.url, region=self.region, profile=self.profile, stack=self.stack)


@contextmanager
def calling(context: typer.Context) -> Iterator[Fanfare]:
    """A client for the API that the options select. Errors are printed and end the command."""
    where: Where = context.find_root().obj
    with (
        errors_on_stderr(),
        Fanfare.from_environment(where.url, region=where.region, profile=where.profile, stack=where.stack) as fanfare,
    ):
        yield fanfare


Json = Annotated[bool, typer.Option("--json", help="Print JSON; lists as one object per line.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask for confirmation.")]
MessageId = Annotated[str, typer.Argument(help="ID of the message.", metavar="MESSAGE")]
TopicId = Annotated[str, typer.Argument(help="ID of the topic.", metavar="TOPIC")]
TemplateId = Annotated[str, typer.Argument(help="ID of the template.", metavar="TEMPLATE")]
UserId = Annotated[str, typer.Argument(help="ID of the user.", metavar="USER")]


def spread(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the fields of its dataclass parameters in place of them, each an option."""
    hints = get_type_hints(command, include_extras=True)
    grouped = {name: kind for name, kind in hints.items() if inspect.isclass(kind) and is_dataclass(kind)}
    parameters: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(command).parameters.items():
        if name in grouped:
            parameters += _options(grouped[name])
        else:
            parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[name]))

    @wraps(command)
    def run(**values: Any) -> None:
        for name, kind in grouped.items():
            values[name] = kind(**{field.name: values.pop(field.name) for field in fields(kind)})
        command(**values)

    signed: Any = run
    signed.__signature__ = inspect.Signature(parameters)
    signed.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def _options(kind: type) -> list[inspect.Parameter]:
    hints = get_type_hints(kind, include_extras=True)
    return [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if field.default is MISSING else field.default,
            annotation=hints[field.name],
        )
        for field in fields(kind)
    ]
