#!/usr/bin/env bash
# Babel 2.19.0, with smsutil 1.1.3
#
# Expected: an amount or a time written for the reader's language costs no more of a text message than its characters:
#   digits, a comma, a euro sign and a blank are all in the alphabet of text messages (GSM 03.38).
# What happens: the blank is none. CLDR separates amount and sign by U+00A0 in most languages of Europe, thousands by
#   U+202F in French, and the time from PM by U+202F in English. Neither is in that alphabet, so the whole message is
#   sent as UCS-2, with 70 characters a part instead of 160: here two parts instead of one, for twice the price.
# Who is hurt: whoever formats amounts of text messages in the reader's language. The English amount, which developers
#   look at, is short; the English time and the German amount are not, and no eye sees the difference.
# Seen: 2026-11-28. Source: CLDR's data by Babel; the alphabet is 3GPP TS 23.038, 6.2.1.
set -euo pipefail
export TZ=UTC LC_ALL=C.UTF-8
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check Babel==2.19.0 smsutil==1.1.3
cat >amounts.py <<'PY'
from datetime import datetime
from importlib.metadata import version

import smsutil
from babel.dates import format_time
from babel.numbers import format_currency

REST = "Your invoice A-17 is due on Friday. Pay it in the app or reply STOP for no more texts: "
SEEN = {"amount en": 1, "time en": 2, "amount de": 2, "time de": 1, "amount fr": 2, "amount pl": 2, "amount sv": 2}
print("Babel", version("Babel"), "smsutil", version("smsutil"))
changed = []
for name, seen in SEEN.items():
    kind, locale = name.split()
    if kind == "amount":
        text = format_currency(1106.9, "EUR", locale=locale)
    else:
        text = format_time(datetime(2026, 12, 24, 18, 5), "short", locale=locale)
    blanks = text.replace("\u00a0", " ").replace("\u202f", " ")
    parts, plain = (len(smsutil.split(REST + each).parts) for each in (text, blanks))
    print(f"{name}: {ascii(text)}, {parts} parts; with blanks of the alphabet {plain}")
    if (parts, plain) != (seen, 1):
        changed.append(name)
if changed:
    raise SystemExit(f"changed: {', '.join(changed)}")
print("holds: a blank that no eye sees doubles the parts")
PY
venv/bin/python amounts.py
