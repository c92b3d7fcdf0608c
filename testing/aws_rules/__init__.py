"""What AWS refuses in a request, found without AWS: the models of botocore, and documented rules that they do not have.

The clients of the functions do not validate their requests, and the emulators take most of what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, Final

from botocore.model import OperationModel, Shape
from botocore.validate import ParamValidator

from testing.aws_rules.dynamodb import dynamodb
from testing.aws_rules.messaging import events, ses, sns, sqs

Violations = Iterator[str]


def violations(model: OperationModel, request: Mapping[str, Any]) -> list[str]:
    """What is wrong with a request."""
    shape = model.input_shape
    if shape is None:
        return []
    report = ParamValidator().validate(request, shape)
    if report.has_errors():
        return [report.generate_report()]
    rule = RULES.get(model.service_model.service_name, _none)
    return [*_of_shape(shape, request, ""), *rule(model.name, request)]


def _of_shape(shape: Shape, value: Any, at: str) -> Violations:
    """Patterns, enumerations and maxima, which botocore's validator leaves to AWS."""
    kind: Any = shape
    if shape.type_name == "structure":
        for name, each in value.items():
            yield from _of_shape(kind.members[name], each, f"{at}.{name}")
    elif shape.type_name in {"list", "map"}:
        for each in value if shape.type_name == "list" else value.values():
            yield from _of_shape(kind.member if shape.type_name == "list" else kind.value, each, f"{at}[]")
    elif shape.type_name == "string":
        yield from _of_text(kind, value, at)
    most = shape.metadata.get("max")
    if most is not None and (value if isinstance(value, int | float) else len(value)) > most:
        yield f"{at}: above {most}"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """A pattern of a model. Some use classes of Unicode that Python does not know: these match anything."""
    return re.compile("" if r"\p{" in pattern else pattern)


def _of_text(shape: Any, value: str, at: str) -> Violations:
    if shape.enum and value not in shape.enum:
        yield f"{at}: {value!r} is not one of {shape.enum}"
    pattern = shape.metadata.get("pattern")
    if pattern and not _compiled(pattern).search(value):
        yield f"{at}: {value!r} does not match {pattern}"


def _none(_: str, __: Mapping[str, Any]) -> Violations:
    return iter(())


RULES: Final[Mapping[str, Callable[[str, Mapping[str, Any]], Violations]]] = {
    "dynamodb": dynamodb,
    "sqs": sqs,
    "sesv2": ses,
    "events": events,
    "sns": sns,
}
