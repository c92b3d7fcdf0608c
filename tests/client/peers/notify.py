# ruff: noqa: E501, RUF001  # rows of files
"""GOV.UK Notify: recipients (alphagov/notifications-utils, recipients.py: names of columns in any case, with spaces, `_` or
`-`), and the report of unsubscribe requests (alphagov/notifications-admin). NotifyBC: bcgov/NotifyBC, the model
`subscription`, as mongoexport writes it."""

from __future__ import annotations

import json
from typing import Any, Final

from . import Peer, lines

NOTE: Final = "Notify keeps no consents. Recipients are recognised with --from govuk-notify only."
RECIPIENTS: Final = Peer(
    "govuk-notify",
    "alphagov/notifications-utils, notifications_utils/recipients.py",
    "recipients.csv",
    lines("Email_Address,phone-number,Name,Ref No"),
    [
        ("ada@x.org,,Ada,7", "ada@x.org name=Ada email=ada@x.org a.ref_no=7 +news/email"),
        ("bob@x.org,07700 900123,Bob,", "bob@x.org name=Bob email=bob@x.org phone=+447700900123 +news/email +news/sms"),
        (",07700900124,Cy,", "_+447700900124 name=Cy phone=+447700900124 +news/sms"),
        (",+44 7700 900125,Dan,", "_+447700900125 name=Dan phone=+447700900125 +news/sms"),
        (",+43 664 1234567,Eve,", "_+436641234567 name=Eve phone=+436641234567 +news/sms"),
        (",(07700) 900-126,Fay,", "_+447700900126 name=Fay phone=+447700900126 +news/sms"),
        (",07700 900127 Gus,Gus,", "~rejected invalid_phone phone number"),
        (",07700 900128#,Hal,", "~rejected invalid_phone phone number"),
        (",123,Ida,", "~rejected invalid_phone phone number"),
        (",,Jo,", "~rejected missing email address"),
        ("kim,,Kim,", "~rejected invalid_email email"),
        ("lou@x.org,12,Lou,", "lou@x.org name=Lou email=lou@x.org +news/email ~field invalid_phone phone number"),
        ("MIA@X.ORG,,Mia,", "mia@x.org name=Mia email=MIA@X.ORG +news/email"),
        ("ned@x.org,,,", "ned@x.org email=ned@x.org +news/email"),
        ('ola@x.org,,"O\'Neil, Ola",', "ola@x.org name=O'Neil, Ola email=ola@x.org +news/email"),
        ("pat@x.org,,Pat,1,2", "~rejected wrong_columns"),
        ("qi@x.org,00447700900129,Qi,", "qi@x.org name=Qi email=qi@x.org phone=+447700900129 +news/email +news/sms"),
        ("ray@x.org,,Ray,a", "ray@x.org name=Ray email=ray@x.org a.ref_no=b +news/email ~skipped duplicate"),
        ("ray@x.org,,Ray,b", "ray@x.org name=Ray email=ray@x.org a.ref_no=b +news/email"),
        (",７７００９００１３０,Sue,", "_+447700900130 name=Sue phone=+447700900130 +news/sms"),
    ],
    [NOTE],
    recognised=False,
)  # fmt: skip

AT: Final = '"Tue, 16 Jul 2024 17:44:20 GMT","Thu, 18 Jul 2024 17:44:20 GMT"'
REPORT: Final = Peer(
    "govuk-notify",
    "alphagov/notifications-admin, app/main/views/unsubscribe_requests.py",
    "report.csv",
    lines("Email address,Template name,Uploaded spreadsheet file name,Template sent at,Unsubscribe request received at"),
    [
        *((f"p{n}@x.org,Reminder,list.csv,{AT}", f"!p{n}@x.org opt_out@2024-07-18") for n in range(12)),
        (f"p0@x.org,Letter,N/A,{AT}", "!p0@x.org opt_out@2024-07-18"),
        (f"UP@X.org,Reminder,N/A,{AT}", "!up@x.org opt_out@2024-07-18"),
        (f'q@x.org,"Fees, 2024 ""new""",N/A,{AT}', "!q@x.org opt_out@2024-07-18"),
        ("r@x.org,Reminder,N/A,2024-07-16 17:44:20,2024-07-18 17:44:20", "!r@x.org opt_out@2024-07-18"),
        ("s@x.org,Reminder,N/A,,", "!s@x.org opt_out"),
        ("t@x.org,Reminder,N/A,then,now", "!t@x.org opt_out"),
        (f"not an address,Reminder,N/A,{AT}", "~rejected invalid_email email"),
        (f",Reminder,N/A,{AT}", "~rejected invalid_email email"),
    ],
    [NOTE],
)  # fmt: skip


def _said(who: str, **more: Any) -> dict[str, Any]:
    known = {"_id": {"$oid": who}, "serviceName": "news", "channel": "email", "userChannelId": f"{who}@x.org"}
    rest = {"state": "confirmed", "created": {"$date": "2022-01-02T03:04:05.678Z"}, "unsubscriptionCode": "12345"}
    return known | rest | more


LATER: Final = {"updated": {"$date": "2023-01-02T03:04:05Z"}}
NOTIFYBC: Final = Peer(
    "notifybc",
    "bcgov/NotifyBC, the model subscription",
    "subscriptions.json",
    lambda rows: "".join(f"{json.dumps(row)}\n" for row in rows),
    [
        (_said("ada"), "ada@x.org email=ada@x.org +news/email@2022-01-02"),
        (_said("bob", state="deleted", **LATER), "bob@x.org email=bob@x.org -news/email@2023-01-02"),
        (_said("cy", state="unconfirmed"), "cy@x.org email=cy@x.org"),
        (_said("dan", userId="dan-7"), "dan-7 email=dan@x.org +news/email@2022-01-02"),
        (_said("eve", userId="idir\\eve"), "idir~5Ceve email=eve@x.org +news/email@2022-01-02"),
        (_said("fay", channel="sms", userChannelId="604-250-0123"), "_+16042500123 phone=+16042500123 +news/sms@2022-01-02"),
        (_said("gus", channel="sms", userChannelId="12"), "~rejected invalid_phone"),
        (_said("hal", channel="inApp"), "~skipped no_such_channel channel"),
        (_said("ida", serviceName="Flood Alerts"), "ida@x.org email=ida@x.org +flood-alerts/email@2022-01-02"),
        (_said("jo", serviceName="Flood Alerts", state="deleted"), "jo@x.org email=jo@x.org -flood-alerts/email@2022-01-02"),
        (_said("kim", userChannelId="kim"), "~rejected invalid_email email"),
        (_said("lou", userChannelId=None), "~rejected invalid_email email"),
        (_said("mia", data={"region": "coast", "sites": [1]}),
         "mia@x.org email=mia@x.org a.region=coast +news/email@2022-01-02 ~field attribute sites"),
        (_said("ned", created="2022-01-02T03:04:05.678Z"), "ned@x.org email=ned@x.org +news/email@2022-01-02"),
        (_said("ola", created=None), "ola@x.org email=ola@x.org +news/email"),
        (_said("pat"), "pat@x.org email=pat@x.org -news/email@2023-01-02 ~skipped duplicate"),
        (_said("pat", state="deleted", **LATER), "pat@x.org email=pat@x.org -news/email@2023-01-02"),
        (_said("qi", state="bounced"), "qi@x.org email=qi@x.org"),
        (_said("ray", broadcastPushNotificationFilter="contains_ci(a,'b')"),
         "ray@x.org email=ray@x.org +news/email@2022-01-02 ~field filter broadcastPushNotificationFilter"),
        ({"channel": "email", "userChannelId": "sue@x.org", "state": "confirmed"}, "~rejected unexpected"),
    ],
)  # fmt: skip
