"""Waking: who must be asked again when, and on whose account, follows from what closed gates say."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from hypothesis import given

from kasugai.core.deciding.asked import Asked
from kasugai.core.deciding.evidence import standing
from kasugai.core.deciding.gates import Gate, Wait, When, pass_gates
from kasugai.core.deciding.kinds import HOST, KINDS
from kasugai.core.deciding.rows import HostRow, IncidentRow, SegmentRow
from kasugai.core.deciding.steady import Times, times
from kasugai.core.deciding.view import SegmentView
from kasugai.core.deciding.waits import Waits
from kasugai.core.deciding.waking import due_of
from kasugai.core.words.facts import FactKind, Result
from kasugai.core.words.incident import Phase
from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import Source
from kasugai.core.words.subject import host_subject
from kasugai.core.words.timing import SteadyTime
from kasugai.core.words.verdicts import Reason
from tests.unit.core.makers import S, alive, condition, down, fact, host, moment, order, report, row, segment
from tests.unit.core.scripts import Move, examples, play, scripts, town, town_story
from tests.unit.core.story import START, Post, Story, serve

EMPTY = SegmentView(
    segment_id="s1",
    segment=SegmentRow(record=segment(), offset=0),
    hosts={"cmp1": HostRow(record=host(), offset=1)},
    subjects={},
)


def at(deadline: int) -> Times:
    return Times(moment=moment(deadline), deadline=SteadyTime(deadline))


def test_a_row_is_due_at_its_next_deadline_after_the_last_tick() -> None:
    suspect = row(conditions=(condition(Source.NOVA), condition(Source.PEER)))
    assert due_of(EMPTY, suspect, at(-1)) == 4 * S
    assert due_of(EMPTY, suspect, at(4 * S)) == 95 * S
    assert due_of(EMPTY, suspect, at(95 * S)) is None
    assert due_of(replace(EMPTY, segment=None), suspect, at(-1)) is None


def test_an_incident_is_due_when_it_says_so() -> None:
    incident = IncidentRow(
        order=order(), phase=Phase.OPENED, heard=moment(0), published=moment(0), due=SteadyTime(30 * S)
    )
    assert due_of(EMPTY, row(incident=incident), at(-1)) == 30 * S
    assert due_of(EMPTY, row(incident=replace(incident, due=None)), at(-1)) is None


def test_an_incident_that_a_gate_bars_is_due_when_the_gate_may_open() -> None:
    waiting = IncidentRow(
        order=order(),
        phase=Phase.HELD,
        heard=moment(0),
        published=moment(0),
        barred=str(Reason.WAITING_TO_CONFIRM),
    )
    barred = row(incident=waiting, conditions=(condition(Source.REPORTED), condition(Source.NOVA)))
    assert due_of(EMPTY, barred, at(0)) == 4 * S


def test_ticks_come_often_when_the_end_of_a_maintenance_is_near_that_somebody_waits_for() -> None:
    story = Story()
    until = story.clock.now + 5 * S
    story.describe(host(version=2, on_maintenance=True, maintenance_until=until))
    unasked = story.mailbox.nearest
    story.write(report())
    waiting = story.mailbox.nearest
    story.describe(host(version=3, on_maintenance=True))
    endless = story.mailbox.nearest
    assert (unasked, waiting) == (None, until)
    assert endless is not None and endless > until + 60 * S, "the next thing is its evidence"


def test_a_date_comes_no_later_for_time_spent_blind() -> None:
    story = Story()
    story.describe(host(version=2, on_maintenance=True, maintenance_until=START + 60 * S))
    story.write(report(), at=5)
    story.sleep(40)
    story.tick()
    assert story.clock.blind > 30 * S
    assert story.wait(59.5) == []
    assert story.wait(60) == ["open cmp1 (asserted)"]


def test_a_date_that_passes_while_nobody_watched_is_seen_at_the_next_tick() -> None:
    story = Story()
    story.describe(host(version=2, on_maintenance=True, maintenance_until=START + 60 * S))
    story.write(report(), at=5)
    story.sleep(90)
    assert story.tick() == ["open cmp1 (asserted)"]


def test_what_waits_comes_behind_what_it_waits_on() -> None:
    waits = Waits()
    waits.put("a", None, frozenset({"b", "x"}))
    waits.put("b", None, frozenset({"c"}))
    waits.put("c", None, frozenset({"a"}))
    assert waits.first_of("a", {"a", "b", "c"}) == "c", "a circle is cut"
    assert waits.first_of("a", {"a", "b"}) == "b"
    assert waits.first_of("a", {"a", "c"}) == "a"


def test_who_waits_no_more_is_forgotten() -> None:
    waits = Waits()
    waits.put("a", SteadyTime(5), frozenset({"x", "y"}))
    waits.put("b", SteadyTime(9), frozenset({"x"}))
    assert (waits.on(("x", "y")), waits.due(SteadyTime(5))) == ({"a", "b"}, ["a"])
    waits.put("a", None, frozenset({"y"}))
    assert (waits.on(("x",)), waits.on(("y",)), waits.due(SteadyTime(9))) == ({"b"}, {"a"}, ["b"])
    waits.put("a", None, frozenset())
    assert waits.on(("y",)) == set() == waits.names("a")


def held_by(name: str) -> Gate:
    """A gate that is closed to all others while anything is held against a host."""

    def why(asked: Asked) -> Reason | None:
        other = asked.host_row(name)
        busy = other is not None and (other.incident is not None or bool(other.conditions))
        return Reason.NOT_WAITING if busy and asked.row.host != name else None

    return Gate(
        reasons=frozenset({Reason.NOT_WAITING}),
        why=why,
        wait=lambda asked: Wait(on=frozenset({host_subject(name).name})),
    )


@contextmanager
def with_gate(gate: Gate) -> Iterator[None]:
    """Put another gate before all others of a host."""
    KINDS[HOST.name] = replace(HOST, gates=(gate, *HOST.gates))
    try:
        yield
    finally:
        KINDS[HOST.name] = HOST


CALM_POLICY = Policy(max_unhealthy=100)
WITHDRAWN = fact(FactKind.FINISHED, result=Result.WITHDRAWN, reason=Reason.NOTHING_DONE)


def held_story(first: str, *others: str) -> Story:
    """A story in which the hosts wait for the incident of the first one, whose evidence has ended."""
    story = Story(policy=CALM_POLICY)
    assert story.write(report(host=first)) == [f"open {first} (asserted)"]
    for name in others:
        assert story.write(report(f"r-{name}", host=name)) == [f"hold {name} (not-waiting)"]
    story.write(alive(host=first))
    return story


def close(story: Story, name: str) -> list[str]:
    row = story.row(f"host/{name}")
    assert row.incident is not None
    order = row.incident.order
    return story.hear(
        replace(
            WITHDRAWN, subject=host_subject(name), incident=order.incident, attempt=order.attempt, n=order.n
        )
    )


@pytest.mark.parametrize(("first", "second"), [("cmp1", "cmp2"), ("cmp2", "cmp1")])
def test_a_gate_that_opens_is_asked_again_in_the_very_record_that_opens_it(first: str, second: str) -> None:
    with with_gate(held_by(first)):
        story = held_story(first, second, "cmp3")
        said = close(story, first)
        assert said[0] == f"close {first} (nothing-done)"
        assert said[1:] == sorted([f"open {second} (asserted)", "open cmp3 (asserted)"])
        last = len(story.mail) - 1
        assert [story.row(f"host/{name}").offset for name in (first, second, "cmp3")] == [last] * 3


def test_who_waits_is_asked_again_when_the_record_is_decided_again_after_a_crash() -> None:
    with with_gate(held_by("cmp1")):
        story = held_story("cmp1", "cmp2", "cmp3")
        before = dict(story.post.table)
        close(story, "cmp1")
        for written in (1, 2, 3):
            changed = {key: row for key, row in story.post.table.items() if row is not before.get(key)}
            post = Post(table={**before, **dict(list(changed.items())[:written])})
            serve(post, story.mail[-1:])
            assert post.table == story.post.table


@pytest.mark.parametrize(("first", "second"), [("cmp1", "cmp2"), ("cmp2", "cmp1")])
def test_a_tick_that_is_about_both_decides_the_held_one_behind_the_one_that_holds_it(
    first: str, second: str
) -> None:
    with with_gate(held_by(first)):
        story = Story(policy=CALM_POLICY)
        story.write(down(Source.PEER, host=first), at=1)
        story.write(down(Source.PEER, host=second))
        assert story.write(report(host=second)) == [f"hold {second} (not-waiting)"]
        assert story.wait(95.5) == []
        said = story.wait(96)
    assert sorted(said) == [f"open {second} (asserted)", f"withdraw {first} (evidence-expired)"]


class Told:
    """Compares behind every record what each subject was told with what its gates say now."""

    def __init__(self, story: Story | None = None) -> None:
        self.story = story or Story(hosts=("cmp1", "cmp2"))

    def look(self) -> None:
        """No gate that names all that opens it has opened, and none before it has closed, unnoticed."""
        now = times(self.story.clock)
        for segment_ in self.story.mailbox._segments.values():
            for row_ in segment_.subjects.values():
                gate = KINDS[row_.kind].gate_of(row_.reason)
                if row_.incident is None and standing(row_.conditions) and gate is not None:
                    asked = segment_.view().asked(row_, now)
                    always = [each for each in KINDS[row_.kind].gates if each.when is When.ALWAYS]
                    first = next((closed.reason for closed in pass_gates(always, asked)), None)
                    assert first == (row_.reason if gate.when is When.ALWAYS else None)


@examples(150)
@given(scripts(size=40))
def test_no_gate_opens_or_closes_unnoticed(script: list[Move]) -> None:
    told = Told()
    play(script, told.story, told.look)


@examples(150)
@given(town(size=50))
def test_no_gate_of_a_guest_or_a_process_opens_or_closes_unnoticed(script: list[Move]) -> None:
    told = Told(town_story(relocates=len(script) % 2 == 1))
    play(script, told.story, told.look)
