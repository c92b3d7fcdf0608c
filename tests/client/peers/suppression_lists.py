# ruff: noqa: E501  # rows of files
"""Brevo: https://developers.brevo.com/reference/get-transac-blocked-contacts. SendGrid: the CSV of its console and
https://www.twilio.com/docs/sendgrid/api-reference (bounces, blocks, spam reports, unsubscribes, groups)."""

from __future__ import annotations

import json
from typing import Any, Final

from . import Peer, lines


def _blocked(address: str | None, code: str, **more: Any) -> dict[str, Any]:
    reason = {"code": code, "message": "as Brevo says it"}
    return {
        "email": address,
        "senderEmail": "shop@x.org",
        "reason": reason,
        "blockedAt": "2021-02-03T04:05:06.000+01:00",
    } | more


BREVO: Final = Peer(
    "brevo",
    "https://developers.brevo.com/reference/get-transac-blocked-contacts",
    "blocked.json",
    lambda rows: json.dumps({"contacts": rows, "count": len(rows)}),
    [
        *((_blocked(f"b{n}@x.org", "hardBounce"), f"!b{n}@x.org bounce@2021-02-03") for n in range(6)),
        *((_blocked(f"c{n}@x.org", "contactFlaggedAsSpam"), f"!c{n}@x.org complaint@2021-02-03") for n in range(3)),
        (_blocked("d@x.org", "adminBlocked"), "!d@x.org manual@2021-02-03"),
        (_blocked("e@x.org", "unsubscribedViaMA"), "!e@x.org opt_out@2021-02-03"),
        (_blocked("f@x.org", "unsubscribedViaEmail"), "!f@x.org opt_out@2021-02-03"),
        (_blocked("g@x.org", "unsubscribedViaApi"), "!g@x.org opt_out@2021-02-03"),
        (_blocked("h@x.org", "somethingNew"), "!h@x.org opt_out@2021-02-03"),
        (_blocked("i@x.org", "", reason=None), "!i@x.org opt_out@2021-02-03"),
        (_blocked("j@x.org", "hardBounce", blockedAt=None), "!j@x.org bounce"),
        (_blocked("K@X.org", "hardBounce"), "!k@x.org bounce@2021-02-03"),
        (_blocked("b0@x.org", "unsubscribedViaMA", senderEmail="news@x.org"), "!b0@x.org bounce@2021-02-03"),
        (_blocked("no address", "hardBounce"), "~rejected invalid_email email"),
        (_blocked(None, "hardBounce"), "~rejected invalid_email email"),
    ],
)  # fmt: skip

DAY: Final = "1609459200"  # 2021-01-01
BOUNCES: Final = Peer(
    "sendgrid",
    "https://www.twilio.com/docs/sendgrid/ui/sending-email/bounces: the CSV of the console",
    "suppression_bounces.csv",
    lines("status,reason,email,created"),
    [
        *((f"5.1.1,550 5.1.1 gone,b{n}@x.org,{DAY}", f"!b{n}@x.org bounce@2021-01-01") for n in range(11)),
        (f'5.0.0,"550 no, ""never""",q@x.org,{DAY}', "!q@x.org bounce@2021-01-01"),
        (f'5.1.1,"550 in\ntwo lines",r@x.org,{DAY}', "!r@x.org bounce@2021-01-01"),
        (f",,s@x.org,{DAY}", "!s@x.org bounce@2021-01-01"),
        ("5.1.1,gone,t@x.org,", "!t@x.org bounce"),
        ("5.1.1,gone,t2@x.org,2021-01-01T00:00:00Z", "!t2@x.org bounce@2021-01-01"),
        (f"5.1.1,gone,B0@X.org,{DAY}", "!b0@x.org bounce@2021-01-01"),
        (f"5.1.1,gone,,{DAY}", "~rejected invalid_email email"),
        (f"5.1.1,gone,not an address,{DAY}", "~rejected invalid_email email"),
        (f"5.1.1,gone, u@x.org ,{DAY}", "!u@x.org bounce@2021-01-01"),
    ],
)  # fmt: skip
BLOCKS: Final = Peer(
    "sendgrid",
    "https://www.twilio.com/docs/sendgrid/ui/sending-email/blocks: addresses that SendGrid goes on writing to",
    "suppression_blocks.csv",
    lines("status,reason,email,created"),
    [(f"4.0.0,connection refused,b{n}@x.org,{DAY}", "~skipped blocked_once") for n in range(20)],
)


def _group(address: str, group: str = "News", **more: Any) -> dict[str, Any]:
    return {"email": address, "group_id": 1, "group_name": group, "created_at": 1609459200} | more


GROUPS: Final = Peer(
    "sendgrid",
    "https://www.twilio.com/docs/sendgrid/api-reference/suppressions-suppressions: GET /v3/asm/suppressions",
    "groups.json",
    json.dumps,
    [
        *((_group(f"p{n}@x.org"), f"p{n}@x.org email=p{n}@x.org -news/email@2021-01-01") for n in range(10)),
        (_group("q@x.org", "Weekly Deals"), "q@x.org email=q@x.org -weekly-deals/email@2021-01-01"),
        (_group("r@x.org"), "r@x.org email=r@x.org -news/email@2021-01-01 -weekly-deals/email@2021-01-01 ~skipped duplicate"),
        (_group("r@x.org", "Weekly Deals"), "r@x.org email=r@x.org -news/email@2021-01-01 -weekly-deals/email@2021-01-01"),
        (_group("s@x.org", "Ofertas & más"), "s@x.org email=s@x.org -ofertas-m-s-c45746ff/email@2021-01-01"),
        (_group("T@X.org"), "t@x.org email=T@X.org -news/email@2021-01-01"),
        (_group("u@x.org", created_at=None), "u@x.org email=u@x.org -news/email"),
        (_group("v@x.org", ""), "!v@x.org opt_out@2021-01-01"),
        (_group("w+x@x.org"), "w+x@x.org email=w+x@x.org -news/email@2021-01-01"),
        (_group("nobody"), "~rejected invalid_email email"),
        (_group(""), "~rejected invalid_email email"),
    ],
)  # fmt: skip
