"""The demo's template is one that the product takes, and its audience adds up."""

from __future__ import annotations

from collections import Counter

from fanfare.schemas.messages import CountsView
from fanfare.templates.renderer import Renderer

from local.demo import checks, job
from local.demo.audience import HOW_MANY, TOTAL, PersonKind, people

USER = {"id": "user-1", "name": "Ana <ana>", "locale": "en"}


def test_the_template_renders_its_example() -> None:
    body = job.template()
    renderer = Renderer()
    renderer.check(body)
    parts = renderer.render(body, "email", locale="en", data=job.example(), user=USER)
    assert parts["subject"] == "Your order A-17 is on its way"
    assert "Hello Ana &lt;ana&gt;," in parts["html"]
    assert "https://track.example.com/AP4711081542?lang=en&utm=mail" in parts["text"]


def test_a_user_without_a_name_is_greeted_too() -> None:
    parts = Renderer().render(job.template(), "email", locale=None, data=job.example(), user=USER | {"name": None})
    assert "Hello there," in parts["text"]


def test_the_audience_adds_up() -> None:
    kinds = Counter(person.kind for person in people())
    assert kinds.total() == TOTAL
    assert kinds == {**HOW_MANY, PersonKind.REACHABLE: TOTAL - sum(HOW_MANY.values())}


def test_a_message_that_reached_everybody_passes_the_checks_of_the_demo() -> None:
    reached = {
        "recipients": 949,
        "sent": 900,
        "failed": 0,
        "skipped": 49,
        "deleted": 0,
        "digested": 0,
        "outstanding": 0,
    }
    skipped = Counter({"no_address": 40, "invalid_address": 9})
    assert reached.keys() == CountsView.model_fields.keys()
    assert list(checks.wrong_outcome({"state": "sent", "counts": reached}, skipped, people())) == []
    lost = {**reached, "sent": 899, "failed": 1}
    assert len(list(checks.wrong_outcome({"state": "failed", "counts": lost}, skipped, people()))) == 2
