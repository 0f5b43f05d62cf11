"""How Ceph writes addresses, and what a blocklist closes."""

from ipaddress import ip_address

import pytest

from kasugai.adapters.ceph.addresses import ends, entry, parse


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("198.51.100.11:0/3123796531", "198.51.100.11"),
        ("v1:198.51.100.11:0/55", "198.51.100.11"),
        ("v2:198.51.100.11:6800/55", "198.51.100.11"),
        ("any:198.51.100.11:0/55", "198.51.100.11"),
        ("[2001:db8::11]:0/55", "2001:db8::11"),
        ("v2:[2001:db8::11]:0/55", "2001:db8::11"),
    ],
)
def test_a_clients_address(text: str, address: str) -> None:
    assert parse(text) == ip_address(address)


@pytest.mark.parametrize(
    "text", ["", "-", "198.51.100.11", "198.51.100.999:0/1", "host:0/1", "198.51.100.11:0/x"]
)
def test_what_is_none(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize("address", ["198.51.100.11", "2001:db8::11"])
def test_an_entry_closes_all_of_its_address(address: str) -> None:
    found = ip_address(address)
    assert parse(entry(found)) == found
    assert ends(found, {entry(found): 7.0}) == 7.0


def test_an_entry_of_one_process_closes_nothing_else() -> None:
    here = ip_address("198.51.100.11")
    assert ends(here, {"198.51.100.11:0/4711": 7.0, "198.51.100.12:0/0": 7.0, "rubbish": 7.0}) is None


def test_ranges_of_newer_ones_count_and_the_last_end_does() -> None:
    here = ip_address("198.51.100.11")
    assert ends(here, {"cidr:198.51.100.0:0/24": 7.0, "198.51.100.11:0/0": 5.0}) == 7.0
    assert ends(here, {"cidr:198.51.101.0:0/24": 7.0}) is None
    assert ends(here, {"cidr:nonsense:0/24": 7.0}) is None
    assert ends(ip_address("2001:db8::11"), {"cidr:[2001:db8::]:0/64": 7.0}) == 7.0
