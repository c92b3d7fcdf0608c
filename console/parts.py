"""Parts of pages: alone for a page that loads them, as a page of their own for a browser without scripts."""

from __future__ import annotations

from typing import Any

from flask import render_template, request


def part(name: str, **known: Any) -> str:
    if "HX-Request" in request.headers:
        return render_template(name, **known)
    return render_template("part.html", part=name, **known)
