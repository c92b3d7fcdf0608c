"""What services and people write is shown as text, in every page and mail, and becomes a header nowhere."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any, Final

import pytest
from fanfare.channels.base import Envelope
from fanfare.channels.email import Email
from fanfare.domain.audience import User
from fanfare.domain.catalogue import Brand, BrandLink
from fanfare.errors import Invalid
from fanfare.runtime.use_cases import public_api as use_cases
from fanfare.schemas.self_service import SignUpRequest
from fanfare.schemas.topics import PutTopicRequest
from fanfare.schemas.users import PutUserRequest
from fanfare.self_service import pages
from fanfare.self_service.pages import lists
from fanfare.self_service.pages.look import Look
from fanfare.self_service.pages.mails import Mail
from fanfare.self_service.preferences.ceilings import Ceilings
from fanfare.signing.links import Links
from fanfare.templates.renderer import Renderer
from pydantic import ValidationError

from tests.integration import internal_api
from tests.integration.conftest import Aws
from tests.integration.letters import Post
from tests.integration.public_api import browse, call

ATTACKS: Final = [
    "<script>alert(1)</script>",
    '"><script>alert(1)</script>',
    "'><img src=x onerror=alert(1)>",
    "</title><script>alert(1)</script>",
    "</textarea></style><svg onload=alert(1)>",
    '" onmouseover="alert(1)" x="',
    "javascript:alert(1)",
    "<a href='javascript:alert(1)'>x</a>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<base href='https://evil.example/'>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<form action='https://evil.example'><button>",
    "<!--<script>",
    "{{ 7*7 }}{% raw %}",
    "{topic}{brand}{0.__class__}",
    "&lt;script&gt;&#60;script&#62;",
    "\u202e<b>\u0000",
    "<math><mtext></p><style><img title='</style><img src=x onerror=alert(1)>'>",
]
TAGS: Final = set(
    "html head meta title style body header main h1 h2 p form button div a fieldset legend input label span small "
    "select option section table caption tbody tr th td code pre ul li nav footer bdi".split()
)
ATTRIBUTES: Final = set(
    "lang charset name content class method type href value checked disabled role id tabindex aria-label "
    "aria-labelledby scope dir hreflang action for required selected maxlength autocomplete aria-hidden "
    "aria-current".split()
)


class Reader(HTMLParser):
    """The tags and attributes of a page, as a browser finds them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links |= {value or "" for name, value in attrs if name in {"href", "src", "action", "formaction"}}


def harmless(text: str) -> None:
    page = Reader(text)
    assert page.tags <= TAGS
    assert page.attributes <= ATTRIBUTES
    assert not [link for link in page.links if not link.startswith(("https://people.example.com/", "/", "#", "?lang="))]


@pytest.mark.parametrize("attack", ATTACKS)
def test_every_page_shows_it_as_text(attack: str) -> None:
    link = BrandLink(titles={"en": attack}, url="https://people.example.com/imprint")
    look = Look(brand=Brand(name=attack, address=attack, links=(link,)))
    preferences = "https://people.example.com/v1/preferences/x"
    at = datetime(2027, 1, 1, tzinfo=UTC)
    way = lists.Way(channel=attack, subscribed=True, frequency="daily")
    words = {"title": attack, "description": attack, "category": attack}
    choice = lists.Choice(topic="a", **words, required=False, frequencies=("daily", "weekly"), ways=(way, way))
    ceilings = Ceilings(at_most={attack: None}, digest_at=attack)
    offer = lists.Offer(topic=attack, title=attack, description=attack, by_mail=True)
    for text in (
        pages.ask_to_unsubscribe(look, topic=attack, channel=attack, subscribed=True, current=True),
        pages.ask_to_unsubscribe(look, topic=attack, channel=attack, subscribed=False, current=False),
        pages.unsubscribed(look, topic=attack, channel=attack, current=True, undo=attack),
        pages.confirm_subscription(look, topic=attack, required=False, asked_at=at),
        pages.confirm_choices(look, [(attack, attack)], opt_in=True, asked_at=at),
        pages.stop_everything(look, opted_out=False, asking=attack),
        pages.subscribed(look, topic=attack, required=True, opted_out=False, preferences=preferences),
        pages.subscribed(look, topic=attack, required=False, opted_out=True, preferences=preferences),
        pages.confirm_address(look, account=attack, asked_at=at),
        pages.address_confirmed(look, preferences=preferences),
        lists.preferences(look, [choice], ceilings=ceilings, whose=attack, opted_out=False, saved=True),
        lists.directory(look, [offer]),
        pages.problem(look, attack, finds=True),
    ):
        harmless(text)


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_mail_of_ours_has_its_two_links_and_no_more_headers(attack: str) -> None:
    link, stop = "https://people.example.com/v1/x", "https://people.example.com/v1/y"
    look = Look(brand=Brand(name=attack, address=attack))
    page = Reader(Mail("{topic}", ("{topic}", "x", "x", "x"), link, look=look, stop=stop, topic=attack).html())
    assert page.links == {link, stop}
    assert not page.tags & {"script", "img", "iframe", "svg", "form", "base", "object"}


def test_a_page_is_closed_to_everything_and_framed_by_nobody(aws: Aws, post: Post) -> None:
    for path in ("/v1/unsubscribe/x", "/v1/preferences/x", "/v1/confirmations/x"):
        headers = browse(path).headers
        policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
        assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert policy["form-action"] == "'self'"
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-frame-options"] == "DENY"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert headers["strict-transport-security"].startswith("max-age=")
        assert "set-cookie" not in headers


def test_an_answer_that_is_no_page_is_kept_by_nobody_either() -> None:
    for answer in (call("GET", "/v1/health"), call("GET", "/nothing"), internal_api.call("GET", "/nothing")):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["strict-transport-security"].startswith("max-age=")


@pytest.mark.parametrize("path", ["/<script>alert(1)</script>", "/v1/users/\"'><svg>", "/v1/topics/a\r\nX-Evil: 1"])
def test_a_path_that_is_told_back_is_json(path: str) -> None:
    for answer in (
        internal_api.call("GET", path),
        call("GET", path),
        call("GET", path, headers={"accept": "text/html"}),
    ):
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.body["instance"] == path
        assert not [value for value in answer.headers.values() if "\r" in value or "\n" in value]


# Headers of mails

BREAKS: Final = [
    "\r\nBcc: all@example.com",
    "\nBcc: all@example.com",
    "\rX: y",
    "\u2028X: y",
    "\x00X",
    "\x0bX: y",
    "%0d%0aX: y",
]
BAD_ADDRESSES: Final = [
    *(f"ada@example.com{each}" for each in BREAKS),
    *(f"ada{each}@example.com" for each in BREAKS[:6]),
    "ada@example.com, all@example.com",
    "ada@example.com; all@example.com",
    "Ada <ada@example.com>",
    "<ada@example.com>",
    "ada@example.com>",
    "ada@@example.com",
    "ada@example.com ",
    " ada@example.com",
    "ada@[127.0.0.1]",
    "ada@localhost",
    "@example.com",
    "ada@exam\u200bple.com",
    "ad\u0430@example.com",
    "ada@example.com\u202e",
    '"ada\r\n"@example.com',
    f"a@{'b' * 250}.com",
]


@pytest.mark.parametrize("address", BAD_ADDRESSES, ids=ascii)
def test_it_is_no_address(address: str) -> None:
    for model, body in ((PutUserRequest, {"email": address}), (SignUpRequest, {"email": address, "topic": "t"})):
        with pytest.raises(ValidationError):
            model.model_validate(body)


NOT_A_NUMBER: Final = [
    "+43664\r\n1234567",
    "+436641234567\n",
    "436641234567",
    "+43 664 1234567",
    "+\u0664\u0663\u0666\u0664\u0661\u0662\u0663",  # digits of Arabic
    "tel:+436641234567",
    "+43664;ext=1",
]


@pytest.mark.parametrize("phone", NOT_A_NUMBER, ids=ascii)
def test_it_is_no_number(phone: str) -> None:
    with pytest.raises(ValidationError):
        PutUserRequest.model_validate({"phone": phone})


@pytest.mark.parametrize("end", BREAKS, ids=ascii)
def test_a_subject_is_one_line_whatever_the_data_says(end: str) -> None:
    body = {"channels": {"email": {"subject": "Hello {{ data.x }} {{ user.name }}" + end, "text": "x"}}}
    user = {"id": "ada", "name": f"Ada{end}", "locale": "en"}
    subject = Renderer().render(body, "email", locale=None, data={"x": f"y{end}"}, user=user)["subject"]
    assert not re.search(r"[\x00-\x1f\x7f\x85\u2028\u2029]", subject)


@pytest.mark.parametrize("end", BREAKS, ids=ascii)
def test_a_topic_s_title_is_one_line_in_a_subject(end: str, aws: Aws, post: Post) -> None:
    use_cases.verification_mail().confirm_subscription(
        "ada@example.com", f"News{end}", "https://people.example.com/v1/x", tags={}, language="en"
    )
    assert not re.search(r"[\x00-\x1f\x7f\x85\u2028\u2029]", post.mails[0].subject)


@pytest.mark.parametrize("name", ["ada", "A.b_c:d-9", "a" * 128])
@pytest.mark.parametrize("topic", ["orders.shipped", "a" * 128])
def test_a_link_to_unsubscribe_is_a_header_of_one_line(name: str, topic: str) -> None:
    reader = User(id=name, profile={}, generation="x" * 8, readdressed={"email": 999_999})
    link = Links("https://people.example.com", keys=lambda: {"k": "a key"}).unsubscribe_link(reader, topic, "email")
    sent: list[Any] = []

    def send_bulk_email(**request: Any) -> dict[str, Any]:
        sent.extend(request["BulkEmailEntries"])
        return {"BulkEmailEntryResults": [{"Status": "SUCCESS", "MessageId": "1"}]}

    client: Any = SimpleNamespace(send_bulk_email=send_bulk_email)
    email = Email(client, sender="a@example.com", configuration_set=None)
    content = {"subject": "x", "text": "y"}
    envelope = Envelope(message_id="m", user_id=name, address="a@example.com", content=content, unsubscribe=link)
    email.send([envelope])
    (entry,) = sent
    for header in entry["ReplacementHeaders"]:
        assert re.fullmatch(r"[\x21-\x7e]+", header["Value"])
        assert (
            len(header["Value"]) <= 998 - len(header["Name"]) - 2
        )  # https://www.rfc-editor.org/rfc/rfc5322#section-2.1.1
    for tag in entry["ReplacementTags"]:
        assert re.fullmatch(r"[A-Za-z0-9_-]{1,256}", tag["Value"])


def test_the_key_of_idempotency_is_told_back_nowhere() -> None:
    answer = internal_api.call("POST", "/v1/messages", {}, headers={"idempotency-key": "a\r\nX-Evil: 1"})
    assert "x-evil" not in json.dumps(dict(answer.headers)).lower()


def test_a_title_may_be_anything_and_a_part_s_name_may_not() -> None:
    assert PutTopicRequest.model_validate({"title": ATTACKS[0], "channels": ["email"]}).title == ATTACKS[0]
    with pytest.raises(Invalid):
        Renderer().check({"channels": {"email": {"subject": "x", "text": "y", "Bcc": "all@example.com"}}})
