"""What the workflows run is what was looked at: every action is named by its commit, every tool has a hash."""

from __future__ import annotations

import re

import yaml

from tests.documents import ROOT

WORKFLOWS = [*sorted((ROOT / ".github/workflows").glob("*.yml")), ROOT / "deploy" / "github-workflow.yml"]


def test_every_action_is_pinned_by_its_commit_and_names_its_version() -> None:
    used = [line.strip() for file in WORKFLOWS for line in file.read_text().splitlines() if "uses:" in line]
    assert len(used) >= 9
    pinned = re.compile(r"(- )?uses: [\w-]+/[\w-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+")
    assert [line for line in used if not pinned.fullmatch(line)] == []


def test_the_example_asks_for_approval_between_the_diff_and_the_deployment() -> None:
    example = yaml.safe_load((ROOT / "deploy" / "github-workflow.yml").read_text())
    jobs = example["jobs"]
    commands = {name: [step["run"].split()[1] for step in job["steps"] if "run" in step] for name, job in jobs.items()}
    # -p: a new token of GitHub, which expires after five minutes
    assert commands == {
        "diff": ["synth", "-p", "preflight", "-p", "diff"],
        "deploy": ["synth", "-p", "deploy", "-p", "smoke"],
    }
    assert example["defaults"]["run"]["shell"] == "bash"  # pipefail: a diff that fails is not one without changes
    assert jobs["deploy"]["needs"] == "diff"
    assert jobs["deploy"]["environment"]
    (deploys,) = (step["run"] for step in jobs["deploy"]["steps"] if "make deploy" in step.get("run", ""))
    assert deploys.endswith("APPROVED=1")  # there is no terminal


def test_uv_is_installed_by_its_hash() -> None:
    makefile = (ROOT / "Makefile").read_text()
    installs = [line for line in makefile.splitlines() if "pip install" in line and "uv.txt" in line]
    assert installs
    assert all("--require-hashes" in line for line in installs)
