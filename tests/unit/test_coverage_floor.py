from __future__ import annotations

from typing import Any

from tests.coverage_floor import OF_ALL, OF_EACH, below, modules


def report(total: float, **modules: float) -> dict[str, Any]:
    files = {
        f"layers/fanfare/python/fanfare/{name}.py": {"summary": {"percent_covered": percent}, "missing_lines": [3, 4]}
        for name, percent in modules.items()
    }
    return {"files": files, "totals": {"percent_covered": total}}


def test_a_module_behind_the_others_is_named_with_its_lines() -> None:
    measured = report(OF_ALL, submit=100.0, cancel=OF_EACH - 1)
    assert list(below(measured, {"submit.py", "cancel.py"})) == [("cancel.py", OF_EACH - 1, "3, 4")]


def test_a_module_that_no_test_imports_is_a_blind_spot() -> None:
    assert list(below(report(OF_ALL, submit=100.0), {"submit.py", "new.py"})) == [("new.py", 0.0, "all of it")]


def test_the_whole_has_a_floor_of_its_own() -> None:
    assert list(below(report(OF_ALL - 1, submit=OF_EACH), {"submit.py"})) == [("all of it together", OF_ALL - 1, "")]


def test_every_module_of_the_domain_is_looked_at() -> None:
    assert {"pipeline/submit.py", "channels/email.py", "self_service/pages/texts.py"} <= modules()
