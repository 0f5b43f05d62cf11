"""Storms of failure domains: a small one stops, a large one slows down, and one that counts as one host does so only
whole."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kasugai.core.deciding import asone, domainstorm
from kasugai.core.deciding.draining import CALM_FIRST
from kasugai.core.deciding.rows import HostRow, SegmentRow
from kasugai.core.deciding.storm import storm
from kasugai.core.deciding.tally import Tally
from kasugai.core.words.domains import Domain
from kasugai.core.words.facts import FactKind, Result
from kasugai.core.words.hardware import hardware_subject
from kasugai.core.words.policy import Degraded, Policy
from kasugai.core.words.signals import Instruction, Limit, Source
from kasugai.core.words.subject import host_subject
from kasugai.core.words.timing import SteadyTime
from kasugai.core.words.verdicts import Reason
from tests.unit.core.makers import alive, asked, condition, down, fact, host, report, row, segment
from tests.unit.core.story import Story, bid

PDU, OTHER = Domain(kind="pdu", name="p1"), Domain(kind="rack", name="r1")
C = [f"c{n:02}" for n in range(1, 21)]
TRIPS = Policy(max_unhealthy=100, domain_trip=50, domain_small=4)


def town(policy: Policy, *shares: Sequence[str], names: Sequence[str] = C) -> Story:
    """Return a story of hosts, of which those in `shares` share p1, p2, ..."""
    story = Story(policy=policy, hosts=())
    for name in names:
        domains = [Domain(kind="pdu", name=f"p{n}") for n, those in enumerate(shares, 1) if name in those]
        story.describe(host(name, domains=tuple(domains)))
    return story


def lose(story: Story, *names: str) -> list[str]:
    """Report each as fenced and return what is said of hosts."""
    return [said for name in names for said in story.write(report(f"r{len(story.mail)}", host=name))]


def of_hosts(said: Sequence[str]) -> list[str]:
    return [each for each in said if "/" not in each]


def end(story: Story, name: str) -> list[str]:
    """Have the recovery of a host end well."""
    order = story.row(f"host/{name}").incident
    assert order is not None
    done = fact(FactKind.FINISHED, result=Result.RECOVERED, reason=Reason.RECOVERED)
    return of_hosts(
        story.hear(replace(done, subject=host_subject(name), incident=order.order.incident, n=order.order.n))
    )


def test_a_small_domain_stops_in_its_storm_and_others_go_on() -> None:
    story = town(TRIPS, C[:4], C[4:8])
    assert lose(story, "c01", "c02") == ["open c01 (asserted)", "hold c02 (domain-storm)"]
    assert story.post.verdicts[-1].detail == "2 of 4 hosts of pdu/p1 are unhealthy"
    assert lose(story, "c05", "c20") == ["open c05 (asserted)", "open c20 (asserted)"]


def test_by_default_no_domain_is_ever_in_a_storm() -> None:
    story = town(Policy(max_unhealthy=100), C[:4])
    assert lose(story, *C[:4]) == [f"open {name} (asserted)" for name in C[:4]]


def test_one_of_one_is_no_storm_of_a_domain() -> None:
    story = town(replace(TRIPS, domain_trip=1), C[:1], C[1:3])
    assert lose(story, "c01", "c02") == ["open c01 (asserted)", "open c02 (asserted)"]
    assert lose(story, "c03") == ["hold c03 (domain-storm)"]


def test_it_lets_go_when_its_number_has_been_small_and_steady() -> None:
    story = town(TRIPS, C[:4])
    story.write(down(Source.NOVA, host="c01"))
    assert lose(story, "c02") == ["hold c02 (domain-storm)"]
    story.write(alive(Source.NOVA, host="c01"), at=10)
    assert story.wait(69.5) == []
    assert story.wait(90.5) == ["open c02 (asserted)"]


def test_a_host_that_fails_later_waits_with_those_that_are_held() -> None:
    story = town(replace(TRIPS, domain_small=8, domain_trip=40), C[:8])
    lose(story, "c01")
    story.write(down(Source.NOVA, host="c02"))
    story.write(down(Source.NOVA, host="c03"))
    assert lose(story, "c04") == ["hold c04 (domain-storm)"]
    for name in ("c02", "c03"):
        story.write(alive(Source.NOVA, host=name))
    assert lose(story, "c05") == ["hold c05 (domain-storm)"], "3 of 8 are too few, but not yet for long"
    said = story.wait(100)
    assert [each for each in said if each.startswith("open")] == [
        "open c04 (asserted)",
        "open c05 (asserted)",
    ]


@pytest.mark.parametrize("whom", ["host", "segment"])
def test_a_person_approves_a_domains_storm_as_a_storm(whom: str) -> None:
    story = town(TRIPS, C[:4])
    lose(story, "c01", "c02", "c03")
    given: dict[str, Any] = {"subject": host_subject("c02")} if whom == "host" else {"up_to": 3}
    said = of_hosts(story.write(bid(Instruction.APPROVE, limit=Limit.STORM, **given)))
    opened = ["open c02 (asserted)"] if whom == "host" else ["open c02 (asserted)", "open c03 (asserted)"]
    assert [each for each in said if each.startswith("open")] == opened


def test_an_approval_counts_the_hosts_of_the_segment() -> None:
    story = town(TRIPS, C[:4])
    lose(story, "c01", "c02", "c10")
    said = story.write(bid(Instruction.APPROVE, limit=Limit.STORM, up_to=2))
    assert not any("open" in each for each in said), "three of the segment are unhealthy"


def test_nothing_is_approved_where_no_domain_is_in_a_storm() -> None:
    story = town(TRIPS, C[:4])
    lose(story, "c01")
    assert story.write(bid(Instruction.APPROVE, limit=Limit.STORM, up_to=9)) == [
        "refuse segment/rack1 (nothing-to-approve): approve by ann: why not"
    ]


LARGE = replace(TRIPS, domain_small=4, domain_cap=2, domain_rate=3)


def test_a_large_domain_is_recovered_so_many_at_a_time() -> None:
    story = town(LARGE, C[:8])
    for name in C[:6]:
        story.write(down(Source.NOVA, host=name))
    assert lose(story, *C[:4]) == [
        "open c01 (asserted)",
        "open c02 (asserted)",
        "hold c03 (domain-pace)",
        "hold c04 (domain-pace)",
    ]
    assert story.post.verdicts[-1].detail == "pdu/p1: 2 at a time, 3 within ten minutes"
    assert lose(story, "c20") == ["open c20 (asserted)"]
    story.wait(5)
    assert end(story, "c01") == ["close c01 (recovered)"]
    assert of_hosts(story.wait(10)) == ["open c03 (asserted)"]


def test_a_large_domain_is_recovered_at_a_rate() -> None:
    story = town(replace(LARGE, domain_cap=100), C[:8])
    for name in C[:6]:
        story.write(down(Source.NOVA, host=name))
    assert lose(story, *C[:5])[2:] == [
        "open c03 (asserted)",
        "hold c04 (domain-pace)",
        "hold c05 (domain-pace)",
    ]
    for name in C[:3]:
        end(story, name)
    assert [each for each in story.wait(599) if "open" in each] == []
    assert [each for each in story.wait(605) if "open" in each] == [
        "open c04 (asserted)",
        "open c05 (asserted)",
    ]


def test_a_large_domain_that_is_in_no_storm_is_not_slowed_down() -> None:
    story = town(LARGE, C[:8])
    assert lose(story, *C[:3]) == [f"open {name} (asserted)" for name in C[:3]]


def test_who_waits_for_a_worker_or_a_person_takes_no_place() -> None:
    story = town(replace(LARGE, domain_cap=1, domain_rate=100), C[:8])
    for name in C[:6]:
        story.write(down(Source.NOVA, host=name))
    assert lose(story, "c01", "c02")[-1] == "hold c02 (domain-pace)"
    incident = story.row("host/c01").incident
    assert incident is not None
    held = fact(FactKind.HELD, reason=Reason.NO_FENCE_DEVICE)
    story.hear(replace(held, subject=host_subject("c01"), incident=incident.order.incident))
    assert "open c02 (asserted)" in story.wait(10)


def test_a_person_may_have_a_large_domain_recovered_faster() -> None:
    story = town(LARGE, C[:8])
    for name in C[:6]:
        story.write(down(Source.NOVA, host=name))
    lose(story, *C[:4])
    said = story.write(bid(Instruction.APPROVE, limit=Limit.STORM, subject=host_subject("c03")))
    assert "open c03 (asserted)" in said


def test_a_drain_waits_for_the_storm_of_a_domain() -> None:
    story = town(TRIPS, C[:4])
    lose(story, "c01", "c02")
    tally = story.mailbox._segments["s1"].tally
    assert tally.is_domain_storm and not tally.is_storm
    marked = replace(row(), subject=hardware_subject("c20"))
    about = SegmentRow(record=segment(policy=Policy(degraded=Degraded.DRAIN)))
    assert CALM_FIRST.why(asked(row=marked, segment=about, tally=tally)) is Reason.STORM_FIRST
    assert CALM_FIRST.why(asked(row=marked, segment=about, tally=Tally())) is None


def test_gates_that_are_open_have_nothing_to_say() -> None:
    """What is told of a gate is asked for behind its answer, and may have changed in between."""
    calm = asked(segment=SegmentRow(record=segment(policy=TRIPS)))
    assert domainstorm.DOMAIN_CALM.detail(calm, Reason.DOMAIN_STORM) == ""
    assert domainstorm.DOMAIN_PACED.detail(calm, Reason.DOMAIN_PACE) == ""
    assert domainstorm.DOMAIN_CALM.why(asked()) is None


ONE = Policy(max_unhealthy=30, domain_as_one=("pdu",))


def test_a_whole_domain_counts_as_one_where_its_policy_says_so() -> None:
    """Ten of twenty share a PDU: each by itself they are a storm of 30 %."""
    story = town(ONE, C[:10])
    for name in C[:10]:
        story.write(down(Source.NOVA, host=name))
    assert lose(story, "c01", "c02") == ["open c01 (asserted)", "open c02 (asserted)"]
    story = town(replace(ONE, domain_as_one=()), C[:10])
    for name in C[:10]:
        story.write(down(Source.NOVA, host=name))
    assert lose(story, "c01", "c02") == ["hold c01 (storm)", "hold c02 (storm)"]


def test_until_all_of_it_has_failed_it_is_a_storm() -> None:
    story = town(ONE, C[:10])
    for name in C[:9]:
        story.write(down(Source.NOVA, host=name))
    assert lose(story, "c01") == ["hold c01 (storm)"]
    story.write(down(Source.NOVA, host="c10"))
    said = of_hosts(story.wait(65))
    assert said == ["open c01 (asserted)"], "a cooldown after its number is steady"


def test_who_is_accused_by_agents_alone_makes_no_domain_whole() -> None:
    story = town(ONE, C[:10])
    for name in C[:9]:
        story.write(down(Source.NOVA, host=name))
    story.write(down(Source.PEER, host="c10"))
    assert lose(story, "c01") == ["hold c01 (storm)"]


def question(
    policy: Policy, sick: Sequence[str], shares: Mapping[str, tuple[Domain, ...]], names: Sequence[str]
) -> Any:
    """Return the question about the first of the sick."""
    subjects = [row(host=name, conditions=(condition(Source.NOVA),)) for name in sick]
    hosts = [HostRow(record=host(name, domains=shares.get(name, ()))) for name in names]
    about = SegmentRow(record=segment(policy=policy))
    return asked(row=subjects[0], segment=about, tally=Tally.of(hosts, subjects), deadline=SteadyTime(0))


def test_a_domain_that_is_most_of_its_segment_or_of_another_kind_counts_for_all_of_its_hosts() -> None:
    half = dict.fromkeys(C[:10], (PDU,))
    most = dict.fromkeys(C[:11], (PDU,))
    rack = dict.fromkeys(C[:10], (OTHER,))
    assert asone.counted(question(ONE, C[:10], half, C), 10) == 1
    assert asone.counted(question(ONE, C[:11], most, C), 11) == 11
    assert asone.counted(question(ONE, C[:10], rack, C), 10) == 10
    assert asone.counted(question(Policy(), C[:10], half, C), 10) == 10


def test_two_domains_count_as_two_and_no_more_than_their_hosts() -> None:
    two = Domain(kind="pdu", name="p2")
    both = {name: (PDU,) if n < 5 else (two,) for n, name in enumerate(C[:10])}
    assert asone.counted(question(ONE, C[:12], both, C), 12) == 4
    single = {name: tuple(Domain(kind="pdu", name=f"{k}") for k in range(3)) for name in C[:1]}
    assert asone.counted(question(ONE, C[:2], single, C), 2) == 2


@given(
    st.integers(1, 100),
    st.lists(st.sets(st.sampled_from(C[:8]), min_size=1), max_size=3),
    st.sets(st.sampled_from(C[:8]), min_size=1),
    st.integers(0, 100),
    st.integers(0, 8),
)
def test_domains_make_it_only_more_careful_unless_the_policy_names_their_kind(
    limit: int, shares: list[set[str]], sick: set[str], trip: int, small: int
) -> None:
    domains = {
        name: tuple(Domain(kind="pdu", name=f"{n}") for n, those in enumerate(shares) if name in those)
        for name in C[:8]
    }
    plain = Policy(max_unhealthy=limit)
    policy = replace(plain, domain_trip=trip, domain_small=small)
    told, before = (question(each, sorted(sick), domains, C[:8]) for each in (policy, plain))
    assert storm(told) == storm(before)
    assert domainstorm.DOMAIN_CALM.why(before) is None is domainstorm.DOMAIN_PACED.why(before)
    one = question(replace(plain, domain_as_one=("pdu",)), sorted(sick), domains, C[:8])
    crowd = len(sick)
    count = asone.counted(one, crowd)
    assert 1 <= count <= crowd
    outside = sick - set().union(*(those for those in shares if those <= sick and 2 * len(those) <= 8))
    assert count >= len(outside)


def test_a_row_remembers_when_its_last_recovery_began_and_no_return_counts() -> None:
    story = town(TRIPS, C[:4])
    assert story.mailbox._segments["s1"].tally.begun({"c01"}, since=SteadyTime(0)) == 0
    lose(story, "c01")
    begun = story.row("host/c01").begun
    story.wait(5)
    assert begun is not None and story.row("host/c01").begun == begun
    tally = story.mailbox._segments["s1"].tally
    assert (tally.begun({"c01"}, since=SteadyTime(begun - 1)), tally.begun({"c01"}, since=begun)) == (1, 0)
    assert tally.at_work({"c01"}) == 1
