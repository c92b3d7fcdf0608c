"""A channel is one file and one line: the rest of the system follows from them."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from fanfare import channels
from fanfare.channels import CHANNELS

from infra.constructs.naming import pascal
from tests import syntax
from tests.infra.synth import Deployment, name_of
from tools import channels_page

ROOT = Path(__file__).parents[2]
FILES = Path(channels.__file__).parent
INLINE = {"subject", "text", "html"}  # what a message's own content may say
PIGEON = '''
"""The pigeon, which posts to an endpoint in the loft."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from fanfare.channels.base import Channel, Envelope, Grants, InTime, Kind, Opening, Profile, SendResult, always
from fanfare.channels.receipts import ReceiptEvent


class Pigeon(Channel):
    name: ClassVar[str] = "pigeon"
    title: ClassVar[str] = "Pigeon"
    by: ClassVar[str] = "by pigeon"
    summary: ClassVar[str] = "a carrier pigeon"
    batch_size: ClassVar[int] = 3
    parts: ClassVar[Mapping[str, bool]] = {"note": False}
    needs: ClassVar[tuple[tuple[str, ...], ...]] = (("note",),)
    inline: ClassVar[Mapping[str, str]] = {"note": "text"}
    grants: ClassVar[Grants] = {"phone_numbers": ("sns:Publish",)}
    receipt_source: ClassVar[str | None] = "loft"

    @classmethod
    def open(cls, opening: Opening) -> Pigeon:
        return cls()

    @staticmethod
    def read_receipt(event: Mapping[str, Any]) -> ReceiptEvent | None:
        return None

    @staticmethod
    def address(profile: Profile) -> str:
        return "the loft"

    def send(self, envelopes: Sequence[Envelope], *, in_time: InTime = always) -> list[SendResult]:
        return [SendResult(Kind.SENT) for _ in envelopes]
'''
# Runs in the copy, and prints what follows from the two edits.
OBSERVE = """
import json, os
import infra
from fanfare.channels import CHANNELS
from fanfare.insight.cost import of_channel
from fanfare.pipeline.record_receipts import read
from fanfare.runtime.channels import channel
from fanfare.schemas.scalars import ChannelName
from fanfare.self_service.pages import texts
from fanfare.templates.renderer import Renderer
from pydantic import TypeAdapter
from tests.infra.synth import deployment, name_of
from tools import channels_page

os.environ["FANFARE_CHANNEL"] = "pigeon"
made = deployment()
function = made.service.function("deliver-pigeon")
alarms = made.service.of_type("AWS::CloudWatch::Alarm").values()
body = {"channels": {"pigeon": {"note": "{{ data.what }}"}}, "example": {"what": "Hello"}}
Renderer().check(body)
print(json.dumps({
    "fanfare": __import__("fanfare").__path__[0],
    "resources": sorted({name_of({"Ref": id}, made) for id in made.service.body["Resources"]}),
    "grants": sorted(made.statements(function)),
    "alarms": " ".join(json.dumps(alarm) for alarm in alarms),
    "accepted": TypeAdapter(ChannelName).validate_python("pigeon"),
    "rendered": Renderer().render(body, "pigeon", locale=None, data={"what": "Coo"}, user={"id": "ada"}),
    "opened": type(channel()).__name__,
    "receipt": read({"source": "loft"}),
    "title": texts.CHANNELS["pigeon"],
    "priced": of_channel("pigeon", limited=False).write_units > 0,
    "docs": channels_page.page(channels_page.PAGE.read_text()),
}))
"""


@pytest.fixture(scope="module")
def pigeon(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """What a copy of the tree makes of a channel that is one file and one line."""
    copy = tmp_path_factory.mktemp("tree")
    nothing = shutil.ignore_patterns("__pycache__", ".*")
    for kept in ("layers", "infra", "functions", "tools", "stages", "tests/infra"):
        shutil.copytree(ROOT / kept, copy / kept, ignore=nothing)
    (copy / "docs").mkdir()
    for file in ("cdk.json", "docs/channels.md", "tests/__init__.py"):
        shutil.copy(ROOT / file, copy / file)
    folder = copy / "layers" / "fanfare" / "python" / "fanfare" / "channels"
    (folder / "pigeon.py").write_text(PIGEON)
    listed = (folder / "__init__.py").read_text()
    edited = listed.replace("in (Email,", "in (Pigeon, Email,").replace(
        "\n__all__", "from fanfare.channels.pigeon import Pigeon\n\n__all__"
    )
    assert edited.count("Pigeon") == 2
    (folder / "__init__.py").write_text(edited)
    path = os.pathsep.join([str(copy / "layers" / "fanfare" / "python"), str(copy)])
    ran = subprocess.run(  # noqa: S603
        [sys.executable, "-c", OBSERVE],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    observed: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    assert observed["fanfare"].startswith(str(copy))
    return observed


def test_a_channel_of_one_file_and_one_line_has_a_queue_a_function_and_dead_letters(pigeon: Mapping[str, Any]) -> None:
    assert {"PigeonQueue", "PigeonDeadLetters", "PigeonEventSource", "PigeonFunction"} <= {*pigeon["resources"]}


def test_its_worker_may_call_what_its_file_says(pigeon: Mapping[str, Any]) -> None:
    granted = {(action, target) for action, target in pigeon["grants"]}
    assert [target for action, target in granted if action == "sns:Publish"]
    assert ("sqs:ReceiveMessage", "PigeonQueue") in granted
    assert not [action for action, _ in granted if action.startswith("ses:")]


def test_its_queues_raise_alarms(pigeon: Mapping[str, Any]) -> None:
    assert "PigeonDeadLetters" in pigeon["alarms"]
    assert "PigeonFunction" in pigeon["alarms"]


def test_the_api_takes_it_and_its_templates_render(pigeon: Mapping[str, Any]) -> None:
    assert pigeon["accepted"] == "pigeon"
    assert pigeon["rendered"] == {"note": "Coo"}
    assert pigeon["priced"]


def test_its_worker_opens_it_and_its_receipts_are_read(pigeon: Mapping[str, Any]) -> None:
    assert (pigeon["opened"], pigeon["receipt"]) == ("Pigeon", None)


def test_pages_and_docs_name_it(pigeon: Mapping[str, Any]) -> None:
    assert pigeon["title"] == "Pigeon"
    assert "| `pigeon` | a carrier pigeon | 3 | `note` | no |" in pigeon["docs"]


@pytest.mark.parametrize("name", CHANNELS)
def test_a_channel_fills_its_parts_from_a_message_s_own_content(name: str) -> None:
    channel = CHANNELS[name]
    assert channel.parts
    assert channel.inline.keys() <= channel.parts.keys()
    assert {*channel.inline.values()} <= INLINE


@pytest.mark.parametrize("name", CHANNELS)
def test_a_channel_has_its_part_of_the_stack_and_tests_of_its_own(dev: Deployment, name: str) -> None:
    resources = {name_of({"Ref": id}, dev) for id in dev.service.body["Resources"]}
    assert {f"{pascal(name)}{each}" for each in ("Queue", "DeadLetters", "EventSource", "Function")} <= resources
    assert (ROOT / "tests" / "unit" / "channels" / f"test_{name}.py").is_file()


@pytest.mark.parametrize("name", CHANNELS)
def test_a_channel_imports_no_other_channel(name: str) -> None:
    others = {f"fanfare.channels.{other}" for other in CHANNELS if other != name}
    files = [FILES / f"{name}.py", *FILES.glob(f"{name}_*.py")]
    nodes = [node for file in files for node in syntax.nodes(file)]
    imported = {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    assert imported & others == set()


def test_the_table_of_the_channels_is_up_to_date() -> None:
    text = channels_page.PAGE.read_text(encoding="utf-8")
    assert text == channels_page.page(text), "run: python -m tools.channels_page"
