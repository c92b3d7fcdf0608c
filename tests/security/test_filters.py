"""No filter, test or operator takes a template past its limits, whatever it is given.

Every input is just over a limit, so that without the guard it does no harm either.
"""

from __future__ import annotations

import time
from typing import Any

import pytest
from fanfare.errors import Invalid, TemplateError
from fanfare.templates.compiled import OUTPUT_LIMIT
from fanfare.templates.filters import budget
from fanfare.templates.grammar import FILTERS, TESTS
from fanfare.templates.renderer import Renderer
from hypothesis import given, settings
from hypothesis import strategies as st

USER = {"id": "user-1", "name": "Ada", "locale": "en"}
DATA: dict[str, Any] = {
    "text": "Linen napkin",
    "long": "<b>x</b> " * 12_000,
    "longer": "y " * 150_000,
    "many": list(range(2_000)),
    "rows": [{"name": "Tea", "price": 2}, {"name": "Cup", "price": 9.5}],
    "nested": [[1, [2]], [3]],
}


def text(source: str, part: str = "text", **data: Any) -> str:
    body = {"channels": {"email": {part: source}}}
    return Renderer().render(body, "email", locale=None, data=DATA | data, user=USER)[part]


REFUSED = [
    ("{{ 2.5|round(21) }}", "precision of round"),
    ("{{ 2.5|round(-21, 'ceil') }}", "precision of round"),
    ("{{ 2|round(1.5) }}", "precision of round"),
    ("{{ data.text|round }}", "round takes numbers"),
    ("{{ data.nested|sum(start=[]) }}", "sum takes numbers"),
    ("{{ [1]|sum(start='x') }}", "the start of sum takes numbers"),
    ("{{ data.rows|sum('name') }}", "sum takes numbers"),
    ("{{ data.rows|tojson(17) }}", "indent of tojson"),
    ("{{ data.rows|tojson('  ') }}", "indent of tojson"),
    ("{{ data.rows|tojson(-1) }}", "indent of tojson"),
    ("{{ data.text|truncate(2) }}", "no room for an end of 3"),
    ("{{ data.text|truncate(5, true, 'more ...') }}", "no room for an end of 8"),
    ("{{ data.text|truncate(-1) }}", "length of truncate"),
    ("{{ data.text|truncate(5, leeway=-1) }}", "leeway of truncate"),
    ("{{ data.text|trim('x' ~ '" + "y" * 100 + "') }}", "trim takes at most 100"),
    ("{{ data.nested }}", "a list can't be printed"),
    ("{{ data.rows[0] }}", "an object can't be printed"),
    ("{{ data.nested ~ 'x' }}", "a list can't be printed"),
    ("{{ data.nested|upper }}", "a list can't be printed"),
    ("{{ data.nested|join }}", "a list can't be printed"),
    ("{{ data.nested|unique }}", "unique takes texts and numbers"),
    ("{{ data.many|reverse }}", "a list can't be printed"),
    ("{{ [data.longer, data.longer]|tojson }}", "a value is too long"),
    ("{{ [data.longer, data.longer] == [data.longer] }}", "a value is too long"),
    ("{{ 'x' is in [data.longer, data.longer] }}", "a value is too long"),
    ("{{ data.rows|sort(attribute='" + "name." * 200_000 + "') }}", "source is too long"),
    ("{{ data.many|sort(attribute='" + "name." * 200 + "') }}", "a value is too long"),
    ("{{ data.many|max(attribute='" + "a.b." * 100 + "') }}", "a value is too long"),
    ("{{ '%09d' is odd }}", "odd takes numbers"),
    ("{{ '%09d' is even }}", "even takes numbers"),
    ("{{ '%09d' is divisibleby(1) }}", "divisibleby takes numbers"),
    ("{{ {data.nested: 1}|length }}", "the key of an object"),
    ("{{ 0x" + "f" * 65 + " }}", "a number is too large"),
    ("{{ " + "9" * 4_301 + " }}", "does not compile"),
    ("{% for x in data.rows %}{{ loop|length }}{{ loop|join }}{% endfor %}", "LoopContext is not a value"),
    ("{% for x in data.rows %}{{ loop }}{% endfor %}", "can't be printed"),
]


@pytest.mark.parametrize(("source", "detail"), REFUSED, ids=lambda value: str(value)[:50])
def test_what_passes_a_limit_is_an_error_of_the_template(source: str, detail: str) -> None:
    with pytest.raises(TemplateError, match=detail) as refused:
        text(source)
    assert refused.value.line in {1, None}


# Without a loop, each of these takes a little; all of them together take longer than the limit that the test sets.
SLOW = [
    "{{ data.long|striptags|length }}",
    "{{ data.many|tojson|length }}",
    "{{ data.many|sort|length }}",
    "{{ data.longer|wordcount }}",
    "{{ data.many == data.nested }}{{ data.longer|upper|first }}",
    "{{ -1 is in data.many }}{{ -1 in data.many }}",
    "{% for each in data.many if false %}{% endfor %}",
    "{% for each in data.many if each < 0 %}{% endfor %}",
    "{{ data.longer[1:]|first }}",
    "{{ (data.longer ~ 1)|first }}",
]


@pytest.mark.parametrize("source", SLOW)
def test_time_is_looked_at_without_a_loop(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "SECONDS_LIMIT", 0.002)
    with pytest.raises(TemplateError, match=r"takes too long to render; the limit is 0\.002 s|return too much"):
        text(source * 150)


def test_values_are_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "TOTAL_LIMIT", 1_000_000)
    assert text("{{ data.longer[1:]|first }}" * 3) == "   "
    for source in ("data.longer[1:]", "data.longer|upper", "data.longer ~ 1", "data.longer + 'x'"):
        with pytest.raises(TemplateError, match="return too much; the limit is 1,000,000"):
            text(("{{ (" + source + ")|first }}") * 4)


def test_the_error_of_a_filter_is_at_its_line() -> None:
    with pytest.raises(TemplateError) as refused:
        text("Hello\n\n{{ data.text|truncate(2) }}")
    assert (refused.value.line, refused.value.column) == (3, 1)


def test_filters_that_are_within_their_limits_do_what_they_did() -> None:
    assert text("{{ data.rows|sum('price') }} {{ [1, 2]|sum(start=4) }}") == "11.5 7"
    assert text("{{ 2.345|round(2) }} {{ 1234|round(-2) }} {{ 2.1|round(0, 'ceil') }}") == "2.35 1200 3.0"
    assert text("{{ data.rows|tojson }}") == '[{"name": "Tea", "price": 2}, {"name": "Cup", "price": 9.5}]'
    assert text("{{ data.nested|tojson(1) }}") == "[\n [\n  1,\n  [\n   2\n  ]\n ],\n [\n  3\n ]\n]"
    assert text("{{ ['b', 'A', 'a', 1, 1.0, true]|unique|join }}") == "bA1"
    assert text("{{ data.rows|unique(attribute='name')|length }} {{ data.rows|join('/', 'name') }}") == "2 Tea/Cup"
    assert text("{{ data.text|truncate(6) }} {{ '  x '|trim }} {{ 'xxa'|trim('x') }}") == "Lin... x a"
    assert text("{{ {'a': 'b c', 'd': 1}|urlencode }} {{ 'ä/b'|urlencode }}") == "a=b+c&d=1 %C3%A4/b"
    assert (
        text("{{ 3 is odd }} {{ 4 is even }} {{ 9 is divisibleby(3) }} {{ 'A' is upper }}").lower()
        == "true " * 3 + "true"
    )
    assert text("{% for each in data.many[:3]|reverse %}{{ each }}{% endfor %}") == "210"
    assert text("{{ '<' ~ '<b>'|e }} {{ ['<', '>'|e]|join('&') }}", "html") == "&lt;&lt;b&gt; &lt;&amp;&gt;"


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-25, 25),
    st.sampled_from([400_001, 2**64, -(2**64), 10**400, 1e308, -0.0, 2.5]),
    st.text(max_size=4),
    st.sampled_from(["%09d", "name", "a.b,c", "1", "<!--", "&#", "x" * 1_001, "ﬃ" * 200, "\x00", "$&", "\\1"]),
    st.lists(st.one_of(st.none(), st.integers(), st.text(max_size=3), st.booleans()), max_size=4),
    st.dictionaries(st.sampled_from(["name", "a", ""]), st.one_of(st.integers(), st.text(max_size=3)), max_size=3),
    st.sampled_from([DATA["many"], DATA["nested"], DATA["rows"], DATA["long"]]),
)
NAMES = st.sampled_from(["attribute", "case_sensitive", "reverse", "indent", "start", "length", "end", "base", "count"])


def seconds_and_line(source: str, part: str = "text", **data: Any) -> tuple[float, int | None]:
    """How long it takes, and the line of the error; 1 if there is none."""
    began = time.thread_time()
    line: int | None = 1
    try:
        rendered = text(source, part, **data)
    except TemplateError as error:
        rendered, line = "", error.line
    assert len(rendered) <= OUTPUT_LIMIT
    return time.thread_time() - began, line


@settings(max_examples=15, deadline=None)
@pytest.mark.parametrize("name", sorted(FILTERS))
@given(value=ODD, arguments=st.lists(ODD, max_size=3), named=st.dictionaries(NAMES, ODD, max_size=1))
def test_every_filter_ends_in_time_and_size_or_in_an_error(
    name: str, value: Any, arguments: list[Any], named: dict[str, Any]
) -> None:
    source = "{% for each in [data.value|" + name + "(*data.arguments, **data.named)] %}{{ each }}{% endfor %}"
    for part in ("text", "html"):
        seconds, line = seconds_and_line(source, part, value=value, arguments=arguments, named=named)
        assert (seconds < 2, line) == (True, 1)


@settings(max_examples=8, deadline=None)
@pytest.mark.parametrize("name", sorted(TESTS))
@given(value=ODD, arguments=st.lists(ODD, max_size=2))
def test_every_test_ends_in_time_or_in_an_error(name: str, value: Any, arguments: list[Any]) -> None:
    source = "{{ 1 if data.value is " + name + "(*data.arguments) else 2 }}"
    seconds, line = seconds_and_line(source, value=value, arguments=arguments)
    assert (seconds < 2, line) == (True, 1)


@settings(max_examples=60, deadline=None)
@given(operator=st.sampled_from(["+", "-", "*", "/", "//", "%", "~", "==", "<", "in", "and"]), left=ODD, right=ODD)
def test_every_operator_ends_in_time_or_in_an_error(operator: str, left: Any, right: Any) -> None:
    seconds, line = seconds_and_line("{{ data.left " + operator + " data.right }}", left=left, right=right)
    assert (seconds < 2, line) == (True, 1)


@pytest.mark.parametrize(
    "source", ["{{ 1 }}" * 10_001, "{% if user %}{% endif %}" * 5_001, "{{ [" + "1," * 10_001 + "] }}"]
)
def test_a_source_has_so_many_pieces_and_no_more(source: str) -> None:
    with pytest.raises(TemplateError, match="source has too many expressions; the limit is 10,000"):
        text(source)


def test_a_message_that_renders_slowly_is_refused_before_it_is_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fanfare.templates.renderer.SECONDS_TO_SPARE", 0.01)
    body = {
        "channels": {"email": {"subject": "Hi", "text": "Hello"}},
        "locales": {"de": {"email": {"text": "{{ data.long|striptags|length }}" * 600}}},
    }
    Renderer().check_message(body, ["email"], {"long": ""})
    with pytest.raises(Invalid) as refused:
        Renderer().check_message(body, ["email"], {"long": DATA["long"]})
    fault = refused.value.errors[0]
    assert (fault.pointer, fault.code) == ("/data", "template_error")
    assert fault.detail.startswith("line 1, column 1: email, de: text: takes too long to render; the limit is 0.01 s")
