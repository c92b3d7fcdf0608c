# ruff: noqa: E501  # rows of files
"""Amazon SES, as the AWS CLI prints it: contact lists and the suppression list.

https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_ListContacts.html
https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_ListSuppressedDestinations.html
"""

from __future__ import annotations

import json
from typing import Any, Final

from . import Peer

NOTE: Final = "SES keeps when a contact changed, not when it consented. A topic's default counts as an answer."


def _topics(**said: str) -> list[dict[str, str]]:
    return [{"TopicName": name, "SubscriptionStatus": status} for name, status in said.items()]


def _contact(who: str, *, gone: bool = False, default: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    preferences = {name: more.pop(name) for name in [*more] if more[name] in ("OPT_IN", "OPT_OUT")}
    known: dict[str, Any] = {"EmailAddress": f"{who}@x.org"}
    if preferences:
        known["TopicPreferences"] = _topics(**preferences)
    if default:
        known["TopicDefaultPreferences"] = _topics(**default)
    return known | {"UnsubscribeAll": gone, "LastUpdatedTimestamp": "2024-01-02T03:04:05.678000+01:00"} | more


CONTACTS: Final = Peer(
    "ses",
    "https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_Contact.html",
    "contacts.json",
    lambda rows: json.dumps({"Contacts": rows, "NextToken": "t"}, indent=4),
    [
        (_contact("ada", news="OPT_IN"), "ada@x.org email=ada@x.org +news/email@2024-01-02"),
        (_contact("bob", news="OPT_OUT"), "bob@x.org email=bob@x.org -news/email@2024-01-02"),
        (_contact("cy", default={"news": "OPT_IN"}), "cy@x.org email=cy@x.org +news/email@2024-01-02"),
        (_contact("dan", default={"news": "OPT_OUT"}), "dan@x.org email=dan@x.org -news/email@2024-01-02"),
        (_contact("eve", news="OPT_IN", default={"news": "OPT_OUT"}), "eve@x.org email=eve@x.org +news/email@2024-01-02"),
        (_contact("fay", news="OPT_OUT", default={"news": "OPT_IN"}), "fay@x.org email=fay@x.org -news/email@2024-01-02"),
        (_contact("gus", news="OPT_IN", gone=True), "gus@x.org email=gus@x.org !gus@x.org opt_out@2024-01-02"),
        (_contact("hal", gone=True), "hal@x.org email=hal@x.org !hal@x.org opt_out@2024-01-02"),
        (_contact("ida"), "ida@x.org email=ida@x.org"),
        (_contact("jo", news="OPT_IN", Daily="OPT_OUT"),
         "jo@x.org email=jo@x.org +news/email@2024-01-02 -daily/email@2024-01-02"),
        (_contact("kim", news="OPT_IN", AttributesData='{"city": "Wien"}'),
         "kim@x.org email=kim@x.org a.city=Wien +news/email@2024-01-02"),
        (_contact("lou", news="OPT_IN", AttributesData="VIP"),
         "lou@x.org email=lou@x.org a.attributes_data=VIP +news/email@2024-01-02"),
        (_contact("mia", news="OPT_IN", AttributesData='["a", "b"]'),
         "mia@x.org email=mia@x.org a.attributes_data=[\"a\", \"b\"] +news/email@2024-01-02"),
        (_contact("ned", news="OPT_IN", AttributesData='{"deep": {"x": 1}}'),
         "ned@x.org email=ned@x.org +news/email@2024-01-02 ~field attribute deep"),
        (_contact("ola", news="OPT_IN", LastUpdatedTimestamp=1704164645.678), "ola@x.org email=ola@x.org +news/email@2024-01-02"),
        (_contact("pat", news="OPT_IN", LastUpdatedTimestamp=None), "pat@x.org email=pat@x.org +news/email"),
        (_contact("qi", news="OPT_IN", EmailAddress="Qi@X.org"), "qi@x.org email=Qi@X.org +news/email@2024-01-02"),
        (_contact("ray", news="OPT_IN", EmailAddress="ray"), "~rejected invalid_email email"),
        (_contact("sue", TopicPreferences=_topics(news="PAUSED")), "sue@x.org email=sue@x.org -news/email@2024-01-02"),
        ({"UnsubscribeAll": False}, "~rejected unexpected"),
    ],
    [NOTE],
)  # fmt: skip


def _gone(address: str, reason: str = "BOUNCE", at: Any = "2023-04-05T06:07:08.123000+00:00") -> dict[str, Any]:
    return {"EmailAddress": address, "Reason": reason, "LastUpdateTime": at}


def _pages(rows: list[Any]) -> str:
    """Pages of twelve, one after the other."""
    pages = [rows[:12], rows[12:]]
    return "\n".join(json.dumps({"SuppressedDestinationSummaries": page, "NextToken": "t"}, indent=4) for page in pages)


SUPPRESSED: Final = Peer(
    "ses",
    "https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SuppressedDestinationSummary.html",
    "suppressed.json",
    _pages,
    [
        *((_gone(f"b{n}@x.org"), f"!b{n}@x.org bounce@2023-04-05") for n in range(8)),
        *((_gone(f"c{n}@x.org", "COMPLAINT"), f"!c{n}@x.org complaint@2023-04-05") for n in range(4)),
        (_gone("Upper@X.org"), "!upper@x.org bounce@2023-04-05"),
        (_gone("upper@x.org", "COMPLAINT"), "!upper@x.org bounce@2023-04-05"),
        (_gone("epoch@x.org", at=1680674828.123), "!epoch@x.org bounce@2023-04-05"),
        (_gone("new@x.org", "POLICY"), "!new@x.org manual@2023-04-05"),
        (_gone("timeless@x.org", at=None), "!timeless@x.org bounce"),
        (_gone("not an address"), "~rejected invalid_email email"),
        (_gone("ümlaut@x.org"), "~rejected invalid_address address"),
        ({"EmailAddress": None, "Reason": "BOUNCE"}, "~rejected invalid_email email"),
    ],
    [NOTE],
)  # fmt: skip
