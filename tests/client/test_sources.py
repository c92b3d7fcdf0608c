# ruff: noqa: E501  # rows of files
"""Each source: a file as its own code writes it, who comes along with what, and who does not and why."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from fanfare_client.imports.reading import SOURCES, detect
from fanfare_client.imports.records import LeftOut, Record
from fanfare_client.imports.tables.options import TableOptions

from .deployment import Deployment
from .test_bundle import imported


def converted(file: Path, source: str | None = None) -> tuple[dict[str, Any], set[str], list[tuple[int, str]]]:
    """Users with their fields; answers and suppressions as text; and what is left out."""
    found = SOURCES[source] if source else detect(file)
    users: dict[str, Any] = {}
    said: set[str] = set()
    left: list[tuple[int, str]] = []
    for read in found.rows(file, TableOptions()):
        for each in read.found:
            if isinstance(each, LeftOut):
                left.append((read.place, each.code))
            elif each.kind == "user":
                fields = {name: value for name, value in each.body.items() if name != "id"}
                users.setdefault(each.body["id"], {}).update(fields)
            elif each.kind != "topic":
                said.add(_said(each))
    return users, said, left


def _said(record: Record) -> str:
    body = record.body
    at = f" {body['at'][:10]}" if body.get("at") else ""
    if record.kind == "suppression":
        return f"{body['address']} {body['cause']}{at}"
    word = "+" if body["state"] == "subscribed" else "-"
    return f"{word}{body['user_id']} {body['topic'] or '*'}/{body['channel']}{at}"


def file_of(tmp_path: Path, name: str, *lines: str) -> Path:
    file = tmp_path / name
    file.write_text("\n".join(lines) + "\n")
    return file


def test_listmonks_export(tmp_path: Path) -> None:
    # knadh/listmonk, cmd/subscribers.go, ExportSubscribers; times are Go's Time.String()
    file = file_of(
        tmp_path,
        "subscribers.csv",
        "uuid,email,name,attributes,status,created_at,updated_at",
        'u-1,Ada@example.com,Ada,"{""city"": ""Wien"", ""tags"": [1]}",enabled,2024-01-02 03:04:05.6789 +0000 UTC,2024-01-02 03:04:05 +0000 UTC',
        "u-2,bob@example.com,Bob,{},blocklisted,2024-01-02 03:04:05 +0000 UTC,2025-05-06 07:08:09.123456 +0000 UTC",
        "u-3,nobody,N,{},enabled,2024-01-02 03:04:05 +0000 UTC,2024-01-02 03:04:05 +0000 UTC",
    )
    users, said, left = converted(file)
    assert users == {
        "ada@example.com": {"name": "Ada", "email": "Ada@example.com", "attributes": {"city": "Wien"}},
        "bob@example.com": {"name": "Bob", "email": "bob@example.com"},
    }
    assert said == {"+ada@example.com */email", "bob@example.com opt_out 2025-05-06"}
    assert left == [(2, "attribute"), (4, "invalid_email")]


def test_listmonks_lists_by_its_api(tmp_path: Path) -> None:
    # knadh/listmonk, models: a subscriber with `lists`, each with subscription_status
    def entry(name: str, status: str, optin: str = "double") -> dict[str, Any]:
        return {
            "name": name,
            "subscription_status": status,
            "optin": optin,
            "subscription_created_at": "2024-02-03T04:05:06Z",
        }

    lists = [entry("Daily News", "confirmed"), entry("Offers", "unconfirmed"), entry("Old", "unsubscribed")]
    people = [
        {"email": "ada@example.com", "name": "Ada", "attribs": {}, "status": "enabled", "lists": lists},
        {
            "email": "bob@example.com",
            "attribs": {},
            "status": "blocklisted",
            "lists": [entry("Daily News", "confirmed")],
        },
    ]
    file = file_of(tmp_path, "page.json", json.dumps({"data": {"results": people, "total": 2}}, indent=1))
    users, said, left = converted(file)
    assert users.keys() == {"ada@example.com", "bob@example.com"}
    assert said == {
        "+ada@example.com daily-news/email 2024-02-03",
        "-ada@example.com old/email 2024-02-03",
        "bob@example.com opt_out",
    }
    assert left == []


MAILCHIMP = (
    "Email Address,First Name,Last Name,Company,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,"
    "LATITUDE,LONGITUDE,GMTOFF,DSTOFF,TIMEZONE,CC,REGION,LAST_CHANGED,LEID,EUID,NOTES,TAGS"
)


def test_mailchimps_zip(tmp_path: Path) -> None:
    # the columns as in the samples of public importers of Mailchimp's audience export
    tail = "2,,,2020-03-04 05:06:07,1.2.3.4,,,,,Europe/Vienna,AT,9,2020-03-04 05:06:07,1,abc,"
    file = tmp_path / "audience.zip"
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr(
            "subscribed_email_audience_export_1.csv",
            f'{MAILCHIMP}\nada@example.com,Ada,L,"ACME, Ltd",{tail},"""VIP"",""Blog"""\n',
        )
        packed.writestr(
            "unsubscribed_email_audience_export_1.csv",
            f"{MAILCHIMP},UNSUB_TIME\nbob@example.com,Bob,,,{tail},,2021-01-02 03:04:05\ncy@example.com,Cy,,,{tail},,\n",
        )
        packed.writestr(
            "cleaned_email_audience_export_1.csv",
            f"{MAILCHIMP},CLEAN_TIME\ndan@example.com,,,,{tail},,2022-01-02 03:04:05\n",
        )
        packed.writestr("nonsubscribed_email_audience_export_1.csv", f"{MAILCHIMP}\neve@example.com,Eve,,,{tail},\n")
    users, said, left = converted(file)
    assert users["ada@example.com"] == {
        "name": "Ada L",
        "email": "ada@example.com",
        "time_zone": "Europe/Vienna",
        "attributes": {"company": "ACME, Ltd", "tags": "VIP, Blog"},
    }
    assert users.keys() == {f"{name}@example.com" for name in ("ada", "bob", "cy", "dan", "eve")}
    assert said == {
        "+ada@example.com */email 2020-03-04",
        "-bob@example.com */email 2021-01-02",
        "-cy@example.com */email",
        "dan@example.com bounce 2022-01-02",
    }
    assert left == []


def test_who_left_at_the_peer_is_refused_here_with_and_without_a_topic(tmp_path: Path) -> None:
    tail = "2,,,2020-03-04 05:06:07,,,,,,,,,,1,abc,"
    file = file_of(
        tmp_path, "unsubscribed_1.csv", f"{MAILCHIMP},UNSUB_TIME", f"bob@example.com,Bob,,,{tail},,2021-01-02 03:04:05"
    )
    without, deployment = Deployment(), Deployment()
    assert (imported(without, file).suppressed, imported(without, file, apply=False).unsubscribed) == (1, 0)
    with deployment.client() as fanfare:
        fanfare.topics.put("news", title="News", channels=["email"])
        assert imported(deployment, file, topics=["news"]).unsubscribed == 1
        (no,) = fanfare.topics.subscribers("news")
        again = fanfare.subscriptions.put_many("news", [{"user_id": "bob@example.com", "channel": "email"}])
    assert no == {
        "user_id": "bob@example.com",
        "channel": "email",
        "state": "unsubscribed",
        "by": "person",
        "at": "2021-01-02T03:04:05.000Z",
        "evidence": "Mailchimp",
    }
    assert again[0]["status"] == 409


def test_ses_contacts_and_suppressions(tmp_path: Path) -> None:
    # https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_ListContacts.html, as the AWS CLI prints it
    def topics(**said: str) -> list[dict[str, str]]:
        return [{"TopicName": name, "SubscriptionStatus": status} for name, status in said.items()]

    contacts = [
        {"EmailAddress": "ada@example.com", "TopicPreferences": topics(News="OPT_IN"), "TopicDefaultPreferences": topics(Offers="OPT_OUT"), "UnsubscribeAll": False, "LastUpdatedTimestamp": 1704067200.0},
        {"EmailAddress": "bob@example.com", "TopicPreferences": topics(News="OPT_IN"), "UnsubscribeAll": True, "LastUpdatedTimestamp": "2024-01-01T00:00:00+00:00"},
    ]  # fmt: skip
    users, said, _ = converted(file_of(tmp_path, "contacts.json", json.dumps({"Contacts": contacts}, indent=4)))
    assert users == {name: {"email": name} for name in ("ada@example.com", "bob@example.com")}
    assert said == {
        "+ada@example.com news/email 2024-01-01",
        "-ada@example.com offers/email 2024-01-01",
        "bob@example.com opt_out 2024-01-01",
    }
    listed = [
        {"EmailAddress": "x@example.com", "Reason": "BOUNCE", "LastUpdateTime": "2023-04-05T06:07:08+00:00"},
        {"EmailAddress": "y@example.com", "Reason": "COMPLAINT", "LastUpdateTime": 1680674828.0},
    ]
    page = json.dumps({"SuppressedDestinationSummaries": listed, "NextToken": "t"}, indent=4)
    _, said, left = converted(file_of(tmp_path, "suppressed.json", page, page))
    assert said == {"x@example.com bounce 2023-04-05", "y@example.com complaint 2023-04-05"}
    assert left == []


def test_notifys_unsubscribe_report(tmp_path: Path) -> None:
    # alphagov/notifications-admin, tests of download_unsubscribe_request_report
    file = file_of(
        tmp_path,
        "report.csv",
        "Email address,Template name,Uploaded spreadsheet file name,Template sent at,Unsubscribe request received at",
        'fizz@bar.com,Template Fizz,Contact List 2,"Tue, 16 Jul 2024 17:44:20 GMT","Thu, 18 Jul 2024 17:44:20 GMT"',
    )
    assert converted(file) == ({}, {"fizz@bar.com opt_out 2024-07-18"}, [])


def test_notifys_recipients(tmp_path: Path) -> None:
    file = file_of(tmp_path, "list.csv", "Phone Number,name,Reference", "07700 900123,Ada,7", "07700 900123 Eva,Eve,8")
    users, said, left = converted(file, "govuk-notify")
    assert users == {"_+447700900123": {"name": "Ada", "phone": "+447700900123", "attributes": {"reference": "7"}}}
    assert (said, left) == ({"+_+447700900123 */sms"}, [(3, "invalid_phone")])


def test_notifybcs_subscriptions(tmp_path: Path) -> None:
    # bcgov/NotifyBC, the model `subscription`
    def line(**more: Any) -> str:
        base = {
            "serviceName": "Flood Alerts",
            "channel": "email",
            "userChannelId": "ada@example.com",
            "state": "confirmed",
        }
        return json.dumps(base | {"created": {"$date": "2022-01-02T03:04:05Z"}} | more)

    file = file_of(
        tmp_path,
        "subscriptions.json",
        line(),
        line(userId="bob", userChannelId="bob@example.com", state="deleted", updated="2023-01-02T03:04:05Z"),
        line(userId="cy", userChannelId="cy@example.com", state="unconfirmed"),
        line(userId="dan", channel="sms", userChannelId="604-555-0123"),
        line(channel="inApp"),
    )
    users, said, left = converted(file)
    assert users["bob"] == {"email": "bob@example.com"}
    assert said == {"+ada@example.com flood-alerts/email 2022-01-02", "-bob flood-alerts/email 2023-01-02"} | (
        {"+dan flood-alerts/sms 2022-01-02"} if "dan" in users else set()
    )
    assert (5, "no_such_channel") in left


def test_people_of_novu_knock_and_courier(tmp_path: Path) -> None:
    # the lists of their APIs: GET /v2/subscribers, GET /v1/users, profiles
    workflow = {
        "workflow": {"identifier": "order-shipped", "name": "Order"},
        "channels": {"email": False, "in_app": True},
    }
    novu = {
        "subscriberId": "u 1", "firstName": "Ada", "lastName": "L", "email": "ada@example.com", "locale": "en_US",
        "timezone": "Europe/Vienna", "data": {"plan": "pro", "deep": {"x": 1}},
        "channels": [{"providerId": "fcm", "credentials": {"deviceTokens": ["t1"]}}],
        "preferences": {"global": {"channels": {"sms": False}}, "workflows": [workflow]},
    }  # fmt: skip
    users, said, left = converted(file_of(tmp_path, "novu.json", json.dumps({"data": [novu], "next": None})))
    assert users == {
        "u~201": {
            "name": "Ada L", "email": "ada@example.com", "locale": "en-US", "time_zone": "Europe/Vienna",
            "push": [{"platform": "fcm", "token": "t1"}], "attributes": {"plan": "pro"},
        }
    }  # fmt: skip
    assert said == {
        "-u~201 order-shipped/email", "+u~201 order-shipped/inbox",
        "+u~201 */email", "-u~201 */sms", "+u~201 */push", "+u~201 */inbox",
    }  # fmt: skip
    assert left == [(1, "attribute")]
    preferences = {
        "channel_types": {"email": False},
        "categories": {},
        "workflows": {"digest": {"channel_types": {"push": True}}},
    }
    knock = {
        "__typename": "User",
        "id": "k1",
        "email": "k@example.com",
        "seats": 3,
        "preferences": preferences,
        "created_at": None,
        "updated_at": "x",
    }
    users, said, _ = converted(file_of(tmp_path, "knock.json", json.dumps({"entries": [knock], "page_info": {}})))
    assert users == {"k1": {"email": "k@example.com", "attributes": {"seats": 3}}}
    assert said == {"-k1 */email", "+k1 digest/push", "+k1 */inbox"}
    items = [{"topic_id": "T1", "topic_name": "News", "status": "OPTED_OUT"}]
    courier = {"id": "c1", "profile": {"email": "c@example.com", "given_name": "Cy"}, "preferences": {"items": items}}
    users, said, _ = converted(file_of(tmp_path, "courier.jsonl", json.dumps(courier)))
    assert users == {"c1": {"email": "c@example.com", "name": "Cy"}}
    assert said == {"-c1 t1/email", "-c1 t1/sms", "-c1 t1/push", "-c1 t1/inbox", "+c1 */email", "+c1 */inbox"}


def test_onesignals_subscriptions(tmp_path: Path) -> None:
    # https://documentation.onesignal.com/reference/csv-export
    file = file_of(
        tmp_path,
        "users.csv",
        "id,identifier,session_count,language,timezone,device_type,tags,last_active,invalid_identifier,notification_types,external_user_id",
        'p1,token-1,3,de,3600,1,"{""plan"": ""pro""}",2024-01-02 03:04:05,f,1,ada',
        "p2,ada@example.com,1,de,3600,11,{},2024-01-02 03:04:05,f,1,ada",
        "p3,token-3,1,en,0,0,{},2024-01-02 03:04:05,f,-2,bob",
        "p4,bob@example.com,1,en,0,11,{},2024-01-02 03:04:05,f,-2,bob",
        "p5,token-5,1,en,0,0,{},2024-01-02 03:04:05,t,1,cy",
        "p6,https://push,1,en,0,5,{},2024-01-02 03:04:05,f,1,dan",
    )
    users, said, left = converted(file)
    ada = {"push": [{"platform": "fcm", "token": "token-1"}], "locale": "de", "attributes": {"plan": "pro"}}
    assert users == {
        "ada": {**ada, "email": "ada@example.com"},
        "bob": {"email": "bob@example.com", "locale": "en"},
    }
    assert said == {"+ada */push", "+ada */email", "bob@example.com opt_out"}
    assert left == [(4, "opted_out"), (6, "invalid_identifier"), (7, "no_such_channel")]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (
            "bounces.csv",
            "status,reason,email,created\n5.1.1,gone,x@example.com,1609459200\n",
            "x@example.com bounce 2021-01-01",
        ),
        (
            "spam_reports.csv",
            "email,ip,created\ny@example.com,1.2.3.4,1609459200\n",
            "y@example.com complaint 2021-01-01",
        ),
        (
            "unsubscribes.json",
            '[{"email": "z@example.com", "created": 1609459200}]',
            "z@example.com opt_out 2021-01-01",
        ),
        (
            "brevo.json",
            '{"contacts": [{"email": "w@example.com", "reason": {"code": "hardBounce", "message": "m"}, '
            '"blockedAt": "2021-02-03T04:05:06.000Z"}], "count": 1}',
            "w@example.com bounce 2021-02-03",
        ),
        (
            "brevo.json",
            '{"contacts": [{"email": "v@example.com", "reason": {"code": "unsubscribedViaMA", "message": "m"}, '
            '"blockedAt": "2021-02-03T04:05:06.000Z"}], "count": 1}',
            "v@example.com opt_out 2021-02-03",
        ),
    ],
)
def test_suppressions_of_sendgrid_and_brevo(tmp_path: Path, name: str, content: str, said: str) -> None:
    assert converted(file_of(tmp_path, name, content)) == ({}, {said}, [])
