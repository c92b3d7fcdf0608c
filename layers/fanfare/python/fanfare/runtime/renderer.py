"""The renderer, which keeps what it compiled of templates. Apart from the rest: Jinja2 is 20 modules."""

from __future__ import annotations

from fanfare.runtime.registry import opened
from fanfare.runtime.settings import brand_of, settings
from fanfare.templates.context import BrandSeen
from fanfare.templates.renderer import Renderer


@opened.once
def renderer() -> Renderer:
    return Renderer(
        locale=settings().locale,
        time_zone=settings().time_zone,
        sender=settings().sender,
        brand=BrandSeen(brand_of(settings().sender)),
    )
