"""A Chromium on this machine, and the windows that the tests look through.

FANFARE_CHROMIUM says where it is if it is nowhere usual. The pictures are in `.local/screenshots`, to be looked at.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import Browser, sync_playwright

from tools.paths import STATE

CHROMIUM: Final = os.environ.get("FANFARE_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
PICTURES: Final = STATE / "screenshots"
PHONE: Final = {"width": 390, "height": 844}
DESK: Final = {"width": 1280, "height": 800}

needs_chromium: Final = pytest.mark.skipif(
    CHROMIUM is None, reason="there is no Chromium here; FANFARE_CHROMIUM may name one"
)


def running() -> Iterator[Browser]:
    """A browser, until the tests are over."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM)
        yield chromium
        chromium.close()
