# ruff: noqa: E501  # rows of files
"""Novu: SubscriberResponseDto, and the preferences of GetSubscriberPreferencesDto added to each. Knock: users of GET
/v1/users with their preference set. Courier: profiles, with the items of GET /users/{id}/preferences."""

from __future__ import annotations

import json
from typing import Any, Final

from . import Peer

NOTE: Final = "It keeps no times of consent."


def _novu(who: str, preferences: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    nothing: dict[str, Any] = {
        "phone": None,
        "avatar": "",
        "locale": None,
        "timezone": None,
        "channels": [],
        "data": None,
    }
    known = {"_id": who, "subscriberId": who, "firstName": who.title(), "lastName": None, "email": f"{who}@x.org"}
    own = {"_organizationId": "o", "_environmentId": "e", "deleted": False, "isOnline": False, "__v": 0}
    return known | nothing | own | more | ({"preferences": preferences} if preferences else {})


def _workflow(name: str, *, enabled: bool = True, **channels: bool) -> dict[str, Any]:
    return {
        "enabled": enabled,
        "channels": channels,
        "workflow": {"slug": f"{name}_wf", "identifier": name, "name": name},
    }


def _device(provider: str, *tokens: str) -> dict[str, Any]:
    return {
        "providerId": provider,
        "integrationIdentifier": f"{provider}-1",
        "credentials": {"deviceTokens": [*tokens]},
    }


PLAIN: Final = "+news/email +news/inbox"
NOVU: Final = Peer(
    "novu",
    "https://docs.novu.co/api-reference/subscribers/subscriber-schema",
    "subscribers.json",
    lambda rows: json.dumps({"data": rows, "next": None, "previous": None, "totalCount": 20, "totalCountCapped": False}),
    [
        (_novu("ada"), f"ada name=Ada email=ada2@x.org {PLAIN} ~skipped another_address"),
        (_novu("bob", lastName="Lee", phone="+436641234567"), f"bob name=Bob Lee email=bob@x.org phone=+436641234567 {PLAIN} +news/sms"),
        (_novu("cy", email=None, phone=""), "cy name=Cy +news/inbox"),
        (_novu("dan", locale="pt_BR", timezone="America/Sao_Paulo"), f"dan name=Dan email=dan@x.org locale=pt-BR tz=America/Sao_Paulo {PLAIN}"),
        (_novu("eve", timezone="Nowhere/City"), f"eve name=Eve email=eve@x.org {PLAIN} ~field invalid_time_zone time_zone"),
        (_novu("fay", data={"plan": "pro", "seats": 3, "tags": ["a"]}),
         f"fay name=Fay email=fay@x.org a.plan=pro a.seats=3 {PLAIN} ~field attribute tags"),
        (_novu("gus", channels=[_device("fcm", "t1", "t2"), _device("apns", "t3")]),
         f"gus name=Gus email=gus@x.org push=fcm:t1 fcm:t2 apns:t3 {PLAIN} +news/push"),
        (_novu("hal", channels=[_device("slack"), _device("one-signal", "p")]), f"hal name=Hal email=hal@x.org {PLAIN}"),
        (_novu("auth0|ida"), f"auth0|ida name=Auth0|Ida email=auth0|ida@x.org {PLAIN}"),
        (_novu("jo v"), f"jo~20v name=Jo V {PLAIN.replace('+news/email ', '')} ~field invalid_email email"),
        (_novu("kim", {"global": {"enabled": True, "channels": {"email": False, "in_app": True}}}),
         "kim name=Kim email=kim@x.org +news/inbox -news/email"),
        (_novu("lou", {"global": {"enabled": False, "channels": {"email": True}}}),
         "lou name=Lou email=lou@x.org -news/email -news/inbox -news/push -news/sms"),
        (_novu("mia", {"workflows": [_workflow("order-shipped", email=False, in_app=True)]}),
         f"mia name=Mia email=mia@x.org {PLAIN} +order-shipped/inbox -order-shipped/email"),
        (_novu("ned", {"workflows": [_workflow("digest", enabled=False, email=True)]}),
         f"ned name=Ned email=ned@x.org {PLAIN} -digest/email -digest/inbox -digest/push -digest/sms"),
        (_novu("ola", {"workflows": [_workflow("news", email=False, chat=True)]}),
         "ola name=Ola email=ola@x.org +news/inbox -news/email"),
        (_novu("pat", phone="0664 1234"), f"pat name=Pat email=pat@x.org {PLAIN} ~field no_country phone"),
        (_novu("qi", email="qi at x.org"), "qi name=Qi +news/inbox ~field invalid_email email"),
        (_novu("ray", subscriberId=None), "~rejected missing subscriberId"),
        (_novu("ada", email="ada2@x.org"), f"ada name=Ada email=ada2@x.org {PLAIN}"),
        (_novu("addr_sue"), "~rejected reserved_id id"),
    ],
    [NOTE],
)  # fmt: skip


def _knock(who: str, preferences: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    known = {"__typename": "User", "id": who, "name": who.title(), "email": f"{who}@x.org", "phone_number": None}
    times = {"created_at": None, "updated_at": "2024-01-02T03:04:05.678Z", "avatar": None, "timezone": None}
    return known | times | more | ({"preferences": {"id": "default", **preferences}} if preferences else {})


ONLY_IF: Final = {"conditions": [{"variable": "recipient.plan", "operator": "equal_to", "argument": "pro"}]}
KNOCK: Final = Peer(
    "knock",
    "https://docs.knock.app/api-reference/users/list and /concepts/preferences",
    "users.json",
    lambda rows: json.dumps({"entries": rows, "page_info": {"__typename": "PageInfo", "after": None, "page_size": 50}}),
    [
        (_knock("ada"), f"ada name=Ada L email=ada@x.org {PLAIN} ~skipped duplicate"),
        (_knock("bob", phone_number="+436641234567"), f"bob name=Bob email=bob@x.org phone=+436641234567 {PLAIN} +news/sms"),
        (_knock("cy", email=None), "cy name=Cy +news/inbox"),
        (_knock("dan", timezone="Europe/Vienna", locale="de-AT"), f"dan name=Dan email=dan@x.org locale=de-AT tz=Europe/Vienna {PLAIN}"),
        (_knock("eve", plan="pro", seats=3, beta=False), f"eve name=Eve email=eve@x.org a.plan=pro a.seats=3 a.beta=False {PLAIN}"),
        (_knock("fay", address={"city": "Wien"}), f"fay name=Fay email=fay@x.org {PLAIN} ~field attribute address"),
        (_knock("gus", {"channel_types": {"email": False, "sms": True}}), "gus name=Gus email=gus@x.org +news/inbox -news/email"),
        (_knock("hal", {"channel_types": {"in_app_feed": False}}), "hal name=Hal email=hal@x.org +news/email -news/inbox"),
        (_knock("ida", {"channel_types": {"email": ONLY_IF}}), f"ida name=Ida email=ida@x.org {PLAIN}"),
        (_knock("jo", {"workflows": {"digest": {"channel_types": {"email": False, "push": True}}}}),
         f"jo name=Jo email=jo@x.org +digest/push {PLAIN} -digest/email"),
        (_knock("kim", {"workflows": {"digest": False}}),
         f"kim name=Kim email=kim@x.org {PLAIN} -digest/email -digest/inbox -digest/push -digest/sms"),
        (_knock("lou", {"categories": {"marketing": {"channel_types": {"email": False}}}}),
         f"lou name=Lou email=lou@x.org {PLAIN} -marketing/email"),
        (_knock("mia", {"workflows": {"news": {"channel_types": {"email": False}}}}),
         "mia name=Mia email=mia@x.org +news/inbox -news/email"),
        (_knock("ned", {"workflows": {"digest": {"channel_types": {"chat": False}}}}), f"ned name=Ned email=ned@x.org {PLAIN}"),
        (_knock("ola", {"commercial_subscribed": False}),
         f"ola name=Ola email=ola@x.org {PLAIN} ~field commercial_refused preferences.commercial_subscribed"),
        (_knock("pat", {"workflows": None, "categories": None, "channel_types": None}), f"pat name=Pat email=pat@x.org {PLAIN}"),
        (_knock("qi", email="qi"), "qi name=Qi +news/inbox ~field invalid_email email"),
        (_knock("ray", id=""), "~rejected missing id"),
        (_knock("sue/1"), f"sue~2F1 name=Sue/1 email=sue/1@x.org {PLAIN}"),
        (_knock("ada", name="Ada L"), f"ada name=Ada L email=ada@x.org {PLAIN}"),
    ],
    [NOTE],
)  # fmt: skip


def _courier(who: str, *items: dict[str, Any], **profile: Any) -> dict[str, Any]:
    known = {"email": f"{who}@x.org", "name": who.title()} | profile
    return {"id": who, "profile": known} | (
        {"preferences": {"items": [*items], "paging": {"more": False}}} if items else {}
    )


def _topic(name: str, status: str, *routing: str) -> dict[str, Any]:
    custom = {"has_custom_routing": bool(routing), "custom_routing": [*routing]}
    return {"topic_id": name, "topic_name": name.title(), "status": status, "default_status": "OPTED_IN"} | custom


YES: Final = "+{0}/email +{0}/inbox +{0}/push +{0}/sms"
NONE: Final = YES.replace("+", "-")
COURIER: Final = Peer(
    "courier",
    "trycourier SDKs: profiles, and TopicPreference of users.preferences.list",
    "profiles.jsonl",
    lambda rows: "".join(f"{json.dumps(row)}\n" for row in rows),
    [
        (_courier("ada"), f"ada name=Ada email=ada@x.org {PLAIN}"),
        (_courier("bob", phone_number="+436641234567"), f"bob name=Bob email=bob@x.org phone=+436641234567 {PLAIN} +news/sms"),
        (_courier("cy", name=None, given_name="Cy", family_name="Young"), f"cy name=Cy Young email=cy@x.org {PLAIN}"),
        (_courier("dan", locale="fr_CA", zoneinfo="America/Toronto"), f"dan name=Dan email=dan@x.org locale=fr-CA tz=America/Toronto {PLAIN}"),
        (_courier("eve", plan="pro", age=41), f"eve name=Eve email=eve@x.org a.plan=pro a.age=41 {PLAIN}"),
        (_courier("fay", firebaseToken="t", slack={"access_token": "x"}),
         f"fay name=Fay email=fay@x.org a.firebasetoken=t {PLAIN} ~field attribute slack"),
        (_courier("gus", _topic("offers", "OPTED_OUT")), f"gus name=Gus email=gus@x.org {PLAIN} {NONE.format('offers')}"),
        (_courier("hal", _topic("offers", "OPTED_IN")), f"hal name=Hal email=hal@x.org {PLAIN} {YES.format('offers')}"),
        (_courier("ida", _topic("offers", "OPTED_IN", "email")),
         f"ida name=Ida email=ida@x.org {PLAIN} +offers/email -offers/inbox -offers/push -offers/sms"),
        (_courier("jo", _topic("offers", "OPTED_OUT", "email")), f"jo name=Jo email=jo@x.org {PLAIN} {NONE.format('offers')}"),
        (_courier("kim", _topic("legal", "REQUIRED")), f"kim name=Kim email=kim@x.org {YES.format('legal')} {PLAIN}"),
        (_courier("lou", _topic("news", "OPTED_OUT")), f"lou name=Lou email=lou@x.org {NONE.format('news')}"),
        (_courier("mia", _topic("news", "OPTED_IN", "webhook")), f"mia name=Mia email=mia@x.org {NONE.format('news')}"),
        (_courier("ned", email=None), "ned name=Ned +news/inbox"),
        (_courier("ola", email="ola@"), "ola name=Ola +news/inbox ~field invalid_email email"),
        (_courier("pat", phone_number="call me"), f"pat name=Pat email=pat@x.org {PLAIN} ~field invalid_phone phone_number"),
        ({"recipient_id": "qi", "profile": {"email": "qi@x.org"}}, f"qi email=qi@x.org {PLAIN}"),
        ({"id": "ray"}, "~rejected unexpected"),
        ({"profile": {"email": "sue@x.org"}}, "~rejected missing id"),
        (_courier("tom", zoneinfo="CET+1"), f"tom name=Tom email=tom@x.org {PLAIN} ~field invalid_time_zone time_zone"),
    ],
    [NOTE],
)  # fmt: skip
