"""What the smoke test asks of AWS, against APIs that behave as captured, and as the emulator does."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from deploy.confirm import Answer, in_the_account, through_the_apis
from local.api import Reply


class Internal:
    """An internal API behind a gateway that decodes a path `times`."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.left: list[str] = []

    def call(self, method: str, path: str, body: Any = None) -> Reply:
        told = {"content-type": "application/problem+json"}
        address = path.rpartition("/email/")[2]
        for _ in range(self.times):
            address = unquote(address).lower()
        if method == "DELETE":
            self.left.remove(address)
            return Reply(204, told, b"")
        if method == "GET":
            return Reply(404, told, b"{}")
        assert body == {"cause": "manual"}
        self.left.append(address)
        return Reply(201, told, b'{"address": "%s"}' % address.encode())


class Readers:
    url = "https://out.test"

    def press(self, link: str, **form: str) -> Reply:
        assert link.startswith(self.url)
        assert form
        return Reply(404, {}, b"")


def asked(times: int) -> list[Answer]:
    internal, readers = Internal(times), Readers()
    answers = [*through_the_apis(internal, readers, "smoke-1")]  # type: ignore[arg-type]
    assert internal.left == []
    return answers


def test_what_aws_confirms_is_printed_to_paste_into_an_issue() -> None:
    lines = [answer.line for answer in asked(2)]
    assert lines[2] == "AWS confirmed: a signed path can name the address a%b"
    assert all(line.startswith("AWS confirmed: ") for line in lines)
    assert len(lines) == 7


def test_a_gateway_that_decodes_once_is_reported() -> None:
    wrong = [answer.line for answer in asked(1) if answer.instead]
    assert wrong == [
        "AWS did not confirm: a signed path can name the address a%b (stored 'a%25b.smoke-1@simulator.amazonses.com')",
        "AWS did not confirm: a signed path can name the address a?b (stored 'a%3fb.smoke-1@simulator.amazonses.com')",
    ]


class Session:
    def __init__(self, found: list[Any]) -> None:
        self.found = found

    def client(self, _: str) -> Session:
        return self

    def get_metric_statistics(self, **asked: Any) -> Any:
        assert asked["Dimensions"][1] == {"Name": "stage", "Value": "prod"}
        return {"Datapoints": self.found}

    def get_trace_summaries(self, **_: Any) -> Any:
        return {"TraceSummaries": self.found}


def test_metrics_and_traces_are_looked_for() -> None:
    assert [answer.instead for answer in in_the_account(Session([{}]), "prod")] == ["", ""]
    assert [answer.instead for answer in in_the_account(Session([]), "prod")] == ["no `reconciled` yet", "no trace yet"]
