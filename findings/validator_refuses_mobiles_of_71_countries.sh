#!/usr/bin/env bash
# validator 13.15.35 (compared with libphonenumber-js 1.13.16)
#
# Expected: isMobilePhone(number, "any") takes a mobile number of any country in E.164. The package has patterns for
#   more than a hundred locales, 79 million downloads a month, and "any" is its default.
# What happens: it refuses a valid mobile number of 71 of the 245 countries and territories that libphonenumber knows,
#   among them Afghanistan, Ethiopia, Guatemala, Iceland, Croatia, Cambodia, Laos, Luxembourg,
#   Malta, Senegal. Twelve of the 71 have a pattern, which lacks the range of the number; the others have none.
# Who is hurt: users who can't enter their number. The form says that it is wrong, and no log shows what is missing.
# Seen: 2026-11-28. Source: the example numbers that libphonenumber carries for each country.
set -euo pipefail
export TZ=UTC LC_ALL=C.UTF-8
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund validator@13.15.35 libphonenumber-js@1.13.16
cat >compare.js <<'JS'
const validator = require("validator");
const { getCountries, getExampleNumber } = require("libphonenumber-js/max");
const examples = require("libphonenumber-js/examples.mobile.json");

console.log("validator", validator.version);
const numbers = getCountries().flatMap((country) => getExampleNumber(country, examples) ?? []);
const valid = numbers.filter((number) => number.isValid());
const refused = valid.filter((number) => !validator.isMobilePhone(number.number, "any"));
console.log(`libphonenumber-js: ${valid.length} valid mobile numbers, one for each country`);
console.log(`validator refuses ${refused.length}:`, refused.map((number) => number.country).join(" "));
const countries = new Set(validator.isMobilePhoneLocales.map((locale) => locale.split("-").pop()));
const patterned = refused.filter((number) => countries.has(number.country));
console.log(`of these, ${patterned.length} have a pattern:`, patterned.map((number) => number.country).join(" "));
for (const country of ["IS", "LU", "MT", "HR"]) {
  console.log(country, refused.find((number) => number.country === country)?.number);
}
if (refused.length !== 71 || valid.length !== 245 || patterned.length !== 12) {
  console.log("changed: 71 of 245, 12 with a pattern, were expected");
  process.exit(1);
}
console.log("holds: 71 of 245 are refused");
JS
node compare.js
