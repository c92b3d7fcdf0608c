"""What happens in the run: nearly all that services, people, queues and providers can do."""

from __future__ import annotations

import copy

from tests.frozen.life import Life, opened
from tests.integration import public_api
from tests.integration.test_record_receipt import SAMPLE, reporting

USER = {
    "name": "Ada",
    "email": "ada@example.com",
    "phone": "+436641234567",
    "push": [{"platform": "android", "token": "t0ken"}],
    "webhook": {"url": "https://ada.example.com/hook"},
    "locale": "en",
    "time_zone": "Europe/Vienna",
    "quiet_hours": {"start": "22:00", "end": "07:00"},
}
BRAND = {
    "name": "Example Shop",
    "url": "https://shop.example.com",
    "logo_url": "https://shop.example.com/logo.png",
    "colour": "#0b57a4",
    "address": "1 High Street, London",
    "links": [{"titles": {"en": "Privacy"}, "url": "https://shop.example.com/privacy"}],
}
TEMPLATE = {
    "channels": {
        "email": {"subject": "Order {{ data.order }}", "html": "<p>{{ user.name }}</p>", "text": "{{ user.name }}"},
        "sms": {"text": "Order {{ data.order }}"},
        "inbox": {"title": "Order {{ data.order }}", "body": "It has left"},
    },
    "locales": {"de": {"email": {"subject": "Bestellung {{ data.order }}"}}},
    "schema": {"type": "object", "properties": {"order": {"type": "string"}}},
    "example": {"order": "A-17"},
}


def lived() -> Life:
    """The whole run."""
    with opened() as life:
        _catalogue(life)
        _audience(life)
        _people(life)
        _messages(life)
        _handed_out(life)
        _troubles(life)
        _receipts(life)
        life.service("DELETE", "/v1/users/ada", status=204)
        life.service("DELETE", "/v1/templates/shipped", status=204)
        life.service("DELETE", "/v1/topics/orders", status=204)
    return life


def _catalogue(life: Life) -> None:
    topic: dict[str, object] = {
        "title": "Orders",
        "description": "Yours",
        "channels": ["email", "sms", "inbox"],
        "category": "orders",
    }
    topic |= {"titles": {"de": "Bestellungen"}, "descriptions": {"de": "Ihre"}}
    limit = {"count": 30, "per_seconds": 3600, "overflow": "defer"}
    life.service("PUT", "/v1/topics/orders", topic | {"public": True, "limit": limit}, status=201)
    life.service("PUT", "/v1/topics/needed", {"title": "N", "channels": ["email"], "required": True}, status=201)
    life.service("PUT", "/v1/topics/many", {"title": "M", "channels": ["email"], "shards": 4}, status=201)
    once = {"count": 1, "per_seconds": 3600, "overflow": "drop"}
    life.service("PUT", "/v1/topics/rare", {"title": "R", "channels": ["email"], "limit": once}, status=201)
    life.service("PUT", "/v1/brand", BRAND, status=200)
    for _ in range(2):
        life.service("PUT", "/v1/templates/shipped", TEMPLATE, status=201)
    plain = {"channels": {"email": {"subject": "Hello", "text": "Hello"}}}
    life.service("PUT", "/v1/templates/plain", plain, status=201)
    example = {"items": [], "count": 0, "key": None, "first_at": None}
    life.service("PUT", "/v1/templates/gathered", plain | {"example": example}, status=201)
    digest = {"template": {"id": "gathered"}, "every": {"seconds": 60}, "key": "order"}
    life.service("PUT", "/v1/topics/gathered", {"title": "G", "channels": ["email"], "digest": digest}, status=201)


def _audience(life: Life) -> None:
    life.service("PUT", "/v1/users/ada", USER | {"email": "old@example.com"}, status=201)
    life.service("PUT", "/v1/users/ada", USER, status=200)
    others = [{"id": f"user-{number}", "email": f"user-{number}@example.com"} for number in range(8)]
    life.service("POST", "/v1/users", {"items": [*others, {"id": "nowhere"}]}, status=200)
    for channel in ("email", "sms", "inbox"):
        life.service("PUT", f"/v1/users/ada/subscriptions/orders/{channel}", status=201)
    everybody = [{"user_id": each["id"], "channel": "email"} for each in (*others, {"id": "nowhere"})]
    for topic in ("orders", "many", "rare", "gathered"):
        life.service("POST", f"/v1/topics/{topic}/subscriptions", {"items": everybody}, status=200)
    life.service("DELETE", "/v1/users/user-7/subscriptions/orders/email", status=204)
    told = {"at": "2026-12-24T12:00:00Z", "evidence": "Form 12", "frequency": "daily"}
    for number in range(8):  # enough for two rows of consents
        told["evidence"] = f"Form {number}"
        life.service("PUT", "/v1/users/user-7/subscriptions/rare/email", told, status=201 if number else 200)
        life.service("DELETE", "/v1/users/user-7/subscriptions/rare/email", status=204)
    life.service("PATCH", "/v1/users/user-7", {"attributes": {"plan": "pro", "seats": 3, "rate": 1.5}}, status=200)
    life.service("POST", "/v1/users/user-7/devices", {"platform": "ios", "token": "t0ken-7"}, status=201)
    life.service("PUT", "/v1/suppressions/email/user-6@example.com", {"cause": "manual"}, status=201)
    life.service("PUT", "/v1/suppressions/email/nobody@example.com", {"cause": "complaint"}, status=201)
    life.service("DELETE", "/v1/suppressions/email/nobody@example.com", status=204)


def _people(life: Life) -> None:
    asked = {"email": "grace@example.com", "topic": "orders", "lang": "en"}
    life.person("POST", "/v1/subscriptions", asked, status=202, user=None)
    life.answered(public_api.browse(life.post.mails[-1].link, {}), 200)
    life.person("PATCH", "/v1/me", {"email": "ada@example.org"}, status=200)
    life.answered(public_api.browse(life.post.mails[-1].link, {}), 200)
    life.person("PATCH", "/v1/me", {"phone": "+436641234568"}, status=200)
    confirmation = {"channel": "sms", "code": life.post.code}
    wrong = confirmation | {"code": f"{(int(life.post.code) + 1) % 1_000_000:06d}"}
    life.person("POST", "/v1/me/confirmations", wrong, status=422)
    life.person("POST", "/v1/me/confirmations", confirmation, status=200)
    life.person("PATCH", "/v1/me", {"opted_out": True}, status=200, user="user-5")
    life.person("PUT", "/v1/me/subscriptions/orders/email", status=200, user="user-5")


def _digests(life: Life) -> None:
    for order in ("A-17", "A-17", "A-18"):
        gathered = life.message(topic="gathered", template={"id": "plain"}, data={"order": order})
        life.settle(minutes=0)
    life.service("DELETE", f"/v1/messages/{gathered}", status=200)
    own = {"recipients": [{"user": "user-1", "data": {"order": "A-19"}}], "topic": "gathered"}
    life.message(**own, template={"id": "plain"}, data={"shop": "S"})
    life.settle(minutes=2)


def _messages(life: Life) -> None:
    life.message()
    life.settle(minutes=1)
    life.message(priority="critical", on_doubt="hold", topic="needed")
    life.message(topic="many", template={"id": "plain"}, data={})
    for _ in range(2):
        life.message(topic="rare", template={"id": "plain"}, data={})
    named = {
        "recipients": [{"user": "ada", "data": {"order": "A-18"}}, "user-1", "unknown"],
        "channels": ["email"],
        "content": {"subject": "S", "text": "T"},
    }
    life.service("POST", "/v1/messages", named, status=202)
    life.service("POST", "/v1/messages", named | {"send_at": "2027-01-01T09:00:00Z"}, status=202)  # the long way
    life.settle(minutes=2)
    _digests(life)
    later = life.message(send_at="2027-01-01T10:00:00Z", expires_at="2027-01-02T10:00:00Z")
    life.service("DELETE", f"/v1/messages/{later}", status=200)
    life.message(send_at="2027-01-01T09:00:00Z")
    life.message(send_at={"local": "2027-01-01T09:30"})
    life.message(
        channels=None, steps=[{"channels": ["email"]}, {"after": "PT1M", "channels": ["sms"], "unless": "sent"}]
    )
    note = life.message(channels=["inbox", "sms"])
    life.settle(minutes=2)
    life.person("POST", f"/v1/me/inbox/{note}/read", status=200)
    life.clock.now = life.clock.now.replace(hour=22)
    life.message()  # Ada is asleep
    life.message(expires_at="2027-01-01T22:10:00Z")
    life.settle(minutes=2)
    life.clock.now = life.clock.now.replace(day=2, hour=9)
    life.settle(minutes=5)


def _handed_out(life: Life) -> None:
    life.my_webhook = life.person("GET", "/v1/me/webhook", status=200)
    mail = next(each for each in life.ses.outbox if each.tags["user_id"] == "YWRh")
    unsubscribe = mail.headers["List-Unsubscribe"].strip("<>")
    life.answered(public_api.browse(unsubscribe, {"what": "preferences"}), 200)
    life.preferences, life.stop = life.post.mails[-1].link, life.post.mails[-1].stop
    life.service("PUT", "/v1/topics/more", {"title": "More", "channels": ["email"], "public": True}, status=201)
    life.answered(public_api.browse(life.preferences, {"shown": "more/email", "yes": "more/email"}), 200)
    life.answered(public_api.browse(life.post.mails[-1].link, {}), 200)
    life.answered(public_api.browse(life.stop, {}), 200)


def _troubles(life: Life) -> None:
    life.message()  # its fan-out job is lost, then its batch, and then the provider is down for a while
    life.lose("fan_out")
    life.reconcile(minutes=3)
    life.step("fan_out")
    life.lose("email")
    life.reconcile(minutes=3)
    life.ses.down = 4
    life.settle(minutes=15)

    life.message()  # its batch becomes a dead letter, and again once it is settled
    life.step("fan_out")
    (body,) = life.lose("email")
    for _ in range(2):
        life.memory.sqs.put("email-dead", body)
        life.settle(minutes=4)

    life.ses.lose_answers = 1
    held = life.message(on_doubt="hold")
    life.settle(minutes=10)
    life.service("POST", f"/v1/messages/{held}/redrives", status=202)
    life.ses.lose_answers = 1
    life.message()
    life.settle(minutes=10)

    deleted = life.message()
    life.step("fan_out")
    life.service("DELETE", f"/v1/messages/{deleted}", status=200)
    life.message()
    life.step("fan_out")
    life.service("DELETE", "/v1/users/user-4", status=204)  # all this before the batch is sent
    life.service("PUT", "/v1/suppressions/email/user-3@example.com", {"cause": "bounce"}, status=201)
    life.service("DELETE", "/v1/users/user-2/subscriptions/orders/email", status=204)
    life.person("PATCH", "/v1/me", {"opted_out": True}, status=200, user="user-1")
    life.settle(minutes=5)

    life.message(expires_at=f"{life.clock.now:%Y-%m-%dT%H}:59:00Z")
    life.step("fan_out")
    life.clock.advance(hours=1)
    life.ses.entry_status = {"user-0@example.com": ["MESSAGE_REJECTED"]}
    life.message()
    life.settle(minutes=5)


def _receipts(life: Life) -> None:
    for event in (
        reporting("Delivery"),
        reporting("Delivery", "DeliveryDelay", address_no="0_0000-000000-00_7"),
        reporting("Bounce", bounce="Transient", address_no=2),
        reporting("Bounce", address_no=2),
        reporting("Complaint"),
    ):
        life.reported(event)
    unread = copy.deepcopy(SAMPLE)
    unread["Records"][0]["body"] = "not JSON"
    life.reported(unread)
