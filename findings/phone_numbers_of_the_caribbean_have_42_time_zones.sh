#!/usr/bin/env bash
# phonenumbers 9.0.43
#
# Expected: phonenumbers.timezone gives the zone of a number as well as phonenumbers gives its country. It knows that
#   +1 876 is Jamaica, and Jamaica has one zone. So the first zone of the answer is a fair guess for quiet hours.
# What happens: a Jamaican mobile number gets all 42 zones of country code 1 in alphabetical order, so the first is
#   America/Adak on the Aleutian Islands, five hours away. A fixed-line number gets America/Jamaica alone. The mobile
#   numbers of 18 countries and territories have these 42 zones. For one of Russia the first of 16 is Asia/Almaty.
# Who is hurt: users whose quiet hours follow from their number. With quiet hours from 22:00 to 8:00, a Jamaican gets a
#   text message at two in the night, and waits for that of the morning until one in the afternoon.
# Seen: 2026-11-28. Source: the data of the package; its README shows a number with one zone.
set -euo pipefail
export TZ=UTC LC_ALL=C.UTF-8
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check --no-compile phonenumbers==9.0.43
venv/bin/python - <<'PYTHON'
import sys
from importlib.metadata import version

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType, timezone

print("phonenumbers", version("phonenumbers"))


def zones(country: str, kind: int) -> tuple[str, ...]:
    number = phonenumbers.example_number_for_type(country, kind)
    return timezone.time_zones_for_number(number) if number else ()


def shown(country: str, kind: int) -> tuple[str, ...]:
    number = phonenumbers.example_number_for_type(country, kind)
    written = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    found = zones(country, kind)
    print(f"{written}, country {phonenumbers.region_code_for_number(number)}: {len(found)} zone(s), first {found[0]}")
    return found


mobile = shown("JM", PhoneNumberType.MOBILE)
fixed = shown("JM", PhoneNumberType.FIXED_LINE)
russian = shown("RU", PhoneNumberType.MOBILE)
mobiles = {country: zones(country, PhoneNumberType.MOBILE) for country in sorted(phonenumbers.SUPPORTED_REGIONS)}
many = [country for country, found in mobiles.items() if found == mobile]
print(f"the same zones as Jamaica: {len(many)}: {' '.join(many)}")
seen = (len(mobile), mobile[0], fixed, russian[0], len(many))
if seen != (42, "America/Adak", ("America/Jamaica",), "Asia/Almaty", 18):
    sys.exit(f"changed: {seen}")
print("holds: a mobile number of Jamaica has 42 zones, and a fixed-line number has one")
PYTHON
