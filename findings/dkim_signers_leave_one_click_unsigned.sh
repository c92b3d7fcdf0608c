#!/usr/bin/env bash
# dkimpy 1.1.8 and mailauth 7.1.0 (compared with nodemailer 10.6.1)
#
# Expected: a signer that covers List-Unsubscribe by default covers List-Unsubscribe-Post, too. RFC 8058 is from 2017,
#   and requires a signature over both; the large mailboxes have required one-click of bulk senders since 2024.
# What happens: the default lists of dkimpy and of mailauth have the first header and lack the second. The signature
#   is valid, and one-click is void. nodemailer signs both.
# Who is hurt: a sender who signs with the defaults. DKIM passes in every check, and the mailbox shows no button, or
#   counts the mail as without one-click.
# Seen: 2026-11-28. Source: RFC 8058, section 4 (the DKIM-Signature header must cover both headers).
set -euo pipefail
export TZ=UTC LC_ALL=C.UTF-8
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check --no-compile dkimpy==1.1.8 cryptography==50.0.2
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund mailauth@7.1.0 nodemailer@10.6.1
printf '%s\r\n' 'From: news@example.org' 'To: ada@example.com' 'Subject: News' \
  'List-Unsubscribe: <https://example.org/u/1>' 'List-Unsubscribe-Post: List-Unsubscribe=One-Click' '' 'Hello' >mail
cat >sign.py <<'PYTHON'
from importlib.metadata import version

import dkim
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import rsa

key = rsa.generate_private_key(65537, 2048)
pem = key.private_bytes(s.Encoding.PEM, s.PrivateFormat.TraditionalOpenSSL, s.NoEncryption())
open("key", "wb").write(pem)
print("dkimpy", version("dkimpy"))
print(dkim.sign(open("mail", "rb").read(), b"s", b"example.org", pem).decode())
PYTHON
cat >sign.js <<'JS'
const fs = require("node:fs");
const signing = { signingDomain: "example.org", selector: "s", privateKey: fs.readFileSync("key", "utf8") };
(async () => {
  if (process.argv[2] === "mailauth") {
    console.log("mailauth", require("mailauth/package.json").version);
    const { dkimSign } = require("mailauth/lib/dkim/sign");
    const signed = await dkimSign(fs.readFileSync("mail"), { signatureData: [signing] });
    return console.log(signed.signatures);
  }
  const nodemailer = require("nodemailer");
  console.log("nodemailer", require("nodemailer/package.json").version);
  const dkim = { domainName: "example.org", keySelector: "s", privateKey: signing.privateKey };
  const transport = nodemailer.createTransport({ streamTransport: true, buffer: true, dkim });
  const headers = {
    "List-Unsubscribe": "<https://example.org/u/1>",
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
  };
  const sent = await transport.sendMail({ from: "news@example.org", to: "ada@example.com", text: "Hello", headers });
  console.log(sent.message.toString());
})();
JS
# The names in the tag h= of a signature, in small letters, one per line.
covered() {
  tr -d '\r\n\t ' <"$1" | grep -oE ';h=[^;]+' | head -1 | cut -c4- | tr ':A-Z' '\na-z'
}
venv/bin/python sign.py >dkimpy
node sign.js mailauth >mailauth
node sign.js nodemailer >nodemailer
for signer in dkimpy mailauth nodemailer; do
  head -1 "$signer"
  echo "  covers $(covered "$signer" | sort -u | paste -sd ' ')"
  covered "$signer" | grep -qx list-unsubscribe || { echo "changed: $signer does not sign List-Unsubscribe"; exit 1; }
done
for signer in dkimpy mailauth; do
  if covered "$signer" | grep -qx list-unsubscribe-post; then
    echo "changed: $signer signs List-Unsubscribe-Post by default"
    exit 1
  fi
done
covered nodemailer | grep -qx list-unsubscribe-post || { echo "changed: nodemailer does not sign it either"; exit 1; }
echo "holds: dkimpy and mailauth leave List-Unsubscribe-Post unsigned"
