"""Advice for the most frequent errors of authors: text that looks like a comment, and another template language."""

from __future__ import annotations

import re
from typing import Final

COMMENT: Final = (
    "'{#' begins a comment that never ends. In CSS, put {% raw %} before the style and {% endraw %} after it"
)
# How Handlebars and Mustache begin, and what the same is here
FOREIGN: Final = (
    (re.compile(r"\{\{~?#\s*if\b"), "{% if … %} … {% endif %}"),
    (re.compile(r"\{\{~?#\s*each\b"), "{% for item in … %} … {% endfor %}"),
    (re.compile(r"\{\{~?(?:#\s*unless\b|\^)"), "{% if not … %} … {% endif %}"),
    (re.compile(r"\{\{~?#"), "{% for item in … %} … {% endfor %}, or {% if … %} … {% endif %}"),
    (re.compile(r"\{\{\{|\{\{~?&"), "{{ … }}, which escapes HTML"),
    (re.compile(r"\{\{~?>"), '{% include "name" %}'),
    (re.compile(r"\{\{~?!"), "{# … #}"),
    (re.compile(r"\{\{~?\s*else\b"), "{% else %}"),
    (re.compile(r"\{\{~?/"), "{% endif %} or {% endfor %}"),
)
# Other languages, which print what they are here; a merge field of theirs reaches the reader
LEFT_OVER: Final = (
    ("Mailchimp", re.compile(r"\*\|[A-Z][^|*\n]{0,60}\|\*")),
    ("Handlebars", re.compile(r"\{\{~?[#/^>&]\s*[A-Za-z]")),  # compiles within {% raw %}
    ("ERB or EJS", re.compile(r"<%[=-]?[^%<>]{1,80}%>")),
    ("JavaScript", re.compile(r"\$\{\s*[A-Za-z_][\w.]{0,60}\s*\}")),
    ("Mailgun", re.compile(r"%recipient\.[a-z_]{1,60}%")),
    ("Velocity", re.compile(r"\$!?\{?[a-z][\w]{0,40}\.[a-z][\w.]{0,60}\}?|#(?:if|foreach)\s?\(")),
    ("SendGrid", re.compile(r"\[%[a-z][\w ]{0,60}%\]|(?<![\w-])-[a-z]{2,30}_[a-z_]{2,30}-(?![\w-])")),
)
RAW: Final = re.compile(r"\{%[-+]?\s*raw\s*[-+]?%\}")
END_RAW: Final = re.compile(r"\{%[-+]?\s*endraw\s*[-+]?%\}")
UNDEFINED: Final = re.compile(r"'([A-Za-z][A-Za-z0-9_]*)' is undefined")


def syntax_hint(message: str, source: str) -> tuple[str, int, int] | None:
    """A better message for a source that does not compile, with line and column; None if there is none."""
    if "end of comment" in message and (at := _open_comment(source)) is not None:
        return COMMENT, *_place(source, at)
    found = [(match.start(), match[0], same) for pattern, same in FOREIGN if (match := pattern.search(source))]
    if not found:
        return None
    at, written, same = min(found, key=lambda each: each[0])
    return f"'{written}' is Handlebars or Mustache; templates are Jinja here: write {same}", *_place(source, at)


def undefined_hint(message: str) -> str:
    """The message, with what a name alone may have been meant to be."""
    match = UNDEFINED.fullmatch(message)
    return f"{message}; what was posted is in data, e.g. data.{match[1]}" if match else message


def left_over(source: str) -> tuple[str, str] | None:
    """Another template language that a source seems to be written in, and an example of it."""
    return next(((name, match[0]) for name, pattern in LEFT_OVER if (match := pattern.search(source))), None)


def _open_comment(source: str) -> int | None:
    """The comment that does not end."""
    at = 0
    while (at := source.find("{#", at)) >= 0:
        raw = [match for match in RAW.finditer(source, 0, at) if not END_RAW.search(source, match.end(), at)]
        if raw:
            end = END_RAW.search(source, at)
            at = end.end() if end else len(source)
            continue
        end_at = source.find("#}", at + 2)
        if end_at < 0:
            return at
        at = end_at + 2
    return None


def _place(source: str, at: int) -> tuple[int, int]:
    return source.count("\n", 0, at) + 1, at - source.rfind("\n", 0, at)
