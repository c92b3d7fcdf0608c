"""What is drawn: cases by the document, some of them on things that are there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import schemathesis
from hypothesis import strategies as st

DOCS: Final = Path(__file__).parents[2] / "docs" / "openapi"
EXAMPLES: Final = int(os.environ.get("FANFARE_EXAMPLES", "200"))
# It takes half a second on purpose, whatever it is asked, so that nobody can tell by the time who is known.
SLOW: Final = {"request_subscription": 50}

KNOWN: dict[str, list[Any]] = {}  # by parameter, what is there
# Would be gone for all that come after: they have one of their own to delete.
DELETING: Final = {"delete_topic", "delete_user", "delete_template"}


def schema(name: str, examples: int = EXAMPLES, *, derived: bool = True) -> Any:
    """An API, as its document has it. `derived`: with the cases that the document itself suggests."""
    config = schemathesis.Config.from_dict(
        {
            "generation": {
                "max-examples": examples,
                "with-security-parameters": False,  # who calls is not drawn
                "deterministic": True,
                "database": "none",
            },
            "phases": {
                "coverage": {"enabled": derived, "unexpected-methods": []},
                "examples": {"enabled": derived},
            },  # 405 has tests of its own
            "operations": [
                {"include-operation-id": operation, "generation": {"max-examples": min(examples, n)}}
                for operation, n in SLOW.items()
            ],
        }
    )
    loaded = schemathesis.openapi.from_path(DOCS / f"{name}.yaml", config=config)
    loaded.hook(before_generate_path_parameters)
    loaded.hook(filter_path_parameters)
    loaded.hook(before_generate_body)
    return loaded


def before_generate_path_parameters(context: Any, strategy: Any) -> Any:
    """In three cases of four, ids of what is there."""
    operation = context.operation.definition.raw["operationId"]
    return st.tuples(strategy, st.integers(0, 3), st.integers(0, 11)).map(
        lambda drawn: _known(drawn[0], operation, drawn[2]) if drawn[1] else drawn[0]
    )


def filter_path_parameters(_: Any, path_parameters: Any) -> bool:
    """Without line ends: the emulator's own routes and policies do not match them, so no code of ours would be asked.

    The tests of the functions send them.
    """
    return not isinstance(path_parameters, dict) or not any("\n" in _read(each) for each in path_parameters.values())


def before_generate_body(context: Any, strategy: Any) -> Any:
    """In half of the cases, a body that names what is there."""
    return st.tuples(strategy, st.booleans(), st.integers(0, 11)).map(
        lambda drawn: _naming(drawn[0], drawn[2]) if drawn[1] else drawn[0]
    )


def _read(value: Any) -> str:
    return unquote(str(value))


def _known(parameters: Any, operation: str, n: int) -> Any:
    if not isinstance(parameters, dict):
        return parameters
    if operation in DELETING:
        return dict.fromkeys(parameters, "doomed")
    return {name: _one(name, n) if name in KNOWN else value for name, value in parameters.items()}


def _naming(body: Any, n: int) -> Any:
    if not isinstance(body, dict):
        return body
    named = dict(body)
    for field, kind in (("topic", "topic_id"), ("template", "templates"), ("data", "data")):
        if field in named and KNOWN:
            named[field] = _one(kind, n)
    if "recipients" in named and KNOWN:
        named["recipients"] = KNOWN["user_id"]
    if isinstance(named.get("items"), list) and KNOWN:
        named["items"] = [
            {**item, **({"user_id": _one("user_id", n)} if "user_id" in item else {})}
            if isinstance(item, dict)
            else item
            for item in named["items"]
        ]
    return named


def _one(name: str, n: int) -> Any:
    return KNOWN[name][n % len(KNOWN[name])]
