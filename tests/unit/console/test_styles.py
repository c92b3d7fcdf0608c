"""What the stylesheet may not do to the pages."""

from __future__ import annotations

from tests.documents import ROOT

STYLES = (ROOT / "console" / "static" / "style.css").read_text()


def test_what_a_page_hides_stays_hidden_whatever_the_styles_of_its_element() -> None:
    assert "textarea { display: block;" in STYLES
    assert "\n[hidden] { display: none !important; }" in STYLES
