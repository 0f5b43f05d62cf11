"""One glance says what is down, what comes back by itself and what wants a person; told of real stories."""

from dataclasses import replace
from uuid import UUID

import pytest

from kasugai.core.telling.incident_views import Record, Seen
from kasugai.core.telling.status import LATELY, Level, Matter, Status, status
from kasugai.core.words.facts import FactKind, Result
from kasugai.core.words.hardware import hardware_subject
from kasugai.core.words.inventory import SegmentRecord
from kasugai.core.words.subject import Kind, Subject
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Reason, Verb, Verdict
from tests.support.incidents import MIDWAY, OPENED, SEGMENT, START, decided, opened, said
from tests.support.stories import records_of

NOW = START + 60_000
RACK = SegmentRecord(segment_id=SEGMENT, name="rack 1", created_at=START)


def seen(*values: Record) -> list[Seen]:
    """Return records that came a second apart."""
    return [Seen(BrokerTime(START + 1000 * offset), offset, value) for offset, value in enumerate(values)]


def of(*values: Record) -> Status:
    return status(seen(*values), [RACK], NOW)


def only(found: Status) -> Matter:
    (matter,) = found.matters
    return matter


def held(reason: Reason) -> Record:
    return decided(Verb.HOLD, reason, incident=None)


def test_without_a_record_nothing_is_wrong() -> None:
    assert of() == Status(matters=(), down=0, back=0) and of().level is Level.WELL


def test_a_recovery_under_way_comes_back_by_itself_and_its_guests_are_counted() -> None:
    found = of(*MIDWAY)
    matter = only(found)
    assert (found.level, matter.about, matter.segment) == (Level.COMING, "cmp1", "rack 1")
    assert (
        found.down + found.back > 0
        and f"{found.back} of {found.down + found.back} guests back" in matter.what
    )
    assert matter.next == "kasugai incident watch cmp1"


@pytest.mark.parametrize(
    ("reason", "level"),
    [
        (Reason.NO_FENCE_DEVICE, Level.ACT),
        (Reason.INSUFFICIENT_EVIDENCE, Level.ACT),
        (Reason.MAINTENANCE, Level.NOTE),
        (Reason.DISARMED, Level.NOTE),
        (Reason.NO_CAPACITY, Level.ACT),
        (Reason.HOST_FIRST, Level.COMING),
    ],
)
def test_what_is_held_wants_a_person_unless_one_wished_it_so_or_it_goes_on_alone(
    reason: Reason, level: Level
) -> None:
    matter = only(of(held(reason)))
    assert (matter.level, matter.next) == (level, "kasugai explain cmp1") and str(reason) in matter.what


FAILED = said(FactKind.FINISHED, result=Result.FAILED, reason=Reason.PARTIAL)
CLOSED: tuple[Record, ...] = (OPENED, opened(), FAILED, decided(Verb.CLOSE, Reason.PARTIAL))


def test_a_failed_recovery_of_a_host_wants_a_person_until_there_is_another_or_the_host_is_back() -> None:
    matter = only(of(*CLOSED))
    assert (matter.level, matter.what) == (Level.ACT, "out of service since its recovery, which failed")
    again = replace(OPENED, incident=UUID(int=99))
    assert isinstance(again, Verdict)
    assert {each.level for each in of(*CLOSED, again).matters} == {Level.COMING}
    watch = decided(Verb.WATCH, Reason.ON_PROBATION, incident=None)
    assert only(of(*CLOSED, watch)).level is Level.NOTE
    back = decided(Verb.READMIT, Reason.PROBATION_OVER, incident=None)
    assert of(*CLOSED, watch, back).level is Level.WELL


@pytest.mark.parametrize(("later", "level"), [(60_000, Level.ACT), (2 * LATELY, Level.NOTE)])
def test_a_guest_whose_restart_failed_wants_a_person_for_a_day(later: int, level: Level) -> None:
    """Nobody says that a person has seen to it, and a screen that is always red is not looked at."""
    guest = Subject(kind=Kind.INSTANCE, host="cmp1", detail=str(UUID(int=5)))
    records = [replace(each, subject=guest) for each in CLOSED]
    found = status(seen(*records), [RACK], START + later)
    assert (only(found).level, only(found).what) == (level, f"failed ({Reason.PARTIAL})")
    assert only(found).about == "00000000 on cmp1"


def test_a_host_that_is_out_can_wait_for_the_day() -> None:
    found = status(records_of("host-loses-power"), [], NOW)
    assert (found.level, found.down, found.back) == (Level.NOTE, 0, 0)
    assert "out of service" in only(found).what


def test_a_story_that_waits_for_a_person_says_so() -> None:
    found = status(records_of("no-fence-device", until=600.0), [], NOW)
    assert found.level is Level.ACT and any("no-fence-device" in matter.what for matter in found.matters)


def test_a_segment_in_which_nothing_is_done_is_named_and_quoted() -> None:
    off = status([], [replace(RACK, armed=False)], NOW)
    assert (only(off).level, only(off).next) == (Level.NOTE, "kasugai segment show 'rack 1'")
    word = only(of(replace(decided(Verb.DISARM, Reason.COMMAND, incident=None), detail="ann")))
    assert (word.about, word.next) == ("rack 1", "kasugai segment arm 'rack 1'")
    stop = only(of(replace(decided(Verb.BEGIN_STOP, Reason.COMMAND, incident=None), detail="ann: power")))
    assert (stop.level, stop.what) == (Level.NOTE, "in a planned stop (ann: power)")


def test_a_degraded_host_that_is_only_noted_is_told() -> None:
    noted = replace(
        decided(Verb.EXPLAIN, Reason.DEGRADED_NOTED, incident=None), subject=hardware_subject("cmp1")
    )
    matter = only(of(noted))
    assert (matter.level, matter.about) == (Level.NOTE, "hardware on cmp1")
    assert matter.next == "kasugai explain process/cmp1/hardware"


def test_what_wants_a_person_comes_first_and_the_oldest_of_equals() -> None:
    late = Matter(level=Level.ACT, segment="-", about="b", what="", since=BrokerTime(9), next="")
    early, note = replace(late, about="a", since=BrokerTime(1)), replace(late, about="c", level=Level.NOTE)
    found = status([], [], NOW, [note, late, early])
    assert [matter.about for matter in found.matters] == ["a", "b", "c"] and found.level is Level.ACT
