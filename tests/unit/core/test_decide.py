"""decide: which rows a record touches, in which order, and what a successor finds done."""

from dataclasses import replace

import pytest

from kasugai.core.deciding import decide as module
from kasugai.core.deciding import one_subject, waking
from kasugai.core.deciding.decide import decide
from kasugai.core.deciding.draft import Draft
from kasugai.core.deciding.rows import HostRow, SegmentRow, SubjectRow
from kasugai.core.deciding.steady import Times
from kasugai.core.deciding.tally import Tally
from kasugai.core.deciding.view import SegmentView
from kasugai.core.deciding.waits import Waits
from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import InventoryChange, Letter, Source, Stamp, Symptom, Tick
from kasugai.core.words.timing import BrokerTime, Millis, SteadyTime
from kasugai.core.words.verdicts import Reason
from tests.unit.core.makers import S, condition, down, host, moment, report, row, segment
from tests.unit.core.story import START, Story, serve

ABOUT = SegmentRow(record=segment(), offset=0)
HOSTS = {name: HostRow(record=host(name), offset=1) for name in ("cmp1", "cmp2")}
EMPTY = SegmentView(segment_id="s1", segment=ABOUT, hosts=HOSTS, subjects={})


def now(at: int, deadline: int | None = None, before: int = -1) -> Times:
    return Times(
        moment=moment(at),
        deadline=SteadyTime(at if deadline is None else deadline),
        before=SteadyTime(before),
    )


def view(*rows: SubjectRow, told: Times | None = None) -> SegmentView:
    """The view of these rows, indexed as of `told` (default: before the first tick)."""
    tally = Tally.of((HostRow(record=host(f"cmp{n}")) for n in range(9)), rows)
    made = replace(EMPTY, subjects={each.name: each for each in rows}, tally=tally, waits=Waits())
    for each in rows:
        waking.index(made, each, told or now(0, deadline=-1))
    return made


def suspect(name: str) -> SubjectRow:
    """A host with two witnesses since 0, told as waiting."""
    made = row(host=name, offset=2)
    return replace(made, conditions=(condition(Source.NOVA), condition(Source.PEER)))


def test_a_fault_makes_a_row_for_a_subject_that_was_never_heard_of() -> None:
    (change,) = decide(EMPTY, down(host_uuid="u9"), now(5), 7)
    assert isinstance(change.row, SubjectRow)
    assert (change.row.key, change.row.offset, change.row.host_uuid) == ("s1/subject/host/cmp1", 7, "u9")
    assert [v.reason for v in change.verdicts] == [Reason.FIRST_SIGHTING]


def test_a_record_that_wrote_a_row_leaves_it_alone_when_it_is_decided_again() -> None:
    (change,) = decide(EMPTY, down(), now(5), 7)
    assert isinstance(change.row, SubjectRow)
    assert decide(view(change.row), down(), now(5), 7) == ()
    other = down(episode="e2")
    assert decide(view(change.row), other, now(5), 7) == () != decide(view(change.row), other, now(5), 8)


def test_a_tick_touches_only_what_is_due_since_the_tick_before_in_key_order() -> None:
    rows = [suspect("cmp2"), suspect("cmp1"), row(host="cmp3")]
    changes = decide(view(*rows), Tick(period=Millis(500)), now(4 * S), 9)
    assert [change.row.key for change in changes if change.row] == [
        "s1/subject/host/cmp1",
        "s1/subject/host/cmp2",
    ]
    assert [len(change.orders) for change in changes] == [1, 1]
    assert decide(view(*rows), Tick(period=Millis(500)), now(4 * S - 1), 9) == ()
    assert decide(view(*rows), Tick(period=Millis(500)), now(5 * S, before=4 * S), 9) == ()


def test_a_tick_that_was_cut_short_by_a_crash_decides_the_rest() -> None:
    rows = [suspect("cmp1"), suspect("cmp2")]
    first, second = decide(view(*rows), Tick(period=Millis(500)), now(4 * S), 9)
    assert isinstance(first.row, SubjectRow)
    assert decide(view(first.row, rows[1]), Tick(period=Millis(500)), now(4 * S), 9) == (second,)


def test_a_description_is_taken_over_only_with_a_higher_version() -> None:
    newer = InventoryChange(record=segment(version=2, armed=False))
    (change,) = decide(EMPTY, newer, now(5), 9)
    assert change.row == SegmentRow(record=segment(version=2, armed=False), offset=9)
    assert decide(EMPTY, InventoryChange(record=segment(armed=False)), now(5), 9) == ()
    assert decide(EMPTY, InventoryChange(record=host(reserved=True)), now(5), 9) == ()
    (change,) = decide(EMPTY, InventoryChange(record=host(version=2)), now(5), 9)
    assert change.row == HostRow(record=host(version=2), offset=9)


def test_the_first_description_is_taken_over() -> None:
    blank = SegmentView(segment_id="s1", hosts={}, subjects={})
    assert len(decide(blank, InventoryChange(record=segment()), now(5), 9)) == 1
    assert len(decide(blank, InventoryChange(record=host()), now(5), 9)) == 1


def test_a_description_that_this_record_wrote_already_is_left_alone_and_its_subjects_are_decided() -> None:
    record = segment(version=2, policy=Policy(confirm_after=Millis(1)))
    written = replace(view(suspect("cmp1")), segment=SegmentRow(record=record, offset=9))
    (change,) = decide(written, InventoryChange(record=record), now(5), 9)
    assert len(change.orders) == 1
    of_host = replace(view(suspect("cmp1")), hosts={"cmp1": HostRow(record=host(version=2), offset=9)})
    (change,) = decide(of_host, InventoryChange(record=host(version=2)), now(4 * S), 9)
    assert len(change.orders) == 1


def test_a_hosts_description_touches_its_own_subjects_only() -> None:
    rows = [suspect("cmp1"), suspect("cmp2")]
    changes = decide(view(*rows), InventoryChange(record=host(version=2)), now(4 * S), 9)
    assert [type(c.row).__name__ for c in changes] == ["HostRow", "SubjectRow"]
    assert changes[1].row is not None and changes[1].row.key == "s1/subject/host/cmp1"


def test_a_segments_description_touches_all_its_subjects() -> None:
    rows = [suspect("cmp1"), suspect("cmp2")]
    changes = decide(view(*rows), InventoryChange(record=segment(version=2)), now(4 * S), 9)
    assert len(changes) == 3


def test_a_subject_that_nobody_spoke_about_has_no_row() -> None:
    assert module._new_row(EMPTY, Tick(period=Millis(500))) is None


def test_a_repetition_that_changes_nothing_writes_nothing() -> None:
    story = Story()
    story.write(down())
    story.write(down(Source.NOVA))
    story.wait(4)
    assert story.opens
    written = story.post.effects
    story.write(down())
    assert story.post.effects == written


def test_a_condition_expires_for_a_description_too() -> None:
    story = Story()
    story.write(down())
    story.sleep(400)
    assert story.describe(segment(version=2)) == []
    rows = view(suspect("cmp1"))
    changes = decide(rows, InventoryChange(record=segment(version=2)), now(200 * S), 9)
    last = changes[-1].row
    assert isinstance(last, SubjectRow) and last.conditions == ()


def test_a_shorter_confirm_after_counts_at_once() -> None:
    story = Story(policy=Policy(confirm_after=Millis(60 * S)))
    story.write(down(Source.PEER))
    story.write(down(Source.NOVA))
    assert story.wait(10) == []
    assert story.describe(segment(version=2)) == ["open cmp1 (confirmed)"]


def test_two_hosts_that_die_at_once_are_decided_one_by_one() -> None:
    story = Story(policy=Policy(max_unhealthy=100))
    for name in ("cmp1", "cmp2"):
        for source in (Source.PEER, Source.NOVA):
            story.write(down(source, host=name))
    assert story.wait(5) == ["open cmp1 (confirmed)", "open cmp2 (confirmed)"]


def test_a_bug_dead_letters_the_record_and_disarms_its_segment_only(monkeypatch: pytest.MonkeyPatch) -> None:
    story = Story()

    def broken(*_: object) -> None:
        raise RuntimeError("bug")

    with monkeypatch.context() as patch:
        patch.setattr(one_subject, "_weigh", broken)
        assert story.write(report()) == ["alert segment/rack1 (undecidable)"]
    assert story.write(report("r2")) == ["hold cmp1 (undecidable)"]


def test_ticks_that_meet_the_bug_again_are_no_dead_letters_and_other_segments_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    story = Story()
    story.describe(segment(segment_id="s2", name="rack2"))
    story.describe(host("cmp9", segment_id="s2"))
    story.write(down())
    story.write(down(Source.NOVA))
    story.write(report(host="cmp9"), to="s2")
    real = one_subject._weigh

    def broken(draft: Draft) -> None:
        if draft.row.segment == "s1":
            raise RuntimeError("bug")
        real(draft)

    monkeypatch.setattr(one_subject, "_weigh", broken)
    assert story.wait(5) == ["alert segment/rack1 (undecidable)"]
    assert set(story.wait(100)) == {"reopen cmp9 (no-fact)"}
    assert {order.host for order in story.opens} == {"cmp9"} and len(story.opens) > 2
    stamp = Stamp(partition=0, offset=len(story.mail), at=BrokerTime(story.clock.now + S))
    assert story.mailbox.take(Letter(segment="", signal=Tick(period=Millis(500))), stamp).trouble is None


def test_maintenance_ends_at_its_date_by_itself() -> None:
    story = Story()
    story.describe(host(version=2, on_maintenance=True, maintenance_until=START + 60 * S))
    assert story.write(report(), at=5) == ["hold cmp1 (maintenance)"]
    assert story.wait(59.5) == []
    assert story.wait(60) == ["open cmp1 (asserted)"]


def test_a_maintenance_that_an_operator_makes_endless_does_not_end_at_its_date() -> None:
    story = Story()
    until = START + 60 * S
    story.describe(host(version=2, on_maintenance=True, maintenance_until=until))
    story.write(report(), at=5)
    story.describe(host(version=3, on_maintenance=True))
    assert story.wait(70) == []
    story.describe(host(version=4, on_maintenance=True, maintenance_until=until))
    assert story.opens and story.opens[0].decided_at == START + 70 * S


def test_correlate_away_for_25_seconds_with_a_sign_of_life_last_in_the_queue_opens_nothing() -> None:
    story = Story()
    story.write(down(Source.PEER), at=1)
    story.write(down(Source.NOVA), at=2)
    story.sleep(27)
    story.write(down(Source.PEER, symptom=Symptom.ALIVE, observer="hb", episode="a"))
    assert story.wait(60) == [] and story.opens == []


def test_time_spent_blind_confirms_nothing() -> None:
    story = Story()
    story.write(down(Source.PEER), at=1)
    story.write(down(Source.NOVA), at=2)
    story.sleep(27)
    assert story.wait(29) == []
    assert story.wait(32) == ["open cmp1 (confirmed)"]


def test_a_successor_goes_on_from_the_rows_and_says_the_same() -> None:
    story = Story()
    story.write(down(Source.PEER), at=1)
    story.write(down(Source.NOVA), at=2)
    story.wait(10)
    table = dict(story.post.table)
    story.post.verdicts.clear()
    serve(story.post, story.mail)
    assert story.post.table == table and story.post.verdicts == []
