#!/usr/bin/env bash
# mailchecker 6.0.21 (compared with disposable-email-domains 1.0.62)
#
# Expected: a check against throw-away addresses refuses mailinator.com and the like. Addresses of a privacy relay, made
#   with Firefox, DuckDuckGo or Proton, are of another kind: they forward to the mailbox of one person, and last.
# What happens: mailchecker calls duck.com, mozmail.com, passmail.net and simplelogin.com invalid. It takes Apple's
#   privaterelay.appleid.com, which is the same kind of service. The other list takes all five, so the answer depends
#   on the package. It is a plain yes or no, without a reason.
# Who is hurt: subscribers who are refused at sign-up, and whoever checks an imported list, and drops good addresses.
# Seen: 2026-11-28. Source: the lists in the two packages; mailchecker's README speaks of disposable addresses only.
set -euo pipefail
export TZ=UTC LC_ALL=C.UTF-8
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund mailchecker@6.0.21 disposable-email-domains@1.0.62
cat >compare.js <<'JS'
const mailchecker = require("mailchecker");
const listed = new Set(require("disposable-email-domains"));

console.log("mailchecker", require("mailchecker/package.json").version);
// a domain, whether mailchecker takes it, whether the other list does
const SEEN = [
  ["mailinator.com", false, false],
  ["duck.com", false, true],
  ["mozmail.com", false, true],
  ["passmail.net", false, true],
  ["simplelogin.com", false, true],
  ["privaterelay.appleid.com", true, true],
];
for (const [domain, taken, unlisted] of SEEN) {
  const seen = [mailchecker.isValid(`ada.lovelace@${domain}`), !listed.has(domain)];
  const [first, second] = seen.map((valid) => (valid ? "valid" : "invalid"));
  console.log(`${domain.padEnd(26)} mailchecker: ${first}, other list: ${second}`);
  if (seen[0] !== taken || seen[1] !== unlisted) {
    console.log(`changed: ${domain}`);
    process.exit(1);
  }
}
console.log("holds: four relays are invalid, and Apple's is valid");
JS
node compare.js
