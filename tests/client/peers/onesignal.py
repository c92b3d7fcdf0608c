# ruff: noqa: E501  # rows of files
"""OneSignal: https://documentation.onesignal.com/reference/csv-export, gzipped, with the extra fields external_user_id,
notification_types and timezone_id."""

from __future__ import annotations

import gzip
from typing import Final

from . import Peer

HEADER: Final = (
    "id,identifier,session_count,language,timezone,game_version,device_os,device_type,device_model,ad_id,tags,"
    "last_active,playtime,amount_spent,created_at,invalid_identifier,badge_count,external_user_id,notification_types,timezone_id"
)


def _row(
    user: str, kind: int, address: str, *, types: str = "1", tags: str = "{}", bad: str = "f", at: str = "2024-01-02", zone: str = "Europe/Vienna", language: str = "de"
) -> str:  # fmt: skip
    quoted = tags.replace('"', '""')
    return (
        f'p-{user},{address},3,{language},3600,1.0,17.1,{kind},"iPhone15,2",,"{quoted}",{at} 03:04:05,12,0,'
        f"2023-01-02 03:04:05,{bad},0,{user},{types},{zone}"
    )


DE: Final = "locale=de tz=Europe/Vienna"
EXPORT: Final = Peer(
    "onesignal",
    "https://documentation.onesignal.com/reference/csv-export",
    "users_184948440ec0e334728e87228011ff41_2024-11-10.csv.gz",
    lambda rows: gzip.compress("".join(f"{row}\n" for row in [HEADER, *rows]).encode()),
    [
        (_row("ada", 0, "ios1"), f"ada email=ada@x.org push=apns:ios1 {DE} +news/email +news/push"),
        (_row("ada", 11, "ada@x.org"), f"ada email=ada@x.org push=apns:ios1 {DE} +news/email +news/push"),
        (_row("bob", 1, "android1", types="-2"), "~skipped opted_out"),
        (_row("bob", 11, "bob@x.org", types="-2"), f"bob email=bob@x.org {DE} !bob@x.org opt_out"),
        (_row("cy", 14, "+436641234567"), f"cy phone=+436641234567 {DE} +news/sms"),
        (_row("dan", 14, "+436641234568", types="-2"), f"dan phone=+436641234568 {DE} !+436641234568 opt_out"),
        (_row("eve", 1, "android2", bad="t"), "~skipped invalid_identifier invalid_identifier"),
        (_row("fay", 5, "https://fcm.googleapis.com/x"), "~skipped no_such_channel device_type"),
        (_row("gus", 1, "android3", types=""), f"gus push=fcm:android3 {DE} +news/push"),
        (_row("hal", 0, "ios2", types="0"), f"hal push=apns:ios2 {DE}"),
        (_row("ida", 0, ""), "~rejected missing identifier"),
        (_row("", 11, "jo@x.org").replace("p-,", "91f-7,", 1), f"91f-7 email=jo@x.org {DE} +news/email"),
        (_row("kim", 11, "kim@x.org", tags='{"plan": "pro", "seats": "3"}'),
         f"kim email=kim@x.org {DE} a.plan=pro a.seats=3 +news/email"),
        (_row("lou", 11, "lou@x.org", tags='{"plan"=>"pro", "Level"=>"2"}'),
         f"lou email=lou@x.org {DE} a.plan=pro a.level=2 +news/email"),
        (_row("mia", 11, "mia@x.org", tags="broken {"), f"mia email=mia@x.org {DE} a.tags=broken {{ +news/email"),
        (_row("ned", 11, "ned@x.org", zone="", language=""), "ned email=ned@x.org +news/email"),
        (_row("ola", 11, "ola@x.org", at="2024-01-01"), f"ola email=new@x.org {DE} +news/email ~skipped another_address"),
        (_row("ola", 11, "new@x.org", at="2024-02-01"), f"ola email=new@x.org {DE} +news/email"),
        (_row("pat", 14, "0664 1234567"), f"pat {DE} ~field no_country identifier"),
        (_row("qi", 11, "qi@x.org", zone="Mars/Base"), "qi email=qi@x.org locale=de +news/email ~field invalid_time_zone time_zone"),
    ],
    ["Refusals are in the column notification_types: name it in extra_fields. No times of consent are kept."],
)  # fmt: skip
