# ruff: noqa: E501  # rows of files
"""Amazon Pinpoint: https://docs.aws.amazon.com/pinpoint/latest/developerguide/audience-data-export.html (endpoints as JSON
lines) and https://docs.aws.amazon.com/pinpoint/latest/userguide/segments-importing.html (segments as CSV)."""

from __future__ import annotations

import json
from typing import Any, Final

from . import Peer, lines

NOTE: Final = "Pinpoint keeps no time of consent. Of attributes with several values, the first is imported."


def _endpoint(who: str, kind: str = "EMAIL", address: str = "", **more: Any) -> dict[str, Any]:
    known = {"Id": f"e-{who}", "ChannelType": kind, "Address": address or f"{who}@x.org", "EndpointStatus": "ACTIVE"}
    rest = {"OptOut": "NONE", "EffectiveDate": "2024-01-02T03:04:05.678Z", "User": {"UserId": who}, "Metrics": {}}
    return known | rest | {"ApplicationId": "a", "CohortId": "7", "CreationDate": "2023-01-02T03:04:05.678Z"} | more


def _user(who: str, **attributes: list[str]) -> dict[str, Any]:
    return {"User": {"UserId": who, "UserAttributes": attributes}}


DE: Final[dict[str, Any]] = {"Demographic": {"Platform": "ios", "Locale": "de_AT", "Timezone": "Europe/Vienna"}}
ENDPOINTS: Final = Peer(
    "pinpoint",
    "https://docs.aws.amazon.com/pinpoint/latest/developerguide/audience-data-export.html",
    "endpoints.json",
    lambda rows: "".join(f"{json.dumps(row)}\n" for row in rows),
    [
        (_endpoint("ada", **DE), "ada email=ada@x.org push=apns:t-1 locale=de-AT tz=Europe/Vienna +news/email +news/inbox +news/push"),
        (_endpoint("ada", "APNS", "t-1", **DE), "ada email=ada@x.org push=apns:t-1 locale=de-AT tz=Europe/Vienna +news/email +news/inbox +news/push"),
        (_endpoint("bob", "SMS", "+436641234567"), "bob phone=+436641234567 +news/inbox +news/sms"),
        (_endpoint("cy", "GCM", "g-1"), "cy push=fcm:g-1 +news/inbox +news/push"),
        (_endpoint("dan", OptOut="ALL"), "dan email=dan@x.org !dan@x.org opt_out"),
        (_endpoint("eve", "SMS", "+436641234568", OptOut="ALL"), "eve phone=+436641234568 !+436641234568 opt_out"),
        (_endpoint("fay", "GCM", "g-2", OptOut="ALL"), "~skipped opted_out"),
        (_endpoint("gus", EndpointStatus="INACTIVE"), "~skipped inactive EndpointStatus"),
        (_endpoint("hal", EndpointStatus="INACTIVE", OptOut="ALL"), "!hal@x.org opt_out ~skipped inactive EndpointStatus"),
        (_endpoint("ida", "BAIDU", "b-1"), "~skipped no_such_channel ChannelType"),
        (_endpoint("jo", User={}), "e-jo email=jo@x.org +news/email +news/inbox"),
        (_endpoint("kim", Id="", User={}), "~rejected missing User.UserId"),
        (_endpoint("lou", Id="", User={}, OptOut="ALL"), "!lou@x.org opt_out ~skipped no_user"),
        (_endpoint("mia", **_user("mia", FirstName=["Mia"], LastName=["M"], plan=["pro", "basic"])),
         "mia name=Mia M email=mia@x.org a.plan=pro +news/email +news/inbox"),
        (_endpoint("ned", Attributes={"Home City": ["Graz"], "empty": []}), "ned email=ned@x.org a.home_city=Graz +news/email +news/inbox"),
        (_endpoint("ola", "SMS", "0664 1234567"), "ola +news/inbox ~field no_country Address"),
        (_endpoint("pat", address="old@x.org", EffectiveDate="2023-01-01T00:00:00.000Z"),
         "pat email=pat@x.org +news/email +news/inbox ~skipped another_address"),
        (_endpoint("pat"), "pat email=pat@x.org +news/email +news/inbox"),
        (_endpoint("qi", "EMAIL", "not an address"), "qi +news/inbox ~field invalid_email email"),
        (_endpoint("ray", Demographic={"Timezone": "Vienna"}), "ray email=ray@x.org +news/email +news/inbox ~field invalid_time_zone time_zone"),
    ],
    [NOTE],
)  # fmt: skip

SEGMENT: Final = Peer(
    "pinpoint",
    "https://docs.aws.amazon.com/pinpoint/latest/userguide/segments-importing.html",
    "segment.csv",
    lines("ChannelType,Address,OptOut,EndpointStatus,Id,User.UserId,User.UserAttributes.FirstName,Attributes.plan,Demographic.Locale"),
    [
        ("EMAIL,ada@x.org,NONE,ACTIVE,e1,ada,Ada,pro,en_GB", "ada name=Ada email=ada@x.org phone=+447700900123 locale=en-GB a.plan=pro +news/email +news/inbox +news/sms"),
        ("SMS,+447700900123,NONE,ACTIVE,e2,ada,Ada,pro,en_GB", "ada name=Ada email=ada@x.org phone=+447700900123 locale=en-GB a.plan=pro +news/email +news/inbox +news/sms"),
        ("email,bob@x.org,,,e3,bob,,,", "bob email=bob@x.org +news/email +news/inbox"),
        ("EMAIL,cy@x.org,ALL,ACTIVE,e4,cy,,,", "cy email=cy@x.org !cy@x.org opt_out"),
        ("EMAIL,dan@x.org,YES,ACTIVE,e5,dan,,,", "dan email=dan@x.org !dan@x.org opt_out"),
        ("EMAIL,eve@x.org,none,active,e6,eve,,,", "eve email=eve@x.org +news/email +news/inbox"),
        ("EMAIL,fay@x.org,NONE,INACTIVE,e7,fay,,,", "~skipped inactive EndpointStatus"),
        ("EMAIL,gus@x.org,NONE,ACTIVE,,,,,", "~rejected missing User.UserId"),
        ("EMAIL,hal@x.org,NONE,ACTIVE,e9,,,,", "e9 email=hal@x.org +news/email +news/inbox"),
        ("FAX,ida,NONE,ACTIVE,e10,ida,,,", "~rejected not_allowed ChannelType"),
        (",jo@x.org,NONE,ACTIVE,e11,jo,,,", "~rejected missing ChannelType"),
        ("EMAIL,,NONE,ACTIVE,e12,kim,,,", "~rejected missing Address"),
        ('EMAIL,lou@x.org,NONE,ACTIVE,e13,lou,"Lou, jr.",,', "lou name=Lou, jr. email=lou@x.org +news/email +news/inbox"),
        ("ADM,x,NONE,ACTIVE,e14,mia,,,", "~skipped no_such_channel ChannelType"),
        ("VOICE,+447700900124,NONE,ACTIVE,e15,ned,,,", "~skipped no_such_channel ChannelType"),
        ("SMS,+43 664 1234567,NONE,ACTIVE,e16,ola,,,", "ola phone=+436641234567 +news/inbox +news/sms"),
        ("SMS,+436641234567 Eva,NONE,ACTIVE,e17,pat,,,", "pat +news/inbox ~field invalid_phone Address"),
        ("EMAIL,qi@x.org,NONE,ACTIVE,e18,Qi Li,,,", "~rejected invalid_id id"),
        ("EMAIL,ray@x.org,NONE,ACTIVE,e19", "~rejected wrong_columns"),
        ("EMAIL,Sue@X.org,NONE,ACTIVE,e20,sue,Sue,,ja_JP", "sue name=Sue email=Sue@X.org locale=ja-JP +news/email +news/inbox"),
    ],
    [NOTE],
)  # fmt: skip
