"""Novu, Knock and Courier: people and their preferences, as the lists of their APIs write them.

Novu: `GET /v2/subscribers` (`data`), with `preferences` of `GET /v2/subscribers/{id}/preferences` if added. Knock: `GET
/v1/users` (`entries`), with `preferences` of a preference set. Courier: profiles as `{"id", "profile": {…}}`, with
`preferences` (`items` of topic_id and status).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ..people import full_name, locale_of, own_id, person, phone_of
from ..records import LeftOut, Record, as_topic, no, topic, yes
from .base import Found, Source
from .objects import objects

KNOCK_OWN: Final = frozenset(
    {
        "id", "name", "email", "phone_number", "locale", "timezone", "avatar", "preferences", "created_at",
        "updated_at", "__typename",
    }
)  # fmt: skip
COURIER_OWN: Final = frozenset({"email", "phone_number", "name", "locale", "zoneinfo", "given_name", "family_name"})
NOVU_CHANNELS: Final = ("email", "sms", "push", "in_app")
COURIER_CHANNELS: Final = ("email", "sms", "push", "inbox")
CHANNELS: Final = {
    "email": "email", "sms": "sms", "push": "push", "in_app": "inbox", "in_app_feed": "inbox", "inbox": "inbox",
}  # fmt: skip


def novu(record: Mapping[str, Any]) -> Found:
    user_id = own_id(record, "subscriberId")
    phone, left_out = phone_of(record.get("phone"), "phone")
    fields: dict[str, Any] = {
        "name": full_name(record.get("firstName"), record.get("lastName")),
        "email": record.get("email"),
        "phone": phone,
        "locale": locale_of(record.get("locale")),
        "time_zone": record.get("timezone"),
        "push": [*_novu_devices(record)],
    }
    found = [*person(user_id, fields, record.get("data")), *left_out]
    preferences = record.get("preferences") or {}
    for each in preferences.get("workflows") or ():
        name = str(each["workflow"]["identifier"])
        found += _channels(user_id, name, str(each["workflow"].get("name") or name), _enabled(each))
    everything = _enabled(preferences.get("global") or {})
    return [*found, *_answers(user_id, fields, everything)]


def _enabled(preference: Mapping[str, Any]) -> Mapping[str, Any]:
    """The channels; all are refused if the preference is not enabled."""
    channels = preference.get("channels") or {}
    return dict.fromkeys(NOVU_CHANNELS, False) if preference.get("enabled") is False else channels


def _novu_devices(record: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    for channel in record.get("channels") or ():
        platform = {"fcm": "fcm", "apns": "apns"}.get(str(channel.get("providerId")))
        for token in (channel.get("credentials") or {}).get("deviceTokens") or ():
            if platform:
                yield {"platform": platform, "token": token}


def knock(record: Mapping[str, Any]) -> Found:
    user_id = own_id(record, "id")
    phone, left_out = phone_of(record.get("phone_number"), "phone_number")
    fields = {
        "name": record.get("name"),
        "email": record.get("email"),
        "phone": phone,
        "locale": locale_of(record.get("locale")),
        "time_zone": record.get("timezone"),
    }
    data = {name: value for name, value in record.items() if name not in KNOCK_OWN}
    found = [*person(user_id, fields, data), *left_out]
    preferences = record.get("preferences") or {}
    everything = _booleans(preferences.get("channel_types"))
    for name, said in {**(preferences.get("categories") or {}), **(preferences.get("workflows") or {})}.items():
        chosen = _booleans(said.get("channel_types")) if isinstance(said, Mapping) else dict.fromkeys(CHANNELS, said)
        found += _channels(user_id, name, name, chosen)
    if preferences.get("commercial_subscribed") is False:
        detail = "a refusal of commercial messages: Fanfare does not know which topics are commercial"
        found.append(LeftOut("commercial_refused", detail, "preferences.commercial_subscribed", "field"))
    return [*found, *_answers(user_id, fields, everything)]


def courier(record: Mapping[str, Any]) -> Found:
    user_id = own_id(record, "id", "recipient_id")
    profile = record["profile"]
    phone, left_out = phone_of(profile.get("phone_number"), "phone_number")
    fields = {
        "name": profile.get("name") or full_name(profile.get("given_name"), profile.get("family_name")),
        "email": profile.get("email"),
        "phone": phone,
        "locale": locale_of(profile.get("locale")),
        "time_zone": profile.get("zoneinfo"),
    }
    data = {name: value for name, value in profile.items() if name not in COURIER_OWN}
    found = [*person(user_id, fields, data), *left_out]
    for each in (record.get("preferences") or {}).get("items") or ():
        name = str(each["topic_id"])
        # whose routing is custom wants the topic on these channels alone
        wanted = (each.get("custom_routing") or ()) if each.get("has_custom_routing") else COURIER_CHANNELS
        said = each.get("status") != "OPTED_OUT"
        chosen = {channel: said and channel in wanted for channel in COURIER_CHANNELS}
        found += _channels(user_id, name, str(each.get("topic_name") or name), chosen)
    return [*found, *_answers(user_id, fields, {})]


def _channels(user_id: str, name: str, title: str, chosen: Mapping[str, Any]) -> list[Record | LeftOut]:
    """What a person said to one workflow or category."""
    known = {CHANNELS[each]: said is not False for each, said in chosen.items() if each in CHANNELS}
    named = as_topic(name)
    found: list[Record | LeftOut] = [topic(named, title, ["email", "sms", "push", "inbox"])] if known else []
    for channel, said in known.items():
        found.append(yes(user_id, channel, topic=named) if said else no(user_id, channel, topic=named))
    return found


def _answers(user_id: str, fields: Mapping[str, Any], everything: Mapping[str, Any]) -> list[Record]:
    """What a person said to a whole channel; nothing said is a yes, as it was there."""
    refused = {CHANNELS[each] for each, said in everything.items() if each in CHANNELS and said is False}
    found: list[Record] = []
    for field, channel in (("email", "email"), ("phone", "sms"), ("push", "push")):
        if channel in refused:
            found.append(no(user_id, channel, address=fields.get(field) if channel != "push" else None))
        elif fields.get(field):
            found.append(yes(user_id, channel))
    found.append(no(user_id, "inbox") if "inbox" in refused else yes(user_id, "inbox"))
    return found


def _booleans(said: Any) -> dict[str, Any]:
    """Channel → boolean; one with conditions counts as a yes."""
    return {name: value is not False for name, value in (said or {}).items()}


NOTES: Final = ("It keeps no times of consent.",)
NOVU: Final = Source("novu", objects(novu, "data"), lambda head: head.has_keys("subscriberId"), notes=NOTES)
KNOCK: Final = Source(
    "knock",
    objects(knock, "entries"),
    lambda head: head.has_keys("__typename", "id") and '"User"' in head.text,
    notes=NOTES,
)
COURIER: Final = Source("courier", objects(courier, "profiles"), lambda head: head.has_keys("profile"), notes=NOTES)
