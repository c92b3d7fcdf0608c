#!/usr/bin/env bash
# icalendar 7.3.2 (writes), node-ical 0.27.2 and ical.js 2.2.1 (read)
#
# Expected: a moment with an offset, 18:00+01:00 as every API and isoformat() give it, is that moment in the invitation,
#   too. RFC 5545 has no offsets, so a library writes it in UTC.
# What happens: icalendar writes DTSTART;TZID="UTC+01:00":20261201T180000, a zone that it made up, in quotation marks
#   because of the colon, and defines it nowhere. node-ical cuts the value at that colon and returns a piece of text in
#   place of a date. ical.js takes it as a time without a zone: 18:00 wherever the reader is.
# Who is hurt: recipients of an invitation or a reminder: no date in one program, a wrong hour in another.
# Seen: 2026-11-28. Source: RFC 5545, section 3.2.19 (a VTIMEZONE with that TZID must be there, unless it is UTC).
set -euo pipefail
export TZ=UTC LC_ALL=C.UTF-8
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check --no-compile icalendar==7.3.2
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund node-ical@0.27.2 ical.js@2.2.1
venv/bin/python - <<'PYTHON'
import sys
from datetime import datetime
from importlib.metadata import version

from icalendar import Calendar, Event

print("icalendar", version("icalendar"))
calendar, event = Calendar(), Event()
calendar.add("version", "2.0")
calendar.add("prodid", "-//example.org//news//EN")
event.add("uid", "1@example.org")
event.add("dtstamp", datetime.fromisoformat("2026-11-28T09:00:00+00:00"))
event.add("dtstart", datetime.fromisoformat("2026-12-01T18:00:00+01:00"))
event.add("summary", "Webinar")
calendar.add_component(event)
text = calendar.to_ical()
open("invitation.ics", "wb").write(text)
start = next(line for line in text.decode().splitlines() if line.startswith("DTSTART"))
print(start)
if start != 'DTSTART;TZID="UTC+01:00":20261201T180000' or b"VTIMEZONE" in text:
    sys.exit("changed: icalendar writes an offset in another way")
PYTHON
cat >read.js <<'JS'
const fs = require("node:fs");
const text = fs.readFileSync("invitation.ics", "utf8");
(async () => {
  const nodeIcal = require("node-ical");
  const { default: ICAL } = await import("ical.js");
  const { start } = Object.values(nodeIcal.sync.parseICS(text)).find((each) => each.type === "VEVENT");
  const component = new ICAL.Component(ICAL.parse(text)).getFirstSubcomponent("vevent");
  const time = new ICAL.Event(component).startDate;
  console.log("node-ical", require("node-ical/package.json").version, "reads", JSON.stringify(start));
  console.log("ical.js 2.2.1 reads", time.toString(), "in the zone", time.zone.tzid);
  if (start instanceof Date || start !== "00:20261201T180000") {
    console.log("changed: node-ical reads it in another way");
    process.exit(1);
  }
  if (time.zone.tzid !== "floating") {
    console.log("changed: ical.js knows the zone");
    process.exit(1);
  }
  console.log("holds: neither of the two reads the moment that icalendar was given");
})();
JS
node read.js
