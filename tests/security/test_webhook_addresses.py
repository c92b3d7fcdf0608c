"""Server-side request forgery: a webhook's address is its user's, and leads to the public internet or nowhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from fanfare.channels.base import AddressRefused, Kind
from fanfare.channels.webhook_guard import Guard

from tests.unit.channels.fakes import envelope
from tests.unit.channels.test_webhook import PUBLIC, Endpoint, refused

# Addresses in every spelling that a resolver takes: these are resolved for real, which asks no name server.
LITERALS = """
https://127.0.0.1/ https://127.0.0.1:8443/ https://127.1/ https://127.0.1/ https://127.255.255.254/
https://2130706433/ https://0x7f000001/ https://0x7f.0.0.1/ https://0x7f.1/ https://017700000001/ https://0177.0.0.1/
https://0177.1/ https://0/ https://0.0.0.0/ https://0.1.2.3/ https://00000177.0.0.1/ https://[::1]/ https://[::]/
https://[0:0:0:0:0:0:0:1]/ https://[::ffff:127.0.0.1]/ https://[::ffff:7f00:1]/ https://[0:0:0:0:0:ffff:7f00:1]/
https://[::127.0.0.1]/ https://[::7f00:1]/ https://[64:ff9b::127.0.0.1]/ https://[64:ff9b::7f00:1]/
https://[64:ff9b:1::7f00:1]/ https://[2002:7f00:1::]/ https://[2002:7f00:1::1]/ https://[2001:0:7f00:1::]/
https://10.0.0.1/ https://10.255.255.255/ https://10.1/ https://167772161/ https://0xa000001/ https://012.0.0.1/
https://172.16.0.1/ https://172.31.255.254/ https://172.20.10.1:9200/ https://2886729729/
https://192.168.0.1/ https://192.168.1.254/ https://192.168.257/ https://3232235777/ https://0xc0a80101/
https://169.254.169.254/ https://169.254.169.254/latest/meta-data/iam/security-credentials/ https://2852039166/
https://0xa9fea9fe/ https://0xa9.0xfe.0xa9.0xfe/ https://0251.0376.0251.0376/ https://169.254.43518/
https://169.254.170.2/v2/credentials https://169.254.170.23/ https://169.254.1.1/ https://[::ffff:169.254.169.254]/
https://[::ffff:a9fe:a9fe]/ https://[::a9fe:a9fe]/ https://[64:ff9b::a9fe:a9fe]/ https://[2002:a9fe:a9fe::1]/
https://[fd00:ec2::254]/latest/meta-data/ https://[fd00:ec2::23]/ https://[fe80::1]/ https://[fe80::a9fe:a9fe]/
https://[fc00::1]/ https://[fd12:3456:789a::1]/ https://[fec0::1]/ https://[ff02::1]/ https://[ff05::2]/
https://[100::1]/ https://[2001:db8::1]/ https://[2001:2::1]/ https://[2001:10::1]/ https://[2001:20::1]/
https://[3fff::1]/ https://[5f00::1]/ https://[2002:a00:1::]/ https://[2002:c0a8:101::]/ https://[::ffff:10.0.0.1]/
https://[::ffff:192.168.1.1]/ https://[::10.0.0.1]/ https://[64:ff9b::a00:1]/ https://[::ffff:0.0.0.0]/
https://100.64.0.1/ https://100.100.100.200/latest/meta-data/ https://100.127.255.254/ https://192.0.0.1/
https://192.0.0.192/ https://192.0.0.9/ https://192.0.2.1/ https://192.88.99.1/ https://198.18.0.1/
https://198.19.255.254/ https://198.51.100.7/ https://203.0.113.9/ https://168.63.129.16/machine/
https://224.0.0.1/ https://239.255.255.250/ https://240.0.0.1/ https://255.255.255.255/ https://4294967295/
""".split()

# Names, and what a name server says of each: one address that is not public condemns all
NAMES: Mapping[str, Sequence[str]] = {
    "localhost": ["127.0.0.1", "::1"],
    "localhost.": ["127.0.0.1"],
    "LOCALHOST": ["127.0.0.1"],
    "metadata.google.internal": ["169.254.169.254"],
    "instance-data.ec2.internal": ["169.254.169.254"],
    "intranet": ["10.1.2.3"],
    "127.0.0.1.nip.example": ["127.0.0.1"],
    "one-of-two.example": [PUBLIC, "10.0.0.1"],
    "one-of-two-v6.example": [PUBLIC, "::ffff:169.254.169.254"],
    "last-of-three.example": [PUBLIC, "2606:4700::1", "fe80::1%eth0"],
    "scoped.example": ["fe80::1%1"],
    "nothing-sensible.example": ["not an address"],
}

NOT_A_TARGET = [
    ("http://shop.example/", "not_https"),
    ("http://127.0.0.1/", "not_https"),
    ("ftp://shop.example/", "not_https"),
    ("file:///etc/passwd", "invalid_address"),
    ("gopher://127.0.0.1:6379/_SET", "not_https"),
    ("dict://shop.example:11211/", "not_https"),
    ("jar:https://shop.example!/", "invalid_address"),
    ("javascript:alert(1)", "invalid_address"),
    ("data:text/plain,hello", "invalid_address"),
    ("//shop.example/", "not_https"),
    ("shop.example", "invalid_address"),
    ("https://", "invalid_address"),
    ("https:///path", "invalid_address"),
    ("https://user@shop.example/", "invalid_address"),
    ("https://user:password@shop.example/", "invalid_address"),
    ("https://shop.example@127.0.0.1/", "invalid_address"),
    ("https://127.0.0.1\\@shop.example/", "invalid_address"),
    ("https://shop.example\\.internal/", "invalid_address"),
    ("https://shop.example /", "invalid_address"),
    ("https://shop.example/\r\nHost: internal", "invalid_address"),
    ("https://shop.example\t/", "invalid_address"),
    ("https://shop.example/\x00", "invalid_address"),
    ("https://[::1/", "invalid_address"),
    ("https://[not-an-address]/", "invalid_address"),
    ("https://shop.example:port/", "invalid_address"),
    ("https://shop.example:99999/", "invalid_address"),
    ("https://shop.example:22/", "forbidden_port"),
    ("https://shop.example:25/", "forbidden_port"),
    ("https://shop.example:80/", "forbidden_port"),
    ("https://shop..example/", "invalid_address"),
    (f"https://{'a' * 64}.example/", "invalid_address"),
    (f"https://shop.example/{'a' * 2048}", "invalid_address"),
]


def test_the_list_is_long_enough() -> None:
    assert len(LITERALS) + len(NAMES) + len(NOT_A_TARGET) >= 140


@pytest.mark.parametrize("url", LITERALS)
def test_an_address_inside_is_refused_in_every_spelling(url: str) -> None:
    guard = Guard()  # with this machine's resolver
    # a spelling that this machine's resolver does not take leads nowhere either
    with pytest.raises((AddressRefused, OSError)) as refusal:
        guard.check(url)
    assert getattr(refusal.value, "reason", "forbidden_address") == "forbidden_address"


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_leads_inside_is_refused(name: str) -> None:
    assert refused(Endpoint(NAMES[name]), f"https://{name}/") == "forbidden_address"


@pytest.mark.parametrize(("url", "reason"), NOT_A_TARGET)
def test_what_is_no_https_url_of_a_public_host_is_refused(url: str, reason: str) -> None:
    endpoint = Endpoint()
    assert refused(endpoint, url) == reason
    assert endpoint.asked == []  # and no name server hears of it


def test_a_name_that_changes_its_address_is_written_to_where_it_was_checked() -> None:
    endpoint = Endpoint([PUBLIC], ["169.254.169.254"])
    endpoint.send([envelope(address="https://rebinding.example/")])
    ((target, _, headers),) = endpoint.posts
    assert target.ip == PUBLIC
    assert headers["host"] == target.host == "rebinding.example"  # TLS verifies the name, not the address
    assert endpoint.asked == ["rebinding.example"]


def test_a_name_that_has_turned_inside_is_refused_the_next_time() -> None:
    endpoint = Endpoint([PUBLIC], ["169.254.169.254"])
    kinds = [endpoint.send([envelope(address="https://rebinding.example/")])[0].kind for _ in range(2)]
    assert kinds == [Kind.SENT, Kind.PERMANENT]
    assert len(endpoint.posts) == 1
