"""Hosts that failed together are told of as one matter, by what they share; nothing is decided by it."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kasugai.core.deciding import blasts
from kasugai.core.deciding.blasts import KEPT, MANY, PAUSE, WITHIN
from kasugai.core.deciding.membership import Membership
from kasugai.core.deciding.rows import SegmentRow
from kasugai.core.deciding.steady import times
from kasugai.core.words.domains import Domain
from kasugai.core.words.incident import Phase
from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import Instruction, Source, Symptom
from kasugai.core.words.timing import SteadyTime
from kasugai.core.words.verdicts import HOSTS_LIMIT, Reason, Verb, Verdict
from tests.unit.core.makers import SEGMENT, S, alive, down, host, report, segment
from tests.unit.core.story import Crash, Post, Story, bid, serve

C = [f"c{n:02}" for n in range(1, 13)]
PDU, RACK = Domain(kind="pdu", name="p1"), Domain(kind="rack", name="r1")
TOGETHER = "(failed-together)"


def town(names: Sequence[str] = C, shares: Mapping[Domain, Sequence[str]] | None = None) -> Story:
    """Return a story of hosts that share these domains."""
    story = Story(hosts=())
    for name in names:
        domains = tuple(sorted(domain for domain, hosts in (shares or {}).items() if name in hosts))
        story.describe(host(name, domains=domains))
    return story


def fail(story: Story, *names: str, source: Source = Source.NOVA, wave: int = 1) -> None:
    """Have one witness speak against each; what it says of one wave again is a repetition."""
    for name in names:
        story.write(down(source, f"e{wave}", host=name))


def wake(story: Story, *names: str) -> None:
    for name in names:
        story.write(alive(Source.NOVA, f"a{story.seconds}", host=name))


def told(story: Story, until: float) -> list[str]:
    """Let time pass and return what is said of domains and segments."""
    before = len(story.post.verdicts)
    story.wait(until)
    about = ("domain", "segment")
    return [
        f"{each.verb} {each.subject.title}: {each.detail}"
        for each in story.post.verdicts[before:]
        if each.subject.kind in about
    ]


def last(story: Story) -> Verdict:
    return [each for each in story.post.verdicts if each.subject.kind == "domain"][-1]


def kept(story: Story) -> SegmentRow:
    found = story.post.table[f"{SEGMENT}/about"]
    assert isinstance(found, SegmentRow)
    return found


def test_three_hosts_that_share_a_domain_are_told_of_at_the_next_tick_and_two_are_not() -> None:
    story = town(shares={PDU: C[:6]})
    fail(story, "c01", "c02")
    assert told(story, 5) == []
    fail(story, "c03")
    assert told(story, 5.5) == ["alert pdu/p1: 3 of 6 hosts"]
    verdict = last(story)
    assert (verdict.reason, verdict.hosts, verdict.evidence, verdict.count, verdict.incident) == (
        Reason.FAILED_TOGETHER,
        ("c01", "c02", "c03"),
        (),
        0,
        None,
    )
    assert verdict.subject.name == "domain/pdu/p1"


def test_ticks_come_often_where_there_is_something_to_tell() -> None:
    story = town(shares={PDU: C[:6]})
    fail(story, "c01", "c02")
    calm = story.mailbox.nearest
    fail(story, "c03")
    hurried = story.mailbox.nearest
    now = story.clock.now
    assert calm is not None and calm > now + 60 * S, "nothing but their evidence is waited for"
    assert hurried is not None and hurried <= now + S


def test_more_hosts_are_told_of_after_a_pause_and_at_once_where_all_have_failed() -> None:
    story = town(shares={PDU: C[:6]})
    fail(story, *C[:3])
    told(story, 1)
    fail(story, "c04")
    assert told(story, 4) == []
    assert told(story, 8) == ["alert pdu/p1: 4 of 6 hosts"]
    fail(story, "c05")
    assert told(story, 9) == []
    fail(story, "c06")
    assert told(story, 9.5) == ["alert pdu/p1: 6 of 6 hosts"]
    assert told(story, 600) == ["withdraw pdu/p1: none of its hosts is unhealthy any more"], (
        "evidence expires"
    )


def test_while_a_pause_lasts_its_end_is_a_deadline() -> None:
    story = town(shares={PDU: C[:6]})
    fail(story, *C[:3])
    told(story, 1)
    fail(story, "c04")
    story.tick()
    assert story.mailbox.nearest == kept(story).blasts[0].told + PAUSE


def test_a_host_that_fails_more_than_a_minute_later_is_no_part_of_it() -> None:
    story = town(shares={PDU: C[:6]})
    fail(story, *C[:3])
    told(story, 1)
    for at in (20, 40, 62):
        fail(story, *C[:3])
        told(story, at)
    fail(story, "c04")
    assert told(story, 70) == []
    fail(story, "c05", "c06")
    assert told(story, 75) == ["alert pdu/p1: 6 of 6 hosts"], "three at once are a wave of their own"


def test_slow_failures_are_no_blast() -> None:
    story = town(shares={PDU: C[:6]})
    for n in range(5):
        story.wait(31 * n)
        fail(story, *C[: n + 1])
        assert told(story, 31 * n + 1) == []


def test_it_is_over_when_none_of_its_hosts_is_unhealthy_and_may_begin_again() -> None:
    story = town(shares={PDU: C[:6]})
    fail(story, *C[:3])
    told(story, 1)
    wake(story, "c01", "c02")
    assert told(story, 3) == []
    wake(story, "c03")
    assert told(story, 4) == ["withdraw pdu/p1: none of its hosts is unhealthy any more"]
    assert last(story).hosts == () and last(story).verb is Verb.WITHDRAW and kept(story).blasts == ()
    fail(story, *C[:3], wave=2)
    assert told(story, 5) == ["alert pdu/p1: 3 of 6 hosts"]


def test_some_that_return_and_fail_again_together_are_told_of_again() -> None:
    story = town(shares={PDU: C[:4]})
    fail(story, *C[:4])
    assert told(story, 1) == ["alert pdu/p1: 4 of 4 hosts"]
    wake(story, *C[:3])
    assert told(story, 10) == []
    fail(story, "c01", wave=2)
    assert told(story, 20) == [], "one is none"
    fail(story, "c02", "c03", wave=2)
    assert told(story, 21) == ["alert pdu/p1: 4 of 4 hosts"]


def test_a_host_that_was_out_before_counts_and_is_no_news() -> None:
    story = town(shares={PDU: C[:4]})
    story.write(report(host="c01"))
    assert story.row("host/c01").incident is not None
    story.wait(100)
    fail(story, "c02", "c03")
    assert told(story, 101) == []
    fail(story, "c04")
    assert told(story, 102) == ["alert pdu/p1: 4 of 4 hosts"]
    assert kept(story).blasts[0].count == 4


def test_whom_agents_alone_accuse_is_not_counted() -> None:
    story = town(shares={PDU: C[:6]})
    fail(story, *C[:6], source=Source.PEER)
    assert told(story, 5) == []
    fail(story, *C[:3])
    assert told(story, 6) == ["alert pdu/p1: 3 of 6 hosts"]
    assert last(story).hosts == ("c01", "c02", "c03")


def test_whom_agents_accuse_at_last_keeps_it_from_being_over() -> None:
    story = town(shares={PDU: C[:3]})
    fail(story, *C[:3])
    told(story, 1)
    fail(story, "c01", source=Source.PEER)
    for name in C[:3]:
        story.write(down(Source.NOVA, "x", host=name, symptom=Symptom.CLEAR))
    assert told(story, 3) == []


def test_the_domain_that_explains_most_is_told_and_those_that_all_share_are_named_with_it() -> None:
    row = Domain(kind="row", name="1")
    story = town(shares={PDU: C[:4], RACK: C[:6], row: C})
    fail(story, *C[:4])
    assert told(story, 1) == ["alert pdu/p1: 4 of 4 hosts; of rack/r1 4 of 6; of row/1 4 of 12"]
    assert told(story, 30) == []


def test_what_one_domain_does_not_explain_another_may() -> None:
    other = Domain(kind="pdu", name="p2")
    story = town(shares={PDU: C[:4], other: C[4:9]})
    fail(story, *C[:7])
    assert told(story, 1) == ["alert pdu/p1: 4 of 4 hosts", "alert pdu/p2: 3 of 5 hosts"]
    assert [blast.domain for blast in kept(story).blasts] == [PDU, other]


def test_a_few_of_very_many_are_no_blast() -> None:
    names = [f"h{n:02}" for n in range(31)]
    story = town(names, shares={RACK: names})
    fail(story, *names[:3])
    assert told(story, 1) == []
    fail(story, names[3])
    assert told(story, 2) == ["alert rack/r1: 4 of 31 hosts"]


def test_nothing_is_told_in_a_planned_stop_or_of_a_host_in_maintenance() -> None:
    story = town(shares={PDU: C[:6]})
    story.write(bid(Instruction.BEGIN_STOP))
    fail(story, *C[:6])
    assert told(story, 5) == []
    story = town(shares={PDU: C[:6]})
    story.describe(host("c01", version=2, on_maintenance=True, domains=(PDU,)))
    fail(story, *C[:3])
    assert told(story, 5) == []


def test_a_segment_that_nobody_describes_any_more_tells_nothing() -> None:
    story = town(shares={PDU: C[:6]})
    story.describe(segment(version=2, deleted=True))
    fail(story, *C[:6])
    assert told(story, 5) == [] and story.mailbox.nearest is not None


def test_a_blast_of_what_no_host_shares_any_more_is_over() -> None:
    story = town(shares={PDU: C[:3]})
    fail(story, *C[:3])
    told(story, 1)
    for name in C[:3]:
        story.describe(host(name, version=2))
    assert told(story, 2) == ["withdraw pdu/p1: none of its hosts is unhealthy any more"]


def test_no_more_than_so_many_are_kept_and_the_hosts_named_are_bounded() -> None:
    names = [f"h{n:04}" for n in range(3 * KEPT + 3)]
    shares = {Domain(kind="d", name=f"{n:02}"): names[3 * n : 3 * n + 3] for n in range(KEPT + 1)}
    story = town(names, shares=shares)
    fail(story, *names)
    assert len(told(story, 1)) == KEPT == len(kept(story).blasts)
    many = [f"h{n:04}" for n in range(HOSTS_LIMIT + 44)]
    story = town(many, shares={RACK: many})
    fail(story, *many)
    assert told(story, 1) == ["alert rack/r1: 300 of 300 hosts"]
    assert last(story).hosts == tuple(many[:HOSTS_LIMIT])


@pytest.mark.parametrize(
    ("names", "failed", "guess"),
    [
        (["r7-a", "r7-b", "r7-c", "r8-a"], ["r7-a", "r7-b", "r7-c"], "3 of 3 hosts are called r7-*"),
        (["a.r7", "b.r7", "c.r7", "d.r7", "a.r8"], ["a.r7", "b.r7", "c.r7"], "3 of 4 hosts are called *.r7"),
        (["a-1.x", "a-2.x", "a-3.x", "b-1.x"], ["a-1.x", "a-2.x", "a-3.x"], "3 of 3 hosts are called a-*"),
        (["r7-a", "r7-b", "r7-c"], ["r7-a", "r7-b", "r7-c"], None),
        ([f"r7-{n}" for n in range(6)] + ["r8-0"], ["r7-0", "r7-1", "r7-2"], None),
        (["c01", "c02", "c03", "c11"], ["c01", "c02", "c03"], None),
        (["r7-a", "r7-b", "x-c", "y-d"], ["r7-a", "r7-b", "x-c"], None),
    ],
)
def test_what_nobody_declared_is_proposed_once_where_names_speak_for_it(
    names: list[str], failed: list[str], guess: str | None
) -> None:
    story = town(names)
    fail(story, *failed)
    said = told(story, 30)
    hint = ": if they share a part, name it (docs/operators/domains.md)"
    assert said == ([] if guess is None else [f"alert segment/rack1: {guess}{hint}"])
    wake(story, *failed)
    assert told(story, 31) == [] and kept(story).blasts == ()


def test_two_guesses_of_one_moment_are_two_words() -> None:
    """Both are about the segment: under one id the second was taken for a repetition of the first."""
    racks = {rack: [f"{rack}-{n}" for n in range(1, 5)] for rack in ("r1", "r7")}
    story = town([*C, *racks["r1"], *racks["r7"]])
    fail(story, *racks["r1"][:3])
    assert len(told(story, 6)) == 1
    fail(story, racks["r1"][3], *racks["r7"][:3])
    both = told(story, 12)
    assert [each.split(" are called ")[1][:4] for each in both] == ["r1-*", "r7-*"]
    words = [each for each in story.post.verdicts if each.reason is Reason.COMMON_CAUSE]
    assert words[-2].at == words[-1].at and len({each.verdict_id for each in words}) == len(words)


def test_a_declared_domain_goes_before_a_guess() -> None:
    names = ["r7-a", "r7-b", "r7-c", "r8-a"]
    story = town(names, shares={RACK: names})
    fail(story, *names[:3])
    assert told(story, 5) == ["alert rack/r1: 3 of 4 hosts"]


def test_a_successor_tells_nothing_twice_and_knows_what_was_told() -> None:
    story = town(shares={PDU: C[:6]})
    fail(story, *C[:3])
    story.wait(0.5)
    offset = len(story.mail) - 1
    view = story.mailbox._segments[SEGMENT].view()
    assert blasts.due(view, SteadyTime(story.clock.tick_at)) is None
    letter, stamp = story.mail[offset]
    assert story.mailbox.take(letter, stamp).verdicts == ()
    assert blasts.pass_tick(view, times(story.clock), offset) == (view, ())


def test_what_is_told_changes_nothing_about_the_hosts() -> None:
    def decided(shares: dict[Domain, Sequence[str]]) -> list[str]:
        story = town(shares=shares)
        fail(story, *C[:5])
        fail(story, *C[:5], source=Source.PEER)
        story.wait(30)
        wake(story, *C[:2])
        story.wait(200)
        return [
            f"{each.at} {each.verb} {each.subject} {each.reason}"
            for each in story.post.verdicts
            if each.subject.is_host
        ]

    assert decided({PDU: C[:5]}) == decided({})


def test_a_membership_is_a_value_that_forgets_who_left() -> None:
    nobody = Membership()
    both = nobody.described("a", (PDU, RACK)).described("b", (PDU,))
    assert both.hosts(PDU) == {"a", "b"} and both.of("a") == (PDU, RACK)
    assert both.described("a", (PDU, RACK)) is both and nobody.described("x", ()) is nobody
    left = both.described("a", ())
    assert left.hosts(PDU) == {"b"} and left.hosts(RACK) == set() and both.hosts(PDU) == {"a", "b"}


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sets(st.sampled_from([PDU, RACK]))), max_size=12))
def test_any_order_of_descriptions_leaves_what_the_last_of_each_says(
    said: list[tuple[str, set[Domain]]],
) -> None:
    found, last_of = Membership(), dict[str, set[Domain]]()
    for name, domains in said:
        found, last_of[name] = found.described(name, tuple(sorted(domains))), domains
    for domain in (PDU, RACK):
        assert found.hosts(domain) == {name for name, domains in last_of.items() if domain in domains}


@given(st.lists(st.tuples(st.sampled_from(C), st.integers(0, 90), st.booleans()), max_size=24))
def test_whatever_happens_what_is_told_is_true_and_follows_from_the_rows(
    moves: list[tuple[str, int, bool]],
) -> None:
    """Each alert names only hosts of its domain against which something stands, MANY at least; and a mailbox that is
    restored from the rows at hand has the same deadline."""
    shares = {PDU: C[:5], RACK: C[3:9]}
    story = town(shares=shares)
    for name, pause, is_bad in moves:
        if is_bad:
            fail(story, name, wave=len(story.mail))
        else:
            wake(story, name)
        before = len(story.post.verdicts)
        story.wait(story.seconds + pause / 10)
        for each in story.post.verdicts[before:]:
            if each.verb is Verb.ALERT and each.subject.kind == "domain":
                domain = PDU if each.subject.detail == "pdu/p1" else RACK
                assert set(each.hosts) <= set(shares[domain]) and len(each.hosts) >= MANY
                assert all(story.row(f"host/{name}").phase is Phase.SUSPECTED for name in each.hosts)
    restored = story.mailbox.restore(0, story.post.table.values())
    assert restored.nearest == story.mailbox.nearest
    assert WITHIN > PAUSE and Policy().max_unhealthy == 50


def test_wherever_correlate_dies_its_successor_tells_the_same_once() -> None:
    story = town(shares={PDU: C[:4], RACK: C[3:6]})
    for name in (*C[:4], C[4]):
        fail(story, name)
        story.wait(story.seconds + 2)
    wake(story, *C[:6])
    story.wait(story.seconds + 2)
    calm = {each.verdict_id: each for each in story.post.verdicts}
    told_of = [each for each in calm.values() if each.subject.is_domain]
    assert len(told_of) == 3, "of three, of all, and that it is over"
    begun = 20
    for end in range(begun, story.post.effects):
        post = Post(crash_after=end)
        with pytest.raises(Crash):
            serve(post, story.mail)
        post.crash_after = None
        post.forget()
        serve(post, story.mail[post.read :])
        assert {each.verdict_id: each for each in post.verdicts} == calm
        assert post.table == story.post.table
