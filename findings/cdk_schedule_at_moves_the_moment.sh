#!/usr/bin/env bash
# aws-cdk-lib 2.276.0 (with constructs 10.8.1)
#
# Expected: ScheduleExpression.at(date, timeZone) schedules the moment that `date` is. A Date of JavaScript is a moment,
#   the same in every zone, so the zone is only a way to write it, and may matter for display.
# What happens: the digits are those of the moment in UTC, and the zone is put beside them. 18:00 in Berlin becomes
#   at(2026-12-24T17:00:00) in Europe/Berlin, one hour early; for New York it is five hours late. Without a zone it is
#   right, so who adds the zone for the reader of the template moves the schedule.
# Who is hurt: a team that schedules a campaign in its stack. The template looks right, and no test of it fails.
# Seen: 2026-11-28. Source: the library's documentation says that the zone is for "interpreting the date".
set -euo pipefail
export TZ=UTC LC_ALL=C.UTF-8
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund aws-cdk-lib@2.276.0 constructs@10.8.1
cat >schedule.js <<'JS'
const { TimeZone } = require("aws-cdk-lib/core");
const { ScheduleExpression } = require("aws-cdk-lib/aws-scheduler");

console.log("aws-cdk-lib", require("aws-cdk-lib/package.json").version);
const SEEN = [
  ["2026-12-24T18:00:00+01:00", undefined, "at(2026-12-24T17:00:00)"],
  ["2026-12-24T18:00:00+01:00", TimeZone.EUROPE_BERLIN, "at(2026-12-24T17:00:00)"],
  ["2026-12-24T18:00:00-05:00", TimeZone.AMERICA_NEW_YORK, "at(2026-12-24T23:00:00)"],
];
for (const [moment, zone, seen] of SEEN) {
  const made = ScheduleExpression.at(new Date(moment), zone);
  console.log(`${moment} becomes ${made.expressionString} in ${made.timeZone.timezoneName}`);
  if (made.expressionString !== seen || made.timeZone.timezoneName !== (zone ?? TimeZone.ETC_UTC).timezoneName) {
    console.log(`changed: ${seen} was expected`);
    process.exit(1);
  }
}
console.log("holds: digits in UTC stand beside another zone");
JS
node schedule.js
