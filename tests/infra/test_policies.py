"""Who may call what of the internal API: evaluated as IAM does it, on data alone."""

from __future__ import annotations

import re
from typing import Final

import pytest
import yaml

from infra.policies import POLICIES
from tests.documents import ROOT

MESSAGE: Final = "0198c2a1-7d7e-7b5c-8f6e-3f1d2c4b5a69"
EVERYTHING: Final = {"Service", "Admin"}
PEOPLE: Final = {"Viewer", "Editor", "Operator"}
WRITERS: Final = {"Editor", "Operator"}
# By call, as API Gateway names it: who may make it beside EVERYTHING, written out. Also calls that are still to come.
MAY: Final[dict[str, set[str]]] = {
    "GET /openapi.json": {"Sender", "Audience", "Author"},
    "POST /v1/messages": {"Sender", *WRITERS},
    "GET /v1/messages": {"Sender", *PEOPLE},
    f"GET /v1/messages/{MESSAGE}": {"Sender", *PEOPLE},
    f"DELETE /v1/messages/{MESSAGE}": {"Sender", *WRITERS},
    f"POST /v1/messages/{MESSAGE}/redrives": {"Sender", "Operator"},
    f"GET /v1/messages/{MESSAGE}/deliveries": {"Sender", *PEOPLE},
    f"GET /v1/messages/{MESSAGE}/explanations/ada": {"Sender", *PEOPLE},
    f"GET /v1/messages/{MESSAGE}/content": {"Sender", *WRITERS},
    "GET /v1/topics": {"Sender", "Audience", "Author", *PEOPLE},
    "GET /v1/topics/news": {"Audience", "Author", *PEOPLE},
    "PUT /v1/topics/news": {"Author"},
    "DELETE /v1/topics/news": {"Author"},
    "GET /v1/topics/news/counts": {"Sender", "Audience", "Author", *PEOPLE},
    "GET /v1/topics/news/subscriptions": {"Audience", "Author", *PEOPLE},
    "POST /v1/topics/news/subscriptions": {"Audience", "Operator"},
    "GET /v1/templates": {"Sender", "Author", *PEOPLE},
    "GET /v1/templates/order": {"Sender", "Author", *PEOPLE},
    "GET /v1/templates/order/versions": {"Sender", "Author", *PEOPLE},
    "PUT /v1/templates/order": {"Author", *WRITERS},
    "DELETE /v1/templates/order": {"Author"},
    "POST /v1/templates/order/previews": {"Sender", "Author", *PEOPLE},
    "GET /v1/brand": {"Author"},
    "PUT /v1/brand": {"Author"},
    "GET /v1/users": {"Audience", "Operator"},
    "POST /v1/users": {"Audience", "Operator"},
    "GET /v1/users/ada": {"Audience", "Operator"},
    "PUT /v1/users/ada": {"Audience"},
    "PATCH /v1/users/ada": {"Audience"},
    "DELETE /v1/users/ada": {"Audience"},
    "POST /v1/users/ada/devices": {"Audience"},
    "DELETE /v1/users/ada/devices": {"Audience"},
    "GET /v1/users/ada/deliveries": {"Audience", *PEOPLE},
    "GET /v1/users/ada/subscriptions": {"Audience", *PEOPLE},
    "GET /v1/users/ada/export": {"Audience", "Operator"},
    "GET /v1/users/ada/consents": {"Audience", *PEOPLE},
    "GET /v1/users/ada/digests": {"Audience", *PEOPLE},
    "GET /v1/users/ada/digests/7": {"Audience", *PEOPLE},
    "POST /v1/users/ada/digests/7/close": {"Audience"},
    "PUT /v1/users/ada/subscriptions/news/email": {"Audience", "Operator"},
    "DELETE /v1/users/ada/subscriptions/news/email": {"Audience", "Operator"},
    "PUT /v1/users/ada/subscriptions/news/email/resubscription": {"Operator"},
    "GET /v1/masked/users/ada": PEOPLE,
    "GET /v1/masked/suppressions": PEOPLE,
    "GET /v1/suppressions": {"Audience", "Operator"},
    "POST /v1/suppressions": {"Audience", "Operator"},
    "GET /v1/suppressions/email/ada@example.com": {"Audience", "Operator"},
    "PUT /v1/suppressions/email/ada@example.com": {"Audience", "Operator"},
    "DELETE /v1/suppressions/email/ada@example.com": {"Operator"},
    "GET /v1/queues": PEOPLE,
}
SAMPLES: Final = {
    "message_id": MESSAGE,
    "user_id": "ada",
    "topic_id": "news",
    "template_id": "order",
    "channel": "email",
    "address": "ada@example.com",
    "digest_id": "7",
}


def allowed(name: str, call: str) -> bool:
    """As IAM decides: a denial wins; `*` is any characters, `?` one."""
    policy = POLICIES[name]
    return any(matches(p, call) for p in policy.allows) and not any(matches(p, call) for p in policy.withholds)


def matches(pattern: str, call: str) -> bool:
    written, named = (each.replace(" /", "/", 1) for each in (pattern, call))
    return (
        re.fullmatch("".join({"*": ".*", "?": "."}.get(sign, re.escape(sign)) for sign in written), named) is not None
    )


@pytest.mark.parametrize("call", MAY)
def test_a_call_is_allowed_to_those_who_need_it_and_nobody_else(call: str) -> None:
    assert {name for name in POLICIES if allowed(name, call)} == MAY[call] | EVERYTHING


def test_every_route_of_the_api_has_somebody_who_decided_on_it() -> None:
    document = yaml.safe_load((ROOT / "docs/openapi/internal.yaml").read_text(encoding="utf-8"))
    calls = {
        f"{method.upper()} {re.sub(r'{(.+?)}', lambda name: SAMPLES[name[1]], path)}"
        for path, operations in document["paths"].items()
        for method in operations
        if method in ("get", "put", "post", "delete", "patch")
    }
    assert calls - MAY.keys() == set()


def test_a_viewer_reads_no_address_and_changes_nothing() -> None:
    calls = {call for call in MAY if allowed("Viewer", call)}
    assert {call for call in calls if not call.startswith("GET ")} == {"POST /v1/templates/order/previews"}
    assert not [call for call in calls if re.fullmatch("GET /v1/(users/[^/]+|users|suppressions.*)", call)]


def test_a_policy_says_in_a_sentence_what_it_lets_one_do() -> None:
    assert {name: policy.lets.split()[0] for name, policy in POLICIES.items()} == {
        **dict.fromkeys(("Service", "Sender", "Audience", "Author", "Viewer", "Operator"), "a"),
        "Editor": "a",
        "Admin": "an",
    }
