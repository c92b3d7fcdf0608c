"""Templates in folders: pulled, pushed and compared without a difference; starters are written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fanfare_client import folders, starters
from fanfare_client.cli.codes import Exit

from local.demo import job

from .deployment import Deployment
from .shell import Shell

STARTERS = [
    "layout",
    "incident-notice",
    "invitation",
    "order-confirmation",
    "receipt",
    "sign-in-code",
    "weekly-summary",
]
ODD: dict[str, Any] = {
    "channels": {
        "email": {"subject": "A\n", "html": "<p>one</p>\r\n<p>two</p>\n\n", "text": "\n"},
        "sms": {"text": "  {{ data.a }}  "},
    },
    "locales": {"pt-BR": {"email": {"subject": "São"}}},
    "partials": {"a.b": "no markup", "c:d": "<b>markup</b>"},
    "schema": {"type": "object"},
    "example": {"a": "ü"},
}


@pytest.fixture
def deployment(fanfare: Shell) -> Deployment:
    found = fanfare.handler = Deployment()
    return found


def test_what_is_written_reads_the_same(tmp_path: Path) -> None:
    folders.write(ODD, tmp_path)
    read = folders.read(tmp_path)
    assert read == {
        **ODD,
        "channels": {
            "email": {"subject": "A\n", "html": "<p>one</p>\n<p>two</p>\n\n", "text": "\n"},
            "sms": {"text": "  {{ data.a }}  "},
        },
    }
    assert folders.write(ODD, tmp_path) == []


def test_a_pull_replaces_the_files_of_the_template_and_nothing_else(fanfare: Shell, deployment: Deployment) -> None:
    deployment.client().templates.put("odd", **ODD)
    folder = fanfare.folder / "odd"
    for name in (
        "email/html.jinja",
        "push/title.txt",
        "locales/de/sms/text.txt",
        "src/app.py",
        "README.md",
        "email/.x",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("old")
    assert fanfare("templates", "pull", "odd", "odd").stdout.splitlines()[0] == "odd@1"
    left = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
    assert left == {
        "email/subject.txt",
        "email/html.jinja",
        "email/text.txt",
        "email/.x",
        "sms/text.txt",
        "locales/pt-BR/email/subject.txt",
        "partials/a.b.txt",
        "partials/c:d.html",
        "schema.json",
        "example.json",
        "src/app.py",
        "README.md",
    }
    assert (folder / "src/app.py").read_text() == (folder / "README.md").read_text() == "old"
    assert json.loads(fanfare("templates", "pull", "odd", "odd", "--json").stdout) == {
        "id": "odd",
        "version": 1,
        "changed": [],
    }


def test_a_pulled_template_does_not_differ(fanfare: Shell, deployment: Deployment) -> None:
    odd = {**ODD, "partials": None}
    deployment.client().templates.put("odd", **odd)
    fanfare("templates", "pull", "odd", "here")
    assert fanfare("templates", "diff", "odd", "here").stdout == "no differences\n"
    assert fanfare("templates", "push", "odd", "here").stdout == "odd@2\n"
    (fanfare.folder / "here/sms/text.txt").write_text("changed\n")
    fanfare("templates", "pull", "odd", "here", "--version", "1")
    assert (fanfare.folder / "here/sms/text.txt").read_text() == "  {{ data.a }}  \n"


def test_the_template_of_the_demo_is_a_folder_of_the_same_format(fanfare: Shell, deployment: Deployment) -> None:
    assert fanfare("templates", "push", str(job.FILES)).stdout == "order-shipped@1\n"
    assert fanfare("templates", "diff", "order-shipped", str(job.FILES)).stdout == "no differences\n"
    assert fanfare("templates", "pull", str(fanfare.folder / "all")).stdout.startswith("order-shipped@1\n")
    assert folders.read(fanfare.folder / "all" / "order-shipped") == folders.read(job.FILES)


def test_starters_are_written_pushed_and_pushed_again_only_if_they_differ(
    fanfare: Shell, deployment: Deployment
) -> None:
    written = fanfare("templates", "init", "mails")
    assert written.stdout.splitlines()[:-1] == [f"mails/{name}" for name in STARTERS]
    assert fanfare("templates", "push", "mails").stdout == "".join(f"{name}@1\n" for name in STARTERS)
    assert fanfare("templates", "push", "mails").stdout == "".join(f"{name}@1 unchanged\n" for name in STARTERS)
    assert fanfare("templates", "diff", "mails").stdout == "no differences\n"

    (fanfare.folder / "mails/layout/email/text.txt").write_text("{{ content }}\nBye\n")
    changed = json.loads(fanfare("templates", "diff", "mails", "--json").stdout)
    assert [(each["part"], each["after"]) for each in changed] == [("layout/channels/email/text", "{{ content }}\nBye")]
    # a changed layout applies from each template's next version
    assert fanfare("templates", "push", "mails").stdout == "".join(f"{name}@2\n" for name in STARTERS)


def test_one_starter_comes_with_its_layout_and_replaces_nothing(fanfare: Shell) -> None:
    assert json.loads(fanfare("templates", "init", "--starter", "receipt", "--json").stdout) == [
        "templates/layout",
        "templates/receipt",
    ]
    again = fanfare("templates", "init", "--starter", "receipt")
    assert (again.exit_code, again.stderr) == (
        Exit.USAGE,
        "error: templates/layout exists already. Choose another folder, or remove it.\n",
    )
    assert "There is no starter bill" in fanfare("templates", "init", "x", "--starter", "bill").stderr
    assert not (fanfare.folder / "x").exists()
    assert starters.names() == STARTERS


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("push", "nowhere"), "nowhere is no folder. Pass the ID of a template and its folder, or a folder of"),
        (("push", "."), ". is no template and contains none. Each needs a file, e.g. email/subject.txt."),
        (("push", "t", "twice"), "twice/email has two files for 'text': text.html and text.txt. Remove one."),
        (("pull", "all", "--version", "2"), "--version is for one template: pass its ID and a folder."),
    ],
    ids=["no folder", "no template", "two files", "version of all"],
)
def test_what_is_wrong_is_said(fanfare: Shell, deployment: Deployment, words: tuple[str, ...], said: str) -> None:
    (fanfare.folder / "twice/email").mkdir(parents=True)
    for name in ("text.txt", "text.html"):
        (fanfare.folder / "twice/email" / name).write_text("x")
    if words == ("push", "."):
        (fanfare.folder / "twice/email").rename(fanfare.folder / "empty")
    found = fanfare("templates", *words)
    assert found.exit_code == Exit.USAGE
    assert said in found.stderr


def test_a_name_that_leads_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    hostile = {"channels": {"sms": {"text": "x"}}, "partials": {"../out": "x"}}
    with pytest.raises(ValueError, match=r"'\.\./out' can't be the name of a file\."):
        folders.write(hostile, tmp_path / "in")
    assert not (tmp_path / "out.txt").exists()
