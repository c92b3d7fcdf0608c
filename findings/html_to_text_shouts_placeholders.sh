#!/usr/bin/env bash
# html-to-text 10.0.1, as used by @react-email/render 2.3.1 (with react and react-dom 19.2.0) and mailparser 3.14.2
#
# Expected: the text part of a template is derived once, and its placeholders are filled for each recipient. Whatever
#   else happens to the layout, {{ firstName }} is still {{ firstName }}.
# What happens: headings are put in capitals, placeholders included: {{ FIRSTNAME }}. The names of variables are
#   case-sensitive, so the recipient's name is missing, or the template fails when it is filled. The placeholder in the
#   paragraph below is intact, so a test with one of those passes. Germans also see "Straße" become "STRASSE".
# Who is hurt: authors of templates with a greeting in a heading: only the text part is broken, which no one looks at.
#   React Email passes its own options to html-to-text, and keeps this one.
# Seen: 2026-11-28. Source: README of html-to-text (option `uppercase` of headings).
set -euo pipefail
export TZ=UTC LC_ALL=C.UTF-8
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund \
  html-to-text@10.0.1 @react-email/render@2.3.1 react@19.2.0 react-dom@19.2.0 mailparser@3.14.2
cat >derive.mjs <<'JS'
import { createRequire } from "node:module";
import { toPlainText } from "@react-email/render";
import { convert } from "html-to-text";

const require = createRequire(import.meta.url);
const HTML = "<h1>{{ firstName }}, your order</h1><p>Thank you, {{ firstName }}.</p>";
const mail = await require("mailparser").simpleParser(`Content-Type: text/html\r\n\r\n${HTML}`);
const derived = {
  "html-to-text 10.0.1": convert(HTML),
  "@react-email/render 2.3.1": toPlainText(HTML),
  "mailparser 3.14.2": mail.text,
};
for (const [by, text] of Object.entries(derived)) {
  console.log(`${by}: ${JSON.stringify(text)}`);
  if (!text.includes("Thank you, {{ firstName }}.")) {
    console.log("changed: the placeholder of the paragraph is not intact");
    process.exit(1);
  }
  if (!text.includes("{{ FIRSTNAME }}, YOUR ORDER")) {
    console.log("changed: the placeholder of the heading keeps its letters");
    process.exit(1);
  }
}
console.log("holds: the placeholder of a heading is in capitals");
JS
node derive.mjs
