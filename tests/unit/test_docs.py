"""What people read is right: blocks of code are what they say, links lead somewhere.

Blocks of shell are run by tests/e2e/test_docs.py.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
import shlex
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import botocore.session
import pytest
import typer.main
from botocore.model import OperationModel
from fanfare import schemas
from fanfare.schemas.templates import PutTemplateRequest
from fanfare.templates.grammar import FILTERS, TESTS
from fanfare.templates.renderer import Renderer
from fanfare_client.cli.app import app
from pydantic import BaseModel

from infra.settings import DeploymentSettings
from tests.documents import CHANNELS, DOCS, ROOT, Block, anchors, blocks, edits_of_the_tutorial, links

RUN = {"sh", "python", "json"}
SHOWN = {"mermaid", "text"}  # pictures, and what a program said
OF_THEIR_OWN = {"docs/client.md": "tests/client/test_docs.py"}  # Python that is run by another test
# What cannot be run here, each with its reason beside it: real AWS, a clone from the network, minutes of work.
NOT_RUN = {
    "README.md": 1,
    "docs/cli.md": 6,
    "docs/client.md": 1,
    "docs/console.md": 1,
    "docs/deploy.md": 10,
    "docs/events/README.md": 1,
    "docs/operations.md": 17,
    "docs/tutorial.md": 2,
}
DECISIONS = ROOT / "docs" / "decisions"
ALL = [block for file in DOCS for block in blocks(file)]
SHELL = [block for block in ALL if block.language == "sh"]
HAVING_PYTHON = sorted({block.file for block in ALL if block.language == "python"} - OF_THEIR_OWN.keys())


def ids(block: Block) -> str:
    return str(block)


def test_what_is_not_run_is_counted_and_says_why() -> None:
    skipped = [block for block in ALL if block.mark == "not run"]
    assert Counter(block.file for block in skipped) == NOT_RUN
    assert not [block for block in skipped if not block.said]


@pytest.mark.parametrize("block", ALL, ids=ids)
def test_a_block_is_in_a_language_that_is_run_or_drawn(block: Block) -> None:
    assert block.language in RUN | SHOWN


@pytest.mark.parametrize("file", HAVING_PYTHON)
def test_python_in_a_document_runs(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for block in blocks(file):
        if block.language == "python":
            run(block, monkeypatch)


def schema(name: str) -> type[BaseModel]:
    """A model of the API by its name, in whichever module of `fanfare.schemas` it is."""
    modules = [
        importlib.import_module(f"fanfare.schemas.{each.name}") for each in pkgutil.iter_modules(schemas.__path__)
    ]
    (found,) = {getattr(module, name) for module in modules if hasattr(module, name)}
    return cast("type[BaseModel]", found)


@pytest.mark.parametrize("block", [block for block in ALL if block.language == "json"], ids=ids)
def test_json_in_a_document_is_what_the_api_takes_or_answers(block: Block) -> None:
    read = json.loads(block.source)
    if block.mark in ("answer", "not run"):
        return  # an answer is compared by tests/e2e/test_docs.py
    assert block.mark == "model", "say what it is: <!-- model: Name --> or <!-- answer -->"
    model = DeploymentSettings if block.said == "Settings" else schema(block.said)
    model.model_validate_json(block.source)
    if model is PutTemplateRequest:
        Renderer().check(read)


@pytest.mark.parametrize("block", SHELL, ids=ids)
def test_what_is_made_by_make_is_a_target(block: Block) -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z][a-z0-9-]*)", block.source)) <= targets


@pytest.mark.parametrize("block", [block for block in SHELL if "aws " in block.source], ids=ids)
def test_a_command_of_the_aws_cli_is_an_operation_with_its_options(block: Block) -> None:
    for service, command, options in aws_commands(block.source):
        operation = operation_of(service, command)
        assert operation.input_shape is not None
        known = {dashed(name) for name in operation.input_shape.members}
        required = {dashed(name) for name in operation.input_shape.required_members}
        given = {option.removeprefix("no-") for option in options} - {"query", "output", "region"}
        assert given <= known, (command, given - known)
        assert required <= given, (command, required - given)


@pytest.mark.parametrize("block", [block for block in SHELL if "fanfare " in block.source], ids=ids)
def test_a_command_of_fanfare_is_one_with_its_options(block: Block) -> None:
    for line in block.source.replace("\\\n", " ").splitlines():
        if line.startswith("fanfare "):
            assert unknown(shlex.split(line, comments=True)[1:]) == []


def test_the_checker_of_commands_of_fanfare_knows_a_wrong_one() -> None:
    assert unknown(["topics", "lst"]) == ["lst"]
    assert unknown(["topics", "list", "--jsn"]) == ["--jsn"]


@pytest.mark.parametrize("block", SHELL, ids=ids)
def test_shell_in_a_document_parses(block: Block) -> None:
    checked = subprocess.run(["bash", "-n"], input=block.source, text=True, capture_output=True, check=False)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("file", DOCS)
def test_a_link_leads_somewhere(file: str) -> None:
    assert [target for target in links(file) if not _there(file, target)] == []


def test_a_broken_link_would_be_found() -> None:
    assert not _there("README.md", "docs/nowhere.md")
    assert not _there("README.md", "docs/channels.md#no-such-heading")
    assert _there("README.md", "docs/channels.md#to-add-one")


def test_the_map_names_every_page() -> None:
    mapped = {target for target in links("docs/README.md") if target.endswith(".md")}
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert mapped >= pages


def test_the_index_of_decisions_names_every_one_in_order() -> None:
    pages = sorted(path.name for path in DECISIONS.glob("[0-9]*.md"))
    assert [target for target in links("docs/decisions/README.md") if target[0].isdigit()] == pages
    assert [name[:4] for name in pages] == [f"{number:04}" for number in range(1, len(pages) + 1)]


@pytest.mark.parametrize("path", sorted(DECISIONS.glob("[0-9]*.md")), ids=lambda path: path.stem)
def test_a_decision_has_status_context_decision_and_consequences(path: Path) -> None:
    text = path.read_text()
    assert re.search(r"^(Accepted|Superseded by \[.+\]\(.+\)), \d{4}-\d{2}-\d{2}\.$", text, re.MULTILINE)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
    assert len(text.split()) <= 250


def test_the_second_place_of_a_channel_is_shown_as_it_is() -> None:
    there = (ROOT / CHANNELS).read_text().splitlines()
    assert [there.count(old) for old, _ in edits_of_the_tutorial()] == [1, 1]


def test_the_readme_is_no_book() -> None:
    assert 500 <= len(re.sub(r"```.*?```", "", DOCS["README.md"].read_text(), flags=re.DOTALL).split()) <= 700


def run(block: Block, monkeypatch: pytest.MonkeyPatch) -> None:
    """As somebody who pastes this block alone, after making the files before it."""
    module = ModuleType(block.said if block.mark == "module" else "__main__")
    if block.mark == "module":
        monkeypatch.setitem(sys.modules, block.said, module)
    source = "\n" * block.line + block.source  # so that a traceback has the line
    exec(compile(source, block.file, "exec", dont_inherit=True), vars(module))  # noqa: S102 - our own text


def _there(file: str, target: str) -> bool:
    name, _, anchor = target.partition("#")
    path = (ROOT / file).parent / name if name else ROOT / file
    if not path.exists():
        return False
    return not anchor or anchor in anchors(str(path.resolve().relative_to(ROOT)))


def unknown(words: list[str]) -> list[str]:
    """The words of a command line that `fanfare` does not know: a command, or the options."""
    command: Any = typer.main.get_command(app)
    known = {option for parameter in command.params for option in parameter.opts + parameter.secondary_opts}
    given = []
    for word in words:
        if word.startswith("--"):
            given.append(word.partition("=")[0])
        elif hasattr(command, "commands") and word in command.commands:
            command = command.commands[word]
            known |= {option for parameter in command.params for option in parameter.opts + parameter.secondary_opts}
        elif hasattr(command, "commands") and not given:
            return [word]
    return [option for option in given if option not in known]


def aws_commands(source: str) -> Iterator[tuple[str, str, set[str]]]:
    """Service, command and the names of the options of each `aws` in a block."""
    for line in source.replace("\\\n", " ").splitlines():
        for found in re.finditer(r"\baws ([a-z0-9]+) ([a-z0-9-]+)([^|;)]*)", line):
            service, command, rest = found.groups()
            yield service, command, set(re.findall(r"--([a-z][a-z0-9-]*)", rest))


def operation_of(service: str, command: str) -> OperationModel:
    model = botocore.session.get_session().get_service_model(service)
    (name,) = [name for name in model.operation_names if dashed(name) == command]
    return model.operation_model(name)


def dashed(name: str) -> str:
    """As the CLI has it."""
    return botocore.xform_name(name, "-")


def test_the_checker_of_commands_knows_a_wrong_option() -> None:
    ((service, command, options),) = aws_commands("aws sesv2 put-account-pricing-attributes --plann NONE")
    members = operation_of(service, command).input_shape.members  # type: ignore[union-attr]
    assert not options <= {dashed(name) for name in members}


def test_the_filters_and_tests_of_templates_are_all_told() -> None:
    text = " ".join(DOCS["docs/templates.md"].read_text().split())
    for title, names in (("Filters:", FILTERS), ("Tests, after `is`:", TESTS)):
        told = text.partition(title)[2].partition(".")[0]
        assert set(re.findall(r"`(\w+)`", told)) == names


def test_no_document_is_left_out() -> None:
    assert {"README.md", "docs/channels.md"} <= DOCS.keys()
    assert all(isinstance(path, Path) for path in DOCS.values())
