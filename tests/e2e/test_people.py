"""People: with an account they see themselves and nobody else; with a link they do what it is for and nothing else."""

from __future__ import annotations

import pytest

from local.api import People
from local.demo.audience import Person, PersonKind

from .conftest import World
from .mail import LINK, choices_of, link_in, links, newest, opted_in, sent_to

# With an account


def test_nobody_is_told_anything_without_a_token_of_the_pool(world: World) -> None:
    url = world.described["public_url"]
    header, claims, signature = world.described["users"]["ada"]["id_token"].split(".")
    _, of_grace, _ = world.described["users"]["grace"]["id_token"].split(".")
    forged = [None, "garbage", f"{header}.{claims}.{signature[:-8]}AAAAAAAA", f"{header}.{of_grace}.{signature}"]
    for token in forged:
        for path in ("/v1/me", "/v1/me/inbox", "/v1/me/subscriptions", "/v1/me/deliveries"):
            assert People(url, token).call("GET", path).status == 401


def test_a_token_of_another_pool_is_refused(world: World) -> None:
    assert People(world.described["public_url"], world.token_of_another_pool()).call("GET", "/v1/me").status == 401


def test_ada_sees_herself_alone(world: World) -> None:
    ada, grace = (Person(world.account_id(name), PersonKind.REACHABLE, {"name": name}) for name in ("ada", "grace"))
    world.store([ada, grace])
    topic = world.topic([ada], channels=["inbox"], public=True, title="News of Ada")
    message_id = world.send(topic, template=None, content={"subject": "For Ada", "text": "Hello"})
    assert world.rest(message_id)["state"] == "sent"
    account = world.account("ada")

    assert account.call("GET", "/v1/me").json()["id"] == ada.id
    inbox = account.call("GET", "/v1/me/inbox").json()
    assert [note["title"] for note in inbox["items"]] == ["For Ada"]
    read = account.call("POST", f"/v1/me/inbox/{message_id}/read")
    assert read.status == 200
    assert [each["message_id"] for each in account.call("GET", "/v1/me/deliveries").json()["items"]] == [message_id]

    other = world.account("grace")
    assert other.call("GET", "/v1/me").json()["id"] == grace.id
    assert other.call("GET", "/v1/me/inbox").json()["items"] == []
    assert other.call("GET", "/v1/me/deliveries").json()["items"] == []
    assert other.call("POST", f"/v1/me/inbox/{message_id}/read").status == 404


def test_grace_subscribes_and_changes_her_mind(world: World) -> None:
    topic = world.topic(channels=["inbox"], public=True)
    grace = world.account("grace")
    assert grace.call("PUT", f"/v1/me/subscriptions/{topic}/inbox").status == 201
    assert topic in [each["topic"] for each in grace.call("GET", "/v1/me/subscriptions").json()["items"]]
    assert grace.call("DELETE", f"/v1/me/subscriptions/{topic}/inbox").status == 204
    assert topic not in [each["topic"] for each in grace.call("GET", "/v1/me/subscriptions").json()["items"]]


def test_a_new_address_is_used_once_its_link_was_followed(world: World) -> None:
    grace = world.account("grace")
    address = "grace.new@example.com"
    changed = grace.call("PATCH", "/v1/me", {"email": address}).json()
    assert (changed["email"], changed["pending"]["email"]) == (None, address)
    (mail,) = world.console.outbox(channel="email", to=address)
    link = link_in(mail, "confirmations")
    assert grace.follow(link).status == 200
    assert grace.call("GET", "/v1/me").json()["email"] is None
    assert grace.press(link).status == 200
    assert grace.call("GET", "/v1/me").json()["email"] == address


# With a link


@pytest.fixture
def news(world: World) -> str:
    return world.topic(channels=["email"], public=True, title="News")


def test_opt_in_confirm_receive_unsubscribe_nothing_more(world: World, news: str) -> None:
    address = "reader.one@example.com"
    mail = opted_in(world, address, news)
    assert sent_to(world, address, news) == []

    confirmation = link_in(mail, "confirmations")
    assert confirmation.startswith(world.described["public_url"])
    assert world.anybody.press(confirmation).status == 200
    (received,) = sent_to(world, address, news)
    assert received["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"

    one_click = received["headers"]["List-Unsubscribe"].removeprefix("<").removesuffix(">")
    for _ in range(2):  # a repeat is answered the same
        answer = world.anybody.press(one_click, List_Unsubscribe="One-Click")
        assert answer.status == 200
        assert "set-cookie" not in answer.headers
    assert sent_to(world, address, news) == []


def test_a_scanner_that_opens_every_link_changes_nothing(world: World, news: str) -> None:
    address = "reader.two@example.com"
    mail = opted_in(world, address, news)
    for link in links(mail):
        assert world.anybody.follow(link).status == 200
    assert sent_to(world, address, news) == []

    assert world.anybody.press(link_in(mail, "confirmations")).status == 200
    (received,) = sent_to(world, address, news)
    pages = [world.anybody.follow(link) for link in links(received)]
    assert {page.status for page in pages} == {200}
    behind = {link for page in pages for link in LINK.findall(page.content.decode())}
    assert not any("/v1/preferences/" in link for link in behind)
    assert {world.anybody.follow(link).status for link in behind} <= {200}
    assert len(sent_to(world, address, news)) == 1


def test_the_preference_page_takes_a_topic_away(world: World, news: str) -> None:
    address = "reader.three@example.com"
    assert world.anybody.press(link_in(opted_in(world, address, news), "confirmations")).status == 200
    (received,) = sent_to(world, address, news)
    choices = choices_of(world, address, link_in(received, "unsubscribe"))
    assert world.anybody.press(choices, shown=f"{news}/email").status == 200  # and nothing is ticked
    assert sent_to(world, address, news) == []

    assert world.anybody.press(choices, shown=f"{news}/email", yes=f"{news}/email").status == 200
    assert sent_to(world, address, news) == []
    assert world.anybody.press(newest(world, address, "confirmations")).status == 200
    assert len(sent_to(world, address, news)) == 1


def test_one_page_takes_everything_away(world: World, news: str) -> None:
    address = "reader.five@example.com"
    assert world.anybody.press(link_in(opted_in(world, address, news), "confirmations")).status == 200
    (received,) = sent_to(world, address, news)
    assert world.anybody.press(link_in(received, "unsubscribe"), what="everything").status == 200
    assert sent_to(world, address, news) == []


def test_a_mail_to_confirm_stops_its_likes(world: World, news: str) -> None:
    address = "reader.six@example.com"
    mail = opted_in(world, address, news)
    assert mail["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    one_click = mail["headers"]["List-Unsubscribe"].removeprefix("<").removesuffix(">")
    assert world.anybody.press(one_click, List_Unsubscribe="One-Click").status == 200
    assert world.anybody.call("POST", "/v1/subscriptions", {"email": address, "topic": news}).status == 202
    assert len(world.console.outbox(channel="email", to=address)) == 1


def test_nobody_learns_who_is_known(world: World, news: str) -> None:
    answers = [
        world.anybody.call("POST", "/v1/subscriptions", {"email": address, "topic": topic})
        for address, topic in [("reader.four@example.com", news), ("ada@example.com", news), ("x@example.com", "none")]
    ]
    assert {(answer.status, answer.content) for answer in answers} == {(202, answers[0].content)}


@pytest.mark.parametrize("purpose", ["confirmations", "unsubscribe", "preferences"])
def test_a_link_that_nobody_signed_is_refused(world: World, purpose: str) -> None:
    link = f"{world.described['public_url']}/v1/{purpose}/WyJhZGEiXQ.AAAA"
    assert (world.anybody.follow(link).status, world.anybody.press(link).status) == (404, 404)
