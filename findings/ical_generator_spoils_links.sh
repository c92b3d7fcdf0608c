#!/usr/bin/env bash
# ical-generator 11.1.2
#
# Expected: the link of an event is written as it was given. It is announced as VALUE=URI, and RFC 5545 has no escapes
#   in values of that type; only text has them.
# What happens: comma and semicolon of the link get a backslash, which is part of the address for any reader that
#   follows the RFC. A link with a comma in its query or path, e.g. of a map or a list of ids, leads elsewhere.
# Who is hurt: recipients of invitations and reminders with a link to join, to confirm or to unsubscribe.
# Seen: 2026-11-28. Source: RFC 5545, sections 3.3.13 (URI: no escapes) and 3.3.11 (TEXT: escapes). icalendar 7.3.2
#   writes the same link unchanged; ical.js 2.2.1 is the reader below.
set -euo pipefail
export TZ=UTC LC_ALL=C.UTF-8
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund ical-generator@11.1.2 ical.js@2.2.1
cat >write.js <<'JS'
const LINK = "https://example.org/join?room=7;seat=2,3";
(async () => {
  const { default: calendar } = await import("ical-generator");
  const { default: ICAL } = await import("ical.js");
  const made = calendar({ name: "News" });
  made.createEvent({ start: new Date("2026-12-01T17:00:00Z"), summary: "Webinar", url: LINK });
  const text = made.toString();
  const read = new ICAL.Component(ICAL.parse(text)).getFirstSubcomponent("vevent").getFirstPropertyValue("url");
  const about = require("node:fs").readFileSync("node_modules/ical-generator/package.json", "utf8");
  console.log("ical-generator", JSON.parse(about).version);
  console.log("given:  ", LINK);
  console.log("written:", text.match(/^URL.*$/m)[0].trim());
  console.log("read:   ", read);
  if (read === LINK) {
    console.log("changed: the link arrives as it was given");
    process.exit(1);
  }
  if (read !== String.raw`https://example.org/join?room=7\;seat=2\,3`) {
    console.log("changed: the link is spoilt in another way");
    process.exit(1);
  }
  console.log("holds: the link that arrives has backslashes");
})();
JS
node write.js
