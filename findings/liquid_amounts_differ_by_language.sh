#!/usr/bin/env bash
# liquidjs 10.30.1 and python-liquid 2.3.6
#
# Expected: a Liquid template gives the same amounts in the editor's preview (JavaScript) and in the service that sends
#   (Python). Both libraries say that they follow Shopify's Liquid.
# What happens: four of the six lines below differ. 10 | divided_by: 4 is 2.5 in JavaScript and 2 in Python, as in
#   Shopify's. 4.5 | round is 5 in JavaScript and 4 in Python, which rounds to the even neighbour. 19.99 | times: 100 is
#   1998.9999999999998 in JavaScript. A moment with an offset is shown by the clock of the server in JavaScript, and by
#   that of the offset in Python.
# Who is hurt: recipients of invoices and reminders: the approved preview had another amount, or another hour.
# Seen: 2026-11-28. Source: Shopify's reference: a whole divisor rounds down; liquidjs has an option preserveTimezones.
set -euo pipefail
export TZ=UTC LC_ALL=C.UTF-8
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check --no-compile python-liquid==2.3.6
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund liquidjs@10.30.1
cat >templates <<'LIQUID'
{{ 10 | divided_by: 4 }}
{{ 4.5 | round }}
{{ 19.99 | times: 100 }}
{{ "2026-12-24T18:00:00+09:00" | date: "%H:%M" }}
{{ 5.5 | round }}
{{ 1234.567 | round: 2 }}
LIQUID
cat >render.py <<'PYTHON'
from liquid import Environment

for line in open("templates"):
    print(Environment().from_string(line.strip()).render())
PYTHON
cat >render.js <<'JS'
const { Liquid } = require("liquidjs");
for (const line of require("node:fs").readFileSync("templates", "utf8").trim().split("\n"))
  console.log(new Liquid().parseAndRenderSync(line));
JS
venv/bin/python render.py >by-python
node render.js >by-javascript
echo "template | liquidjs 10.30.1 | python-liquid 2.3.6"
paste -d '|' templates by-javascript by-python
seen="$(paste -sd ' ' by-javascript) / $(paste -sd ' ' by-python)"
expected="2.5 5 1998.9999999999998 09:00 6 1234.57 / 2 4 1999.0 18:00 6 1234.57"
if [ "$seen" != "$expected" ]; then
  echo "changed: $seen (expected: $expected)"
  exit 1
fi
echo "holds: four of six differ"
