"""Starter templates: folders to copy and change, in English and German, for e-mail, SMS, push and inbox."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from .. import folders

FOLDER: Final = Path(__file__).parent / "templates"


def names() -> list[str]:
    """All of them, the layout first."""
    return list(folders.templates_in(FOLDER))


def copy(target: Path, wanted: Iterable[str] | None = None) -> list[Path]:
    """Copy starters, each with the layout that it names, to folders of their names. Raises ValueError."""
    known = folders.templates_in(FOLDER)
    chosen = list(wanted or known)
    if unknown := [name for name in chosen if name not in known]:
        raise ValueError(f"There is no starter {unknown[0]}. There are: {', '.join(known)}.")
    chosen += [str(layout) for name in chosen if (layout := folders.read(known[name]).get("layout"))]
    copies = {known[name]: target / name for name in known if name in chosen}
    for copied in copies.values():
        if copied.exists():
            raise ValueError(f"{copied} exists already. Choose another folder, or remove it.")
    for starter, copied in copies.items():
        shutil.copytree(starter, copied)
    return list(copies.values())
