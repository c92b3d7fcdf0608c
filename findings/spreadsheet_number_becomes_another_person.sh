#!/usr/bin/env bash
# python-calamine 0.9.1 and phonenumberslite 9.0.42 (workbook written with openpyxl 3.1.5)
#
# Expected: openpyxl reads a cell that holds 491711234567 as a whole number, so a faster reader of the same workbook
#   does too. And if ".0" came along, a library that parses phone numbers would refuse it: no phone number has decimals.
# What happens: calamine returns 491711234567.0. As text, with a plus sign, it is "+491711234567.0". phonenumbers treats
#   the dot as punctuation and keeps the zero: +4917112345670. In countries whose mobile numbers have several lengths
#   (Germany, Austria, Finland, Indonesia, New Zealand) the longer number is valid, too. It belongs to another person.
# Who is hurt: anyone who imports contacts from a workbook. No row is refused, and strangers get the text messages.
#   A table library that reads a column with blanks as floats writes the same ".0" into a CSV file.
# Seen: 2026-11-28. Source: the type of a cell in python-calamine's stubs has int and float, so both seem possible.
set -euo pipefail
export TZ=UTC LC_ALL=C.UTF-8
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
  python-calamine==0.9.1 openpyxl==3.1.5 phonenumberslite==9.0.42
venv/bin/python - <<'PYTHON'
import sys
from importlib.metadata import version

import openpyxl
import phonenumbers
from python_calamine import CalamineWorkbook

print("python-calamine", version("python-calamine"), "phonenumberslite", version("phonenumberslite"))
written = openpyxl.Workbook()
for row in (["phone"], [491711234567], [43664123456]):
    written.active.append(row)
written.save("contacts.xlsx")

by_openpyxl = [row[0] for row in openpyxl.load_workbook("contacts.xlsx").active.values][1:]
by_calamine = [row[0] for row in CalamineWorkbook.from_path("contacts.xlsx").get_sheet_by_index(0).to_python()][1:]
print("read by openpyxl:", by_openpyxl)
print("read by calamine:", by_calamine)
dialled = []
for value in by_calamine:
    number = phonenumbers.parse(f"+{value}")
    text = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    dialled.append((text, phonenumbers.is_valid_number(number)))
    print(f"+{value} is read as {text}, valid: {dialled[-1][1]}")

if [str(value) for value in by_calamine] != ["491711234567.0", "43664123456.0"]:
    sys.exit(f"changed: calamine no longer reads whole numbers as floats: {by_calamine}")
if dialled != [("+4917112345670", True), ("+436641234560", True)]:
    sys.exit(f"changed: phonenumbers no longer makes a valid number of the decimals: {dialled}")
print("holds: each number got a zero at its end, and is valid")
PYTHON
