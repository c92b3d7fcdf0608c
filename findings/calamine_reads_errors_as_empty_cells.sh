#!/usr/bin/env bash
# python-calamine 0.9.1, with openpyxl 3.1.5
#
# Expected: a cell that shows #NAME? or #REF! is read as something other than an empty cell, e.g. by its text, as
#   openpyxl reads it. The file has the error as a type of its own (`t="e"`), and the Rust library below has a type too.
# What happens: all seven errors come as "", like a cell that nobody filled.
# Who is hurt: whoever imports people from a sheet. A column of phone numbers that a lookup fills is #N/A or #REF! once
#   its source is gone; read this way, nobody has a number, and an import that takes empty for "none" removes them all.
# Seen: 2026-11-28. Source for the errors: ECMA-376 part 1, 18.18.11 (cell types) and 18.17.3 (error values).
set -euo pipefail
export TZ=UTC LC_ALL=C.UTF-8
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check python-calamine==0.9.1 openpyxl==3.1.5
cat >cells.py <<'PY'
from importlib.metadata import version

import openpyxl
import python_calamine

ERRORS = ["#NAME?", "#N/A", "#DIV/0!", "#REF!", "#VALUE!", "#NUM!", "#NULL!"]
book = openpyxl.Workbook()
for row, error in enumerate(ERRORS, start=1):
    book.active.cell(row, 1, "Ada")
    cell = book.active.cell(row, 2, error)
    cell.data_type = "e"
book.save("people.xlsx")

print("python-calamine", version("python-calamine"))
rows = python_calamine.CalamineWorkbook.from_path("people.xlsx").get_sheet_by_index(0).to_python()
others = [second.value for _, second in openpyxl.load_workbook("people.xlsx").active.iter_rows()]
for (_, seen), other in zip(rows, others):
    print(f"openpyxl reads {other!r}, python-calamine {seen!r}")
if others != ERRORS or [seen for _, seen in rows] != [""] * len(ERRORS):
    raise SystemExit("changed: errors are no longer read as empty cells")
print("holds: an error is read as an empty cell")
PY
venv/bin/python cells.py
