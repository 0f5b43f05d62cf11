"""Failure domains are read from a segment file by kind and name, and come out as each host's own."""

import pytest

from kasugai.adapters.inventory import Inventory, changed
from kasugai.cli.exits import Misused
from kasugai.cli.segment_changes import changes
from kasugai.cli.segment_file import parse
from kasugai.cli.segment_policy import in_words
from kasugai.cli.segment_show import merged, page
from kasugai.core.words.domains import Domain
from kasugai.core.words.policy import Policy

HOSTS = "name: rack1\nhosts: [cmp1, {name: cmp2, reserved: yes}, cmp3]\n"
R1, PDU = Domain(kind="rack", name="r1"), Domain(kind="pdu", name="pdu-3")


def domains(text: str) -> dict[str, tuple[Domain, ...]]:
    """Return each host's domains by a file."""
    return {host.name: host.domains for segment in parse("f", text, Policy()) for host in segment.hosts}


def test_a_host_may_be_in_several_domains_and_need_be_in_none() -> None:
    text = HOSTS + "domains:\n  rack: {r1: [cmp2, cmp1]}\n  pdu:\n    pdu-3:\n      - cmp1\n"
    assert domains(text) == {"cmp1": (PDU, R1), "cmp2": (R1,), "cmp3": ()}


def test_one_domain_may_lie_in_two_segments() -> None:
    one = "name: a\nhosts: [cmp1]\ndomains: {rack: {r1: [cmp1]}}"
    text = f"{one}\n---\nname: b\nhosts: [cmp2]\ndomains: {{rack: {{r1: [cmp2]}}}}"
    assert domains(text) == {"cmp1": (R1,), "cmp2": (R1,)}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("domains: {pdu: {pdu-3: [cmp9]}}", "f:3: domains.pdu.pdu-3: cmp9 is no host of this segment; did you mean"),
        ("domains: {pdu: {pdu-3: [x]}}", "x is no host of this segment; it belongs under hosts too"),
        ("domains: {pdu: {pdu-3: [cmp1, cmp1]}}", "f:3: domains.pdu.pdu-3: cmp1 is there twice"),
        ("domains: {pdu: {pdu-3: []}}", "f:3: domains.pdu.pdu-3: the hosts that share it belong here"),
        ("domains: {pdu: {pdu-3: }}", "f:3: domains.pdu.pdu-3: the hosts that share it belong here"),
        ("domains: {pdu: {pdu-3: cmp1}}", "f:3: domains.pdu.pdu-3: a list belongs here"),
        ("domains: {pdu: }", "f:3: domains.pdu: the domains of this kind belong here, each with its hosts"),
        ("domains: {pdu: {'': [cmp1]}}", "f:3: domains.pdu: a failure domain has a kind and a name (pdu/pdu-3)"),
        ("domains: {'': {pdu-3: [cmp1]}}", "a failure domain has a kind and a name (pdu/pdu-3)"),
        ("domains: {a/b: {pdu-3: [cmp1]}}", "f:3: domains.a/b.pdu-3: the kind of a failure domain has no slash: a/b"),
        ("domains: {pdu: {' x': [cmp1]}}", " x is no name: 1 to 255 printable characters"),
        ("domains: {pdu: {" + 100 * "鎹" + ": [cmp1]}}", "has 300 bytes, at most 191 are taken"),
        ("domains: {" + 64 * "k" + ": {a: [cmp1]}}", "has 64 bytes, at most 63 are taken"),
        ("domains: {pdu: {a: [cmp1], a: [cmp2]}}", "f:3: domains.pdu.a: is there twice"),
        ("domains: [pdu]", "f:3: domains: a mapping belongs here"),
        (f"domains: {{n: {{{', '.join(f'd{n}: [cmp1]' for n in range(17))}}}}}", "cmp1 is in more than 16 failure"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(text: str, told: str) -> None:
    with pytest.raises(Misused) as refused:
        parse("f", HOSTS + text, Policy())
    assert told in str(refused.value)


def test_sixteen_domains_are_taken() -> None:
    text = HOSTS + "domains: {n: {" + ", ".join(f"d{n:02}: [cmp1]" for n in range(16)) + "}}"
    assert len(domains(text)["cmp1"]) == 16


def test_what_changes_is_told_and_shown() -> None:
    def apply(inventory: Inventory, text: str) -> tuple[Inventory, list[str]]:
        found = changes(inventory, parse("f", text, Policy()), prune=False)
        after = changed(inventory, [change.record for change in found if change.record])
        return after, [change.line for change in found if change.record]

    inventory, _ = apply(Inventory(), HOSTS)
    inventory, said = apply(inventory, HOSTS + "domains: {rack: {r1: [cmp1, cmp3]}, pdu: {pdu-3: [cmp3]}}")
    assert said == [
        "change  host cmp1: domains (nothing) -> rack/r1",
        "change  host cmp3: domains (nothing) -> pdu/pdu-3, rack/r1",
    ]
    rack = next(inventory.segments())
    lines = page(merged(rack, list(inventory.hosts()), []), 0, None)
    assert "domains: pdu/pdu-3 (1), rack/r1 (2)" in lines
    inventory, said = apply(inventory, HOSTS)
    assert said == [
        "change  host cmp1: domains rack/r1 -> (nothing)",
        "change  host cmp3: domains pdu/pdu-3, rack/r1 -> (nothing)",
    ]


def test_what_a_policy_makes_of_domains_is_shown() -> None:
    assert in_words(Policy(), "")["storm"] == "from 50 % unhealthy hosts on"
    careful = Policy(domain_trip=40, domain_small=16, domain_cap=2, domain_rate=5)
    assert in_words(careful, "")["storm"] == (
        "from 50 % unhealthy hosts on; from 40 % of a failure domain on: held up to 16 hosts, larger ones 2 at a time "
        "and 5 within ten minutes"
    )
    one = in_words(Policy(domain_as_one=("pdu", "rack")), "")["storm"]
    assert one == "from 50 % unhealthy hosts on; a whole pdu or rack counts as one"


def test_the_words_of_domains_are_read_from_a_policy() -> None:
    text = "name: a\npolicy: {domain-trip: 50%, domain-small: 8, domain-cap: 2, domain-rate: 3, domain-as-one: [pdu]}"
    (found,) = parse("f", text, Policy())
    assert found.policy == Policy(
        domain_trip=50, domain_small=8, domain_cap=2, domain_rate=3, domain_as_one=("pdu",)
    )
    with pytest.raises(Misused, match="domain-trip: 101 is not from 0 to 100"):
        parse("f", "name: a\npolicy: {domain-trip: 101}", Policy())
