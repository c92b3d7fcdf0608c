"""The README's chart: cost of a delivery by size of the audience."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pygal
from pygal.style import Style

from tools.paths import ROOT

COST: Final = ROOT / "docs" / "img" / "cost.svg"
STYLE: Final = Style(
    background="white",
    plot_background="white",
    colors=("#0b7285", "#0b7285", "#e8590c", "#e8590c"),
    font_family="sans-serif",
    guide_stroke_color="#e9ecef",
    major_guide_stroke_color="#e9ecef",
    guide_stroke_dasharray="0",
    major_guide_stroke_dasharray="0",
    label_font_size=14,
    major_label_font_size=14,
    legend_font_size=14,
    title_font_size=18,
)


def plot_cost(sizes: Sequence[Mapping[str, Any]], path: Path = COST) -> None:
    """AWS calls and write units per 1,000 deliveries for each size."""
    chart = pygal.Line(
        style=STYLE,
        width=820,
        height=380,
        js=(),  # no external script in the SVG
        disable_xml_declaration=True,
        legend_at_bottom=True,
        legend_at_bottom_columns=2,
        dots_size=4,
        range=(0, 210),
        title="AWS calls for 1,000 deliveries of one message",
        x_title="recipients",
    )
    chart.x_labels = [f"{size['recipients']:,}" for size in sizes]
    chart.add("with a limit per user", [size["limited"]["aws_calls_per_1000"] for size in sizes])
    chart.add("its budget, 200", [200] * len(sizes), stroke_style={"dasharray": "4, 6", "width": 2}, show_dots=False)
    chart.add("without a limit", [size["unlimited"]["aws_calls_per_1000"] for size in sizes])
    chart.add("its budget, 130", [130] * len(sizes), stroke_style={"dasharray": "4, 6", "width": 2}, show_dots=False)
    chart.add_xml_filter(_without_scripts)
    path.parent.mkdir(parents=True, exist_ok=True)
    chart.render_to_file(str(path))


def _without_scripts(root: Any) -> Any:
    """Remove Pygal's script settings, which are not needed without its script."""
    for parent in root.iter():
        for child in [child for child in parent if child.tag == "script"]:
            parent.remove(child)
    return root
