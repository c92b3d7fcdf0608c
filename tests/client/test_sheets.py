"""A sheet of two hundred users that LibreOffice 7.4 opened, saved, opened and saved again: none is changed unseen."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Final

import pytest
from fanfare_client.imports.tables.options import TableOptions

from .deployment import Deployment
from .sheets.people import COLUMNS, PEOPLE, rows
from .test_bundle import imported
from .test_import import left_out, users_of

SAVED: Final = Path(__file__).parent / "sheets" / "saved"
FILES: Final = [f"{language}.{kind}" for language in ("de", "fr", "ja", "en") for kind in ("csv", "xlsx", "ods")]
ENCODINGS: Final = {"de-windows.csv": "windows-1252", "ja-windows.csv": "cp932"}
QUICK: Final = ("de.csv", "fr.xlsx", "ja.ods", "ja-windows.csv")


def before(folder: Path) -> Deployment:
    """A deployment with the users as they were typed."""
    file = folder / "typed.csv"
    with file.open("w", newline="") as written:
        csv.writer(written, quoting=csv.QUOTE_ALL).writerows([COLUMNS, *rows()])
    deployment = Deployment()
    summary = imported(deployment, file)
    # notes of two lines are refused; dates among other codes are taken for damage
    assert (summary.users, summary.fields) == ({"new": PEOPLE}, {"control_character": 20, "date": 30})
    return deployment


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    return before(tmp_path_factory.mktemp("typed"))


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if name in QUICK else pytest.mark.long) for name in (*FILES, *ENCODINGS)],
)
def test_every_user_of_a_sheet_is_unchanged_or_named_as_damaged(
    name: str, deployment: Deployment, tmp_path: Path
) -> None:
    file = tmp_path / name
    file.write_bytes((SAVED / name).read_bytes())
    users = users_of(deployment)
    summary = imported(deployment, file, table=TableOptions(encoding=ENCODINGS.get(name)))
    assert users_of(deployment) == users
    assert summary.rows == PEOPLE
    # "rejected": their id is damaged. Who refused texts, and has no number in the sheet, is opted out of everything
    assert set(summary.users) <= {"unchanged", "changed", "rejected"}
    assert set(summary.changes) <= {"opted_out"}
    named = Counter(code for _, _, code, _ in left_out(summary))
    # a semicolon in a name: LibreOffice cut the row there
    assert named["wrong_columns"] == PEOPLE // 20
    assert named["lost_zeros"] >= PEOPLE // 5
    assert named["lost_plus"] == PEOPLE // 2
