# ruff: noqa: E501  # rows of files
"""listmonk: knadh/listmonk, cmd/subscribers.go, ExportSubscribers (CSV; times as Go prints them), and GetSubscribers
(JSON, models.Subscriber with lists of models.Lists)."""

from __future__ import annotations

import json
from typing import Any, Final

from . import Peer, lines

HEADER: Final = "uuid,email,name,attributes,status,created_at,updated_at"
T: Final = "2024-01-02 03:04:05.678901 +0000 UTC,2024-01-02 03:04:05 +0000 UTC"
LEFT: Final = "2024-01-02 03:04:05 +0000 UTC,2025-05-06 23:30:00.5 -0300 -03"

CSV: Final = Peer(
    "listmonk",
    "knadh/listmonk, cmd/subscribers.go, ExportSubscribers",
    "subscribers.csv",
    lines(HEADER),
    [
        (f"u1,ada@x.org,Ada,{{}},enabled,{T}", "ada@x.org name=Ada L email=ADA@x.org +news/email !ada@x.org opt_out@2025-05-07 ~skipped another_address"),
        (f"u2,Bob@X.org,Bob,{{}},enabled,{T}", "bob@x.org name=Bob email=Bob@X.org +news/email"),
        (f'u3,cy@x.org,Cy,"{{""city"": ""Wien"", ""age"": 41, ""ok"": true}}",enabled,{T}',
         "cy@x.org name=Cy email=cy@x.org a.city=Wien a.age=41 a.ok=True +news/email"),
        (f'u4,dan@x.org,Dan,"{{""tags"": [""a""], ""deep"": {{""x"": 1}}, ""none"": null}}",enabled,{T}',
         "dan@x.org name=Dan email=dan@x.org +news/email ~field attribute deep ~field attribute tags"),
        (f"u5,eve@x.org,Eve,{{}},blocklisted,{LEFT}", "eve@x.org name=Eve email=eve@x.org !eve@x.org opt_out@2025-05-07"),
        (f"u6,fay@x.org,Fay,{{}},disabled,{LEFT}", "fay@x.org name=Fay email=fay@x.org !fay@x.org opt_out@2025-05-07"),
        (f"u7,no address,Gus,{{}},enabled,{T}", "~rejected invalid_email email"),
        (f"u8,,Hal,{{}},enabled,{T}", "~rejected invalid_email email"),
        (f"u9,ida@x.org,,{{}},enabled,{T}", "ida@x.org email=ida@x.org +news/email"),
        (f'u10,jo@x.org,"Jo, jr. ""J""",{{}},enabled,{T}', 'jo@x.org name=Jo, jr. "J" email=jo@x.org +news/email'),
        (f"u11,kim+news@x.org,Kim,{{}},enabled,{T}", "kim+news@x.org name=Kim email=kim+news@x.org +news/email"),
        (f"u12,lou@münchen.example,Lou,{{}},enabled,{T}",
         "lou@m~C3~BCnchen.example name=Lou email=lou@münchen.example +news/email"),
        (f"u13,mia@x.org,Мия 🌍,{{}},enabled,{T}", "mia@x.org name=Мия 🌍 email=mia@x.org +news/email"),
        (f"u14,ned@x.org,Ned,not json,enabled,{T}", "~rejected unexpected"),
        (f"u15,ADA@x.org,Ada L,{{}},blocklisted,{LEFT}",
         "ada@x.org name=Ada L email=ADA@x.org +news/email !ada@x.org opt_out@2025-05-07"),
        (f'u16,o\'neil@x.org,"{"n" * 201}",{{}},enabled,{T}', "o~27neil@x.org email=o'neil@x.org +news/email ~field too_long name"),
        (f'u17,pat@x.org,Pat,"{{""Home City"": ""Graz"", ""home_city"": ""Linz""}}",enabled,{T}',
         "pat@x.org name=Pat email=pat@x.org a.home_city=Graz +news/email ~field attribute home_city"),
        (f"u18,qi@x.org,Qi,{{}},enabled,{T},extra", "~rejected wrong_columns"),
        (f'u19,ray@x.org,"Ray\nSecond line",{{}},enabled,{T}', "ray@x.org email=ray@x.org +news/email ~field control_character name"),
        (f"u20,sue@x.org,Sue,{{}},paused,{T}", "sue@x.org name=Sue email=sue@x.org !sue@x.org opt_out@2024-01-02"),
    ],
    ["listmonk's CSV has no lists: pass --topic, or export by its API (GET /api/subscribers)."],
)  # fmt: skip


def _list(name: str, status: str, optin: str = "double", **more: Any) -> dict[str, Any]:
    at = {"subscription_created_at": "2024-02-03T04:05:06.7Z", "subscription_updated_at": "2024-02-04T04:05:06.7Z"}
    return {"id": 1, "name": name, "optin": optin, "subscription_status": status} | at | more


def _person(who: str, *lists: dict[str, Any], status: str = "enabled", **more: Any) -> dict[str, Any]:
    known = {"email": f"{who}@x.org", "name": who.title(), "attribs": {}, "updated_at": "2024-03-04T05:06:07.8+02:00"}
    return {"id": 1, "uuid": who, "status": status, "lists": [*lists]} | known | more


NEWS: Final = _list("News", "confirmed")
API: Final = Peer(
    "listmonk",
    "knadh/listmonk, models, Subscriber and Lists, as GET /api/subscribers answers",
    "page.json",
    lambda rows: json.dumps({"data": {"results": rows, "query": "", "total": 20, "per_page": 100, "page": 1}}),
    [
        (_person("ada", NEWS), "ada@x.org name=Ada email=ada@x.org +news/email@2024-02-04"),
        (_person("bob", _list("News", "unconfirmed")), "bob@x.org name=Bob email=bob@x.org"),
        (_person("cy", _list("News", "unconfirmed", "single")), "cy@x.org name=Cy email=cy@x.org +news/email@2024-02-04"),
        (_person("dan", _list("News", "unsubscribed")), "dan@x.org name=Dan email=dan@x.org -news/email@2024-02-04"),
        (_person("eve", NEWS, status="blocklisted"),
         "eve@x.org name=Eve email=eve@x.org !eve@x.org opt_out@2024-03-04"),
        (_person("fay"), "fay@x.org name=Fay email=fay@x.org"),
        (_person("gus", NEWS, _list("Daily Offers!", "confirmed")),
         "gus@x.org name=Gus email=gus@x.org +daily-offers-1b562cc4/email@2024-02-04 +news/email@2024-02-04"),
        (_person("hal", NEWS, _list("Old", "unsubscribed", "single")),
         "hal@x.org name=Hal email=hal@x.org +news/email@2024-02-04 -old/email@2024-02-04"),
        (_person("ida", NEWS, attribs={"city": "Wien"}),
         "ida@x.org name=Ida email=ida@x.org a.city=Wien +news/email@2024-02-04"),
        (_person("jo", NEWS, attribs={"pets": ["cat"]}),
         "jo@x.org name=Jo email=jo@x.org +news/email@2024-02-04 ~field attribute pets"),
        (_person("kim", NEWS, email="kim@"), "~rejected invalid_email email"),
        (_person("lou", NEWS, email=None), "~rejected invalid_email email"),
        (_person("mia", _list("News", "confirmed", subscription_updated_at=None)),
         "mia@x.org name=Mia email=mia@x.org +news/email@2024-02-03"),
        (_person("ned", _list("News", "unsubscribed"), status="disabled"),
         "ned@x.org name=Ned email=ned@x.org -news/email@2024-02-04 !ned@x.org opt_out@2024-03-04"),
        (_person("ola", NEWS, name=""), "ola@x.org email=ola@x.org +news/email@2024-02-04"),
        (_person("pat", NEWS, name="Pat\u0000"),
         "pat@x.org email=pat@x.org +news/email@2024-02-04 ~field control_character name"),
        (_person("qi", NEWS, _list("News", "unsubscribed")), "qi@x.org name=Qi email=qi@x.org -news/email@2024-02-04"),
        (_person("ray", _list("ニュース", "confirmed")), "ray@x.org name=Ray email=ray@x.org +list-71bdfa98/email@2024-02-04"),
        (_person("sue", NEWS, attribs=None), "sue@x.org name=Sue email=sue@x.org +news/email@2024-02-04"),
        (_person("tom", NEWS, lists=None), "tom@x.org name=Tom email=tom@x.org"),
    ],
    ["listmonk's CSV has no lists: pass --topic, or export by its API (GET /api/subscribers)."],
)  # fmt: skip
