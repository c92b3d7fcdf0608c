# ruff: noqa: E501  # rows of files
"""Mailchimp: https://mailchimp.com/help/view-export-contacts/. The columns after those of the audience's fields, in the
order of its export; the name of a file says what the contacts in it are."""

from __future__ import annotations

import io
import zipfile
from typing import Final

from . import Peer, lines

NOTE: Final = "Contacts that never subscribed are stored, not subscribed. Groups and SMS consent do not come along."
HEADER: Final = (
    "Email Address,First Name,Last Name,Phone Number,Company,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,"
    "LATITUDE,LONGITUDE,GMTOFF,DSTOFF,TIMEZONE,CC,REGION,LAST_CHANGED,LEID,EUID,NOTES,TAGS"
)
OPTIN: Final = "2,2020-01-02 03:04:05,1.2.3.4,2020-03-04 05:06:07,1.2.3.4"
PLACE: Final = "48.2,16.3,1,2,Europe/Vienna,AT,9,2024-01-01 00:00:00,1,abc"
TAIL: Final = f"{OPTIN},{PLACE},,"
SUBSCRIBED: Final = Peer(
    "mailchimp",
    "https://mailchimp.com/help/view-export-contacts/",
    "subscribed_email_audience_export_12ab.csv",
    lines(HEADER),
    [
        (f"ada@x.org,Ada,Lovelace,,ACME,{TAIL}",
         "ada@x.org name=Ada Lovelace email=ada@x.org tz=Europe/Vienna a.company=ACME +news/email@2020-03-04"),
        (f"Bob@x.org,Bob,,,,{TAIL}", "bob@x.org name=Bob email=Bob@x.org tz=Europe/Vienna +news/email@2020-03-04"),
        (f"cy@x.org,,Young,,,{TAIL}", "cy@x.org name=Young email=cy@x.org tz=Europe/Vienna +news/email@2020-03-04"),
        (f'dan@x.org,Dan,,,"Smith, Sons & ""Co""",{TAIL}',
         'dan@x.org name=Dan email=dan@x.org tz=Europe/Vienna a.company=Smith, Sons & "Co" +news/email@2020-03-04'),
        (f'eve@x.org,Eve,,,,{OPTIN},{PLACE},,"""VIP"",""Blog reader"""',
         "eve@x.org name=Eve email=eve@x.org tz=Europe/Vienna a.tags=VIP, Blog reader +news/email@2020-03-04"),
        (f'fay@x.org,Fay,,,,{OPTIN},{PLACE},"a note, private",',
         "fay@x.org name=Fay email=fay@x.org tz=Europe/Vienna +news/email@2020-03-04"),
        ("gus@x.org,Gus,,,,2,2020-01-02 03:04:05,1.2.3.4,,,,,,,,,,2024-01-01 00:00:00,1,abc,,",
         "gus@x.org name=Gus email=gus@x.org +news/email@2020-01-02"),
        ("hal@x.org,Hal,,,,2,,,,,,,,,,,,2024-01-01 00:00:00,1,abc,,", "hal@x.org name=Hal email=hal@x.org +news/email"),
        (f"ida@x.org,Ida,,0664 1234567,,{TAIL}",
         "ida@x.org name=Ida email=ida@x.org tz=Europe/Vienna +news/email@2020-03-04 ~field no_country Phone Number"),
        (f"jo@x.org,Jo,,+43 664 1234567,,{TAIL}",
         "jo@x.org name=Jo email=jo@x.org phone=+436641234567 tz=Europe/Vienna +news/email@2020-03-04"),
        ("kim@x.org,Kim,,,,2,,,2020-03-04 05:06:07,,,,,,US/Nowhere,,,,1,abc,,",
         "kim@x.org name=Kim email=kim@x.org +news/email@2020-03-04 ~field invalid_time_zone time_zone"),
        (f",Lou,,,,{TAIL}", "~rejected invalid_email email"),
        (f"mia@x,Mia,,,,{TAIL}", "~rejected invalid_email email"),
        (f"ned@x.org,Ned,,,ACME,Extra,{TAIL}VIP", "~rejected wrong_columns"),
        (f"ola@x.org,Ola\N{CYRILLIC SMALL LETTER A},,,日本,{TAIL}",
         "ola@x.org name=Ola\N{CYRILLIC SMALL LETTER A} email=ola@x.org tz=Europe/Vienna a.company=日本 +news/email@2020-03-04"),
        (f"pat@x.org,Pat,,,,{TAIL}", "pat@x.org name=Pat email=pat@x.org tz=Europe/Vienna +news/email@2020-03-04 ~skipped duplicate"),
        (f"pat@x.org,Pat,,,,{TAIL}", "pat@x.org name=Pat email=pat@x.org tz=Europe/Vienna +news/email@2020-03-04"),
        (f" qi@x.org ,Qi,,,,{TAIL}", "qi@x.org name=Qi email=qi@x.org tz=Europe/Vienna +news/email@2020-03-04"),
        (f'ray@x.org,"Ray\n",,,,{TAIL}', "ray@x.org name=Ray email=ray@x.org tz=Europe/Vienna +news/email@2020-03-04"),
        (f"sue+list@x.org,Sue,,,,{TAIL}",
         "sue+list@x.org name=Sue email=sue+list@x.org tz=Europe/Vienna +news/email@2020-03-04"),
    ],
    [NOTE],
)  # fmt: skip

GONE: Final = f"{HEADER},UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,UNSUB_CAMPAIGN_ID,UNSUB_REASON,UNSUB_REASON_OTHER"
CLEANED: Final = f"{HEADER},CLEAN_TIME,CLEAN_CAMPAIGN_TITLE,CLEAN_CAMPAIGN_ID"


def _zip(rows: list[str]) -> bytes:
    """The zip of an audience: a file for each kind. A row begins with the kind."""
    packed = io.BytesIO()
    heads = {"subscribed": HEADER, "unsubscribed": GONE, "cleaned": CLEANED, "nonsubscribed": HEADER}
    with zipfile.ZipFile(packed, "w") as target:
        for kind, head in heads.items():
            own = [row.partition(":")[2] for row in rows if row.startswith(f"{kind}:")]
            target.writestr(f"{kind}_email_audience_export_12ab.csv", "\n".join([head, *own, ""]))
    return packed.getvalue()


NO: Final = "2021-01-02 03:04:05,Spring sale,c1"
VIENNA: Final = "tz=Europe/Vienna"
ZIP: Final = Peer(
    "mailchimp",
    "https://mailchimp.com/help/view-export-contacts/",
    "audience_export_12ab.zip",
    _zip,
    [
        (f"subscribed:ada@x.org,Ada,,,,{TAIL}", f"ada@x.org name=Ada email=ada@x.org {VIENNA} +news/email@2020-03-04"),
        (f"subscribed:bob@x.org,Bob,,,,{TAIL}", f"bob@x.org name=Bob email=bob@x.org {VIENNA} +news/email@2020-03-04"),
        (f"subscribed:both@x.org,Bo,,,,{TAIL}",
         f"both@x.org name=Bo email=both@x.org {VIENNA} -news/email@2021-01-02 ~skipped duplicate"),
        (f"subscribed:twice@x.org,Tw,,,,{TAIL}",
         f"twice@x.org name=Tw email=twice@x.org {VIENNA} +news/email@2020-03-04 !twice@x.org bounce@2022-01-02 ~skipped duplicate"),
        (f"subscribed:bad,Ba,,,,{TAIL}", "~rejected invalid_email email"),
        (f"unsubscribed:cy@x.org,Cy,,,,{TAIL},{NO},NORMAL,", f"cy@x.org name=Cy email=cy@x.org {VIENNA} -news/email@2021-01-02"),
        (f"unsubscribed:dan@x.org,Dan,,,,{TAIL},,,,,", f"dan@x.org name=Dan email=dan@x.org {VIENNA} -news/email"),
        (f"unsubscribed:both@x.org,Bo,,,,{TAIL},{NO},OTHER,", f"both@x.org name=Bo email=both@x.org {VIENNA} -news/email@2021-01-02"),
        (f"unsubscribed:eve@x.org,Eve,,,,{TAIL},{NO},SPAM,reported", f"eve@x.org name=Eve email=eve@x.org {VIENNA} -news/email@2021-01-02"),
        (f'unsubscribed:fay@x.org,Fay,,,,{OPTIN},{PLACE},,"""VIP""",{NO},NORMAL,',
         f"fay@x.org name=Fay email=fay@x.org {VIENNA} a.tags=VIP -news/email@2021-01-02"),
        (f"unsubscribed:not an address,No,,,,{TAIL},{NO},NORMAL,", "~rejected invalid_email email"),
        (f"cleaned:gus@x.org,Gus,,,,{TAIL},2022-01-02 03:04:05,Sale,c1",
         f"gus@x.org name=Gus email=gus@x.org {VIENNA} !gus@x.org bounce@2022-01-02"),
        (f"cleaned:hal@x.org,Hal,,,,{TAIL},,,", f"hal@x.org name=Hal email=hal@x.org {VIENNA} !hal@x.org bounce"),
        (f"cleaned:twice@x.org,Tw,,,,{TAIL},2022-01-02 03:04:05,Sale,c1",
         f"twice@x.org name=Tw email=twice@x.org {VIENNA} +news/email@2020-03-04 !twice@x.org bounce@2022-01-02"),
        (f"cleaned:ida@x.org,,,,,{TAIL},yesterday,Sale,c1", f"ida@x.org email=ida@x.org {VIENNA} !ida@x.org bounce"),
        (f"nonsubscribed:jo@x.org,Jo,,,ACME,{TAIL}", f"jo@x.org name=Jo email=jo@x.org {VIENNA} a.company=ACME"),
        (f"nonsubscribed:kim@x.org,Kim,,,,{TAIL}", f"kim@x.org name=Kim email=kim@x.org {VIENNA}"),
        ("nonsubscribed:lou@x.org,Lou,,,,2,,,,,,,,,,,,,1,abc,,", "lou@x.org name=Lou email=lou@x.org"),
        (f"nonsubscribed:mia@x.org,Mia,,+436641234567,,{TAIL}",
         f"mia@x.org name=Mia email=mia@x.org phone=+436641234567 {VIENNA}"),
        (f"nonsubscribed:,Ned,,,,{TAIL}", "~rejected invalid_email email"),
    ],
    [NOTE],
)  # fmt: skip
