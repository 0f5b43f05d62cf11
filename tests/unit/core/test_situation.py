"""Situations: what an owner remembers, what a record means for this attempt, and how long power is believed."""

from dataclasses import replace

from kasugai.core.recovering.look import PowerState
from kasugai.core.recovering.situation import Memory
from kasugai.core.words.facts import StepState
from kasugai.core.words.timing import MonoTime
from tests.unit.core.makers import S, migration, order, record, service
from tests.unit.core.scene import DOWN, GO, MARK, NOW, STOP, fenced, look, scene, step_of

NEW = Memory(owner_since=MonoTime(0), epoch=1)


def seen(value: str, at: int = NOW, memory: Memory = NEW, mark: str = "") -> Memory:
    return memory.observe(look(at=at, service=service(updated_at=value)), mark)


def test_an_owner_remembers_since_when_it_has_seen_a_value_of_novas_record() -> None:
    first = seen("t0", at=5)
    assert (first.record_value, first.record_since, first.changes, first.moves) == ("t0", 5, 0, 0)
    assert seen("t0", at=9, memory=first) == first
    second = seen("t1", at=9, memory=first)
    assert (second.record_since, second.changes) == (9, 1)


def test_a_record_moves_only_when_it_leaves_the_mark() -> None:
    assert seen(MARK, mark=MARK).moves == 0
    moved = seen("t9", mark=MARK)
    assert (moved.moves, seen("t9", memory=moved, mark=MARK).moves) == (1, 1)
    assert seen("t10", memory=moved, mark=MARK).moves == 2
    assert seen("t9").moves == 0


def test_a_look_without_a_record_teaches_nothing() -> None:
    dark = look(service=None, power=PowerState.UNKNOWN)
    assert NEW.observe(dark, MARK) == NEW
    assert NEW.observe(replace(dark, service=service(updated_at="")), MARK) == NEW


def test_an_owner_remembers_when_it_last_read_the_power_as_off() -> None:
    off = NEW.observe(look(power_at=NOW - 2), "")
    assert off.off_at == NOW - 2
    for other in (PowerState.UNKNOWN, PowerState.ON):
        assert off.observe(look(power=other, service=service(updated_at="t9")), "").off_at == NOW - 2
    assert off.observe(look(service=None, power_at=NOW), "").off_at == NOW


def test_only_a_stop_flag_stops() -> None:
    assert [scene(flag=flag).stopped for flag in (None, STOP, GO)] == [False, True, False]


def test_what_an_earlier_attempt_did_is_not_done_in_this_one() -> None:
    first = scene(None, *fenced())
    second = replace(first, order=order(attempt=2))
    down = step_of(first, DOWN)
    assert first.is_done(DOWN) and first.is_final(down)
    assert not second.is_done(DOWN) and not second.is_final(down)
    assert not first.is_done("evacuate:g1") and not first.is_final(first.plan.guests[0])


def test_a_failed_step_is_final_and_not_done() -> None:
    s = scene(None, record(DOWN, StepState.FAILED))
    assert s.is_final(step_of(s, DOWN)) and not s.is_done(DOWN)


def test_an_effect_may_be_under_way_since_the_later_of_the_call_and_the_ownership() -> None:
    s = scene(memory=Memory(owner_since=MonoTime(5), epoch=1, begun={"a": MonoTime(9), "b": MonoTime(2)}))
    assert [s.intent_at(key) for key in ("a", "b", "c")] == [9, 5, 5]


def test_power_off_is_believed_for_thirty_seconds() -> None:
    assert scene(look(power_at=NOW - 30 * S)).power_is_off()
    assert not scene(look(power_at=NOW - 30 * S - 1)).power_is_off()
    assert not scene(look(power_at=None)).power_is_off()
    assert not scene(look(power=PowerState.UNKNOWN)).power_is_off()


def test_an_owner_knows_since_when_the_power_reads_off_and_tells_a_put_from_a_report() -> None:
    first = NEW.observe(look(power_at=NOW - 5), "")
    later = first.observe(look(power_at=NOW), "")
    assert (first.off_since, later.off_since, later.off_at) == (NOW - 5, NOW - 5, NOW)
    assert later.observe(look(power=PowerState.UNKNOWN), "").off_since == NOW - 5
    assert later.observe(look(power=PowerState.ON), "").off_since is None
    known = NEW.observe(look(service=service(updated_at="t1")), "")
    reported = known.observe(look(service=service(updated_at="t2")), "")
    put = known.observe(look(service=service(updated_at="t2", is_enabled=False)), "")
    assert ((known.reports, known.puts), (reported.reports, reported.puts), (put.reports, put.puts)) == (
        (0, 0),
        (1, 0),
        (0, 1),
    )


def told(*guests: str, at: int = NOW, memory: Memory = NEW) -> Memory:
    return memory.hear(dict.fromkeys(guests, MonoTime(at)))


def test_a_tale_of_a_landing_is_answered_by_the_first_look_that_must_show_it() -> None:
    landed = [migration(1, "g1", "done")]
    early = told("g1").observe(look(migrations=landed, at=MonoTime(NOW + 299)), "")
    assert (dict(early.sighted), dict(early.answered), early.is_well_told) == ({"g1": NOW}, {}, False)
    asked = early.observe(look(migrations=landed, at=MonoTime(NOW + 300)), "")
    assert (dict(asked.sighted), dict(asked.answered), asked.is_well_told) == ({}, {"g1": True}, True)


def test_a_tale_is_wrong_where_nova_shows_no_evacuation_that_has_ended() -> None:
    seen = look(migrations=[migration(1, "g1", "done"), migration(2, "g1")], at=MonoTime(NOW + S))
    asked = told("g1", "g2").observe(seen, "")
    assert dict(asked.answered) == {"g1": False, "g2": False}
    both = told("g3", at=NOW + S, memory=asked).observe(
        look(migrations=[migration(3, "g3", "done")], at=MonoTime(NOW + 2 * S)), ""
    )
    assert both.answered["g3"] and not both.is_well_told, "one wrong tale, and looks come as without any"


def test_nobody_listens_to_a_second_tale_of_a_guest() -> None:
    assert told("g1", at=NOW + 5, memory=told("g1")).sighted == {"g1": NOW}
    asked = told("g1").observe(look(at=MonoTime(NOW + S)), "")
    assert told("g1", at=NOW + 2 * S, memory=asked) == asked
