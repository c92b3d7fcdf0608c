#!/usr/bin/env bash
# email-bounce-parser 1.0.22
#
# Expected: the field `bounce` of the result says whether the text is a bounce. It is the first field in the README's
#   example, where it is true.
# What happens: it is always true, for a reply, for an absence notice, for a confirmation of delivery. In the
#   confirmation the address even becomes the failed recipient. For a delay of four hours `temporary` is false.
#   A reply has the same result as a bounce with an error that the package does not know.
# Who is hurt: people who answer a notification, or are on holiday, in a system that suppresses what "bounced".
# Seen: 2026-11-28. Source: the package's README.
set -euo pipefail
export TZ=UTC LC_ALL=C.UTF-8
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init --yes >/dev/null
# Its dependency re2 is compiled for minutes where no binary fits. The language's own RegExp stands in for it here, with
# the methods of re2; the output with re2 was the same.
npm install --silent --no-audit --no-fund --ignore-scripts email-bounce-parser@1.0.22
re2=$(node -p 'path.dirname(require.resolve("re2/package.json", { paths: ["node_modules/email-bounce-parser"] }))')
cat >"$re2/re2.js" <<'JS'
module.exports = class extends RegExp {
  match(text) { return text.match(this); }
  replace(text, by) { return text.replace(this, by); }
  split(text) { return text.split(this); }
};
JS
cat >parse.js <<'JS'
const Parser = require("email-bounce-parser");

console.log("email-bounce-parser", require("email-bounce-parser/package.json").version);
const TEXTS = {
  reply: "Thank you, I have received it. See you on Monday.",
  absence: "I am out of the office until Monday.",
  delivered: "This is the mail system at host mx.example.net.\n\n<ada@example.com>: delivered to mailbox\n",
  delayed:
    "This is the mail system at host mx.example.net.\n\n" +
    "Your message could not be delivered for more than 4 hour(s).\n" +
    "It will be retried until it is 5 day(s) old.\n\n                   The mail system\n\n" +
    "<ada@example.com>: connect to mx.example.com[192.0.2.1]:25: Connection timed out\n",
  failed:
    "                   The mail system\n\n<ada@example.com>: host mx.example.com[192.0.2.1] said:" +
    " 550 5.1.1 User unknown (in reply to RCPT TO command)\n",
};
const results = Object.entries(TEXTS).map(([name, text]) => [name, new Parser().read(text)]);
for (const [name, { bounce, data }] of results) {
  const { temporary, permanent } = data.error;
  console.log(name.padEnd(10), JSON.stringify({ bounce, recipient: data.recipient, temporary, permanent }));
}
const seen = Object.fromEntries(results);
if (!results.every(([, result]) => result.bounce === true)) {
  console.log("changed: not every text is a bounce");
  process.exit(1);
}
if (seen.delivered.data.recipient !== "ada@example.com" || seen.delayed.data.error.temporary) {
  console.log("changed: the delivered or the delayed message is read in another way");
  process.exit(1);
}
console.log("holds: all five texts are bounces");
JS
node parse.js
