#!/usr/bin/env bash
# flufl.bounce 6.0.0
#
# Expected: the library that Mailman uses finds the failed recipient of a standard bounce. RFC 6533 only renames the
#   machine-readable part, to message/global-delivery-status, for mail that was sent with SMTPUTF8. Postfix writes it.
# What happens: the same report, with the same address in plain ASCII, is found under the old name of the part and is
#   overlooked under the new one. The result is empty, as for a message that is not a bounce, also with the text
#   that Postfix puts in front.
# Who is hurt: a sender with international addresses or subjects: such mail goes out with SMTPUTF8. Dead addresses
#   are never suppressed, and the reputation of the domain suffers.
# Seen: 2026-11-28. Source: RFC 6533, sections 3 and 4.
set -euo pipefail
export TZ=UTC LC_ALL=C.UTF-8
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"${PYTHON:-python3}" -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check --no-compile flufl.bounce==6.0.0
venv/bin/python - <<'PYTHON'
import email
import sys
from importlib.metadata import version

from flufl.bounce import all_failures

REPORT = """\
From: MAILER-DAEMON@mx.example.net
To: bounces@news.example.org
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: text/plain; charset=utf-8

This is the mail system at host mx.example.net.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.

                   The mail system

<ada@example.com>: host mx.example.com[192.0.2.1] said: 550 5.1.1 User unknown
    (in reply to RCPT TO command)

--B
Content-Type: message/{part}

Reporting-MTA: dns; mx.example.net

Final-Recipient: {type}; ada@example.com
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 User unknown

--B
Content-Type: text/rfc822-headers

From: news@news.example.org
Subject: News

--B--
"""


def failed(part: str, kind: str) -> set[bytes]:
    temporary, permanent = all_failures(email.message_from_string(REPORT.format(part=part, type=kind)))
    print(f"message/{part}: temporary {set(temporary)}, permanent {set(permanent)}")
    return set(temporary | permanent)


print("flufl.bounce", version("flufl.bounce"))
if failed("delivery-status", "rfc822") != {b"ada@example.com"}:
    sys.exit("changed: the recipient of an ordinary bounce is not found")
if failed("global-delivery-status", "utf-8"):
    sys.exit("changed: the recipient of a bounce in the form of RFC 6533 is found")
print("holds: a bounce in the form of RFC 6533 is not seen")
PYTHON
