"""What reads the same to everybody is rendered once, and nothing that doesn't is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fanfare.errors import TemplateError
from fanfare.templates import compiled
from fanfare.templates.body import sources
from fanfare.templates.filters import budget
from fanfare.templates.renderer import Renderer
from hypothesis import given
from hypothesis import strategies as st

from local.demo import job

BODY = {
    "channels": {"email": {"text": "{% for n in data.all %}{{ n }},{% endfor %} {{ user.name }} {{ data.all[0] }}"}}
}
PIECES = (
    "{{ data.all[0] }}",
    "{{ user.name }}",
    "{% for n in data.all %}{{ n }}{{ user.id }}{% endfor %}",
    "{% if data.all[0] > 1 %}{{ user.name|upper }}{% else %}few{% endif %}",
    "{% for user in data.people %}{{ user.name }}{% endfor %}",
    "{% for n in data.all %}{{ loop.index }}{% endfor %}",
    "<b>",
    "{{ data.sharp }}",
)


def text(name: str, data: dict[str, Any], source: str | None = None) -> str:
    body = BODY if source is None else {"channels": {"email": {"html": source}}}
    user = {"id": f"id-{name}", "name": name, "locale": "en"}
    rendered = Renderer().render(body, "email", locale=None, data=data, user=user)
    return rendered.get("html", rendered.get("text", ""))


class Watched(list[int]):
    """Counts how often it is gone through."""

    times = 0

    def __iter__(self) -> Iterator[int]:
        self.times += 1
        return super().__iter__()


def test_each_reader_of_a_message_reads_what_is_theirs_and_what_is_everybodys() -> None:
    data = {"all": [1, 2]}
    assert [text(name, data) for name in ("Ada", "Grace")] == ["1,2, Ada 1", "1,2, Grace 1"]


def test_data_that_is_equal_and_reads_differently_is_not_taken_for_the_same() -> None:
    assert [text("Ada", {"all": values}) for values in ([1], [True], [1.0])] == [
        "1, Ada 1",
        "true, Ada true",
        "1.0, Ada 1.0",
    ]


def test_what_everybody_reads_is_rendered_once_for_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = []
    monkeypatch.setattr(budget.Budget, "step", lambda _: steps.append(1))
    data = {"all": [1, 2, 3]}
    for name in ("Ada", "Grace", "Zoë"):
        text(name, data)
    assert len(steps) == 3  # three turns of one loop


@given(st.lists(st.sampled_from(PIECES), max_size=8))
def test_a_template_in_stretches_says_what_it_says_as_a_whole(pieces: list[str]) -> None:
    data = {"all": [2, 1], "people": [{"name": "<Bob>"}], "sharp": "<&>"}
    whole = "{% if user.id %}" + "".join(pieces) + "{% endif %}"  # names the reader: one stretch
    for name in ("Ada", "<Eve>"):
        assert text(name, data, "".join(pieces)) == text(name, data, whole)


def test_what_fails_for_everybody_is_tried_once_for_a_message() -> None:
    rows = range(20_001)
    body = {"channels": {"sms": {"text": "{{ user.name }}\n{% for row in data.rows %}.{% endfor %}"}}}
    data = {"rows": Watched(rows)}
    said = set()
    for reader in range(50):
        with pytest.raises(TemplateError) as refused:
            Renderer().render(body, "sms", locale=None, data=data, user={"id": str(reader), "name": "Ada"})
        said.add((refused.value.detail, refused.value.line, refused.value.column))
    assert data["rows"].times == 1
    assert said == {("text: loops take too many steps; the limit is 20,000", 2, 1)}


def test_the_bounds_are_on_the_whole_of_what_a_reader_gets(monkeypatch: pytest.MonkeyPatch) -> None:
    # this is about steps: on a machine that stalls, the limit of time can come first
    monkeypatch.setattr("fanfare.templates.filters.budget.SECONDS_LIMIT", 60.0)
    data = {"all": list(range(15_000))}
    loop = "{% for n in data.all %}{% endfor %}"
    assert text("Ada", data, loop + "{{ user.name }}") == "Ada"
    with pytest.raises(TemplateError, match="the limit is 20,000"):
        text("Ada", data, loop + "{% for n in data.all %}{{ '' if user.id }}{% endfor %}")


def test_the_demos_mail_is_the_same_to_everybody_but_for_two_places() -> None:
    mail = compiled.compiled(sources(job.template(), "email", None)["html"], True)
    assert [each.shared for each in mail.blocks] == [True, False, True, False, True]
