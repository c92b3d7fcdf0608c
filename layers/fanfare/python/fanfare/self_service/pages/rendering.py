"""Renders the templates of this folder.

Pages are self-contained: the policy `default-src 'none'` blocks all sources but the origin of the logo, and the style
is allowed by its hash.
"""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from fanfare.self_service.pages import texts
from fanfare.self_service.pages.look import Look

FOLDER: Final = Path(__file__).parent
MEDIA_TYPE: Final = "text/html; charset=utf-8"


def rendered(name: str, look: Look, **values: Any) -> str:
    """One of the templates of this folder."""
    style = Markup(_style() + look.colours())  # noqa: S704 - ours, and colours, which the API checks
    return _environment().get_template(name).render(texts=texts, look=look, t=look.t, style=style, **values)


def headers(look: Look) -> Mapping[str, str]:
    """Headers of a page."""
    style_hash = base64.b64encode(hashlib.sha256((_style() + look.colours()).encode()).digest()).decode()
    policy = {
        "default-src": "'none'",
        "style-src": f"'sha256-{style_hash}'",
        **({"img-src": look.logo_origin} if look.logo_origin else {}),
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }
    return {
        "Cache-Control": "no-store",
        "Content-Language": look.language,
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Frame-Options": "DENY",  # like frame-ancestors, for old browsers
        "Referrer-Policy": "no-referrer",  # the URL of the page contains its token
        "X-Robots-Tag": "noindex, nofollow",
    }


@functools.cache
def _style() -> str:
    return (FOLDER / "style.css").read_text(encoding="utf-8")


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["code"] = _code
    return environment


def _code(text: str) -> Markup:
    """`text` with parts in backticks as code elements."""
    return Markup("").join(  # every part is escaped by the format
        Markup("<code>{}</code>" if place % 2 else "{}").format(part)  # noqa: S704
        for place, part in enumerate(text.split("`"))
    )
