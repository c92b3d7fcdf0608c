"""`python -m tests.spam`: every starter, as SES hands it over, judged by SpamAssassin and rspamd without network.

Debian's packages `spamassassin` and `rspamd` have both. SPAMASSASSIN and RSPAMD may hold other commands, with options.
Exits with 1 if a mail gets more points than `LIMIT`, or if a filter is missing.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any, Final

import urllib3
from fanfare_client import folders, starters

from tests.client.deployment import Deployment

LIMIT: Final = 1.0  # points; a filter's default to reject is 5 to 15
PORT: Final = 11_933
STARTING: Final = 180.0  # seconds: rspamd compiles its patterns
LEAVE: Final = (
    "https://notify.example.com/v1/unsubscribe/WyJhZGEiLCJvcmRlcnMiLCJlbWFpbCJd.hgUVpQQzcT68DAH5RahuU89T3DMF7xO1FaI"
)
SCORE: Final = re.compile(r"score=(-?[0-9.]+) .*?tests=(\S*)", re.DOTALL)
# Asks of nobody else, learns nothing, and knows no mail from before
OFFLINE: Final = {
    "options.inc": 'dns { nameserver = ["127.0.0.1:9"]; timeout = 0.05s; retransmits = 1; }',
    "worker-normal.inc": f'bind_socket = "127.0.0.1:{PORT}"; count = 1;',
    **dict.fromkeys(("worker-proxy.inc", "worker-controller.inc", "worker-fuzzy.inc"), "enabled = false;"),
    **dict.fromkeys(
        (
            f"{module}.conf"
            for module in ("rbl", "fuzzy_check", "asn", "greylist", "ratelimit", "history_redis", "neural", "replies")
        ),
        "enabled = false;",
    ),
}


def mails() -> Iterator[tuple[str, bytes]]:
    client = Deployment().client()
    client.brand.put(name="Example Shop", url="https://www.example.com", address="1 High Street, Vienna")
    for name, folder in folders.templates_in(starters.FOLDER).items():
        client.templates.put(name, **folders.read(folder))
    for name in starters.names()[1:]:
        for locale in ("en", "de"):
            parts = client.templates.preview(name, channel="email", locale=locale)
            yield f"{name} {locale}", _as_sent(parts)


def _as_sent(parts: Mapping[str, Any]) -> bytes:
    """With the headers of Fanfare, of SES, and of the server that takes it."""
    mail = EmailMessage(policy=SMTP)
    taken = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime())
    mail["Received"] = (
        "from a6-12.smtp-out.eu-central-1.amazonses.com (a6-12.smtp-out.eu-central-1.amazonses.com [54.240.6.12])"
        f" by mx.example.net (Postfix) with ESMTPS id 4XyZ12 for <ada@example.net>; {taken}"
    )
    mail["From"] = "Example Shop <news@example.com>"
    mail["To"] = "Ada <ada@example.net>"
    mail["Subject"] = parts["subject"]
    mail["Date"] = taken
    mail["Message-ID"] = "<0107019a2b3c4d5e-6f708192-a3b4-c5d6-e7f8-091a2b3c4d5e-000000@eu-central-1.amazonses.com>"
    mail["List-Unsubscribe"] = f"<{LEAVE}>"
    mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail["List-Id"] = "<orders.example.com>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["Feedback-ID"] = "orders:prod:1.eu-central-1.dGVzdA==:AmazonSES"
    html, text = (parts[part].replace("https://example.com/v1/unsubscribe/example", LEAVE) for part in ("html", "text"))
    mail.set_content(text, cte="quoted-printable")
    mail.add_alternative(html, subtype="html", cte="quoted-printable")
    return mail.as_bytes()


def by_spamassassin(mail: bytes) -> tuple[float, str]:
    """Points, and the rules that gave some."""
    command = [*shlex.split(os.environ.get("SPAMASSASSIN", "spamassassin")), "--local", "--test-mode"]
    done = subprocess.run(command, input=mail, capture_output=True, check=True)  # noqa: S603 - the filter
    found = SCORE.search(done.stdout.decode(errors="replace"))
    if found is None:
        sys.exit(f"SpamAssassin said no score: {done.stderr.decode(errors='replace')[-500:]}")
    return float(found[1]), found[2]


@contextmanager
def rspamd() -> Iterator[None]:
    """Its scanner, on loopback."""
    with tempfile.TemporaryDirectory() as folder:
        local = Path(folder, "local.d")
        local.mkdir()
        for name, said in OFFLINE.items():
            (local / name).write_text(said)
        places = [f"--var={name}={folder}" for name in ("LOCAL_CONFDIR", "DBDIR", "RUNDIR", "LOGDIR")]
        command = [*shlex.split(os.environ.get("RSPAMD", "rspamd -c /etc/rspamd/rspamd.conf")), "-f", "-i", *places]
        with Path(folder, "out").open("wb") as out:
            process = subprocess.Popen(command, stdout=out, stderr=out)  # noqa: S603 - the filter
        try:
            yield
        finally:
            process.terminate()
            process.wait(30)


def by_rspamd(mail: bytes) -> tuple[float, str]:
    """Points, and the rules that gave some."""
    answer = urllib3.request("POST", f"http://127.0.0.1:{PORT}/checkv2", body=mail, retries=False, timeout=30)
    found = json.loads(answer.data)
    return found["score"], ",".join(sorted(name for name, each in found["symbols"].items() if each["score"] > 0))


def ready() -> None:
    deadline = time.monotonic() + STARTING
    while time.monotonic() < deadline:
        try:
            urllib3.request("GET", f"http://127.0.0.1:{PORT}/ping", retries=False, timeout=2)
        except urllib3.exceptions.HTTPError:
            time.sleep(1)
        else:
            return
    sys.exit("rspamd does not answer.")


def main() -> int:
    for name in ("SPAMASSASSIN", "RSPAMD"):
        if name not in os.environ and shutil.which(name.lower()) is None:
            print(f"{name.lower()} is not installed. On Debian: apt-get install spamassassin rspamd", file=sys.stderr)
            return 1
    worst = 0.0
    with rspamd():
        ready()
        for name, mail in mails():
            for filter_, (points, rules) in (("SpamAssassin", by_spamassassin(mail)), ("rspamd", by_rspamd(mail))):
                worst = max(worst, points)
                print(f"{name:24} {filter_:13} {points:5.1f}  {rules}")
    print(f"at most {worst:.1f} points; the limit is {LIMIT:g}")
    return int(worst > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
