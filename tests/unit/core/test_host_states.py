"""What people are shown of a host is what correlate decides by: out until re-admitted, whatever came in between."""

from dataclasses import replace
from uuid import UUID

import pytest

from kasugai.core.telling.host_states import HostState, ReserveUse, disarmed_by, host_states, reserve_uses
from kasugai.core.telling.incident_views import Record, Seen
from kasugai.core.words.facts import FactKind, Result, StepRecord, StepState
from kasugai.core.words.subject import Kind
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Reason, Verb
from tests.support.incidents import INCIDENT, MIDWAY, OPENED, SEGMENT, START, decided, opened, said
from tests.support.stories import records_of

FAILED = said(FactKind.FINISHED, result=Result.FAILED, reason=Reason.PARTIAL)
CLOSED: tuple[Record, ...] = (OPENED, opened(), FAILED, decided(Verb.CLOSE, Reason.PARTIAL))


def seen(*values: Record) -> list[Seen]:
    """Return records that came a second apart."""
    return [Seen(BrokerTime(START + 1000 * offset), offset, value) for offset, value in enumerate(values)]


def state(*values: Record) -> HostState | None:
    """Return cmp1's state after these records."""
    return host_states(seen(*values)).get((SEGMENT, "cmp1"))


def word(*values: Record) -> str:
    """Return it in one word."""
    found = state(*values)
    return found.word if found else "in service"


def about(verb: Verb, reason: Reason) -> Record:
    """Return what is said of a host without an incident."""
    return decided(verb, reason, incident=None)


WATCH = about(Verb.WATCH, Reason.ON_PROBATION)
READMIT = about(Verb.READMIT, Reason.PROBATION_OVER)
SUSPECT = about(Verb.SUSPECT, Reason.FIRST_SIGHTING)
WITHDRAW = about(Verb.WITHDRAW, Reason.SIGN_OF_LIFE)


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ((SUSPECT,), "suspected"),
        ((SUSPECT, WITHDRAW), "in service"),
        (MIDWAY, "recovering"),
        (CLOSED, "out"),
        ((*CLOSED, WATCH), "on-probation"),
        ((*CLOSED, WATCH, SUSPECT), "suspected"),
        ((*CLOSED, WATCH, SUSPECT, WITHDRAW), "out"),
        ((*CLOSED, WATCH, READMIT), "in service"),
        ((*CLOSED, WATCH, READMIT, SUSPECT, WITHDRAW), "in service"),
        ((WATCH, READMIT, *CLOSED), "out"),
        ((OPENED, opened(), decided(Verb.CLOSE, Reason.NOTHING_DONE)), "in service"),
        ((*CLOSED, decided(Verb.REOPEN, Reason.COMMAND), opened(n=2, attempt=2)), "opened"),
    ],
    ids=range(12),
)
def test_a_host_is_out_until_it_is_readmitted(records: tuple[Record, ...], expected: str) -> None:
    assert word(*records) == expected


RETURN = UUID("7f3ca1b2-0000-5000-8000-000000000009")


def brought_back(result: Result, why: Reason, **given: object) -> tuple[Record, ...]:
    """Return the records of cmp1's return."""
    order = opened(undoes=INCIDENT, opened_at=BrokerTime(START + 4000), **given)
    ended = said(FactKind.FINISHED, result=result, reason=why)
    return (
        decided(Verb.OPEN, Reason.HOST_BACK, RETURN),
        replace(order, incident=RETURN),
        replace(ended, incident=RETURN),
        decided(Verb.CLOSE, why, RETURN),
    )


BACK = brought_back(Result.RECOVERED, Reason.HOST_BACK)
NOT_BACK = brought_back(Result.FAILED, Reason.PARTIAL)
BROKEN_OFF = brought_back(Result.WITHDRAWN, Reason.NOTHING_DONE)
GIVEN_UP = brought_back(Result.RECOVERED, Reason.COMMAND, retired_by="ann")


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        (BACK[:2], "opened"),
        (BACK, "on-probation"),
        ((*BACK, READMIT), "in service"),
        ((*BACK, SUSPECT, WITHDRAW), "out"),
        ((*BACK, SUSPECT, WITHDRAW, WATCH), "on-probation"),
        (NOT_BACK, "out"),
        ((*NOT_BACK, WATCH), "on-probation"),
        ((*NOT_BACK, READMIT), "in service"),
        (BROKEN_OFF, "out"),
        ((*BROKEN_OFF, READMIT), "in service"),
        (GIVEN_UP, "retired"),
    ],
    ids=range(11),
)
def test_a_host_that_is_brought_back_is_on_probation_and_one_whose_return_came_to_nothing_out(
    records: tuple[Record, ...], expected: str
) -> None:
    assert word(*CLOSED, *records) == expected


def test_a_recovery_that_was_withdrawn_leaves_a_host_out() -> None:
    again = tuple(
        replace(each, incident=RETURN)
        for each in (
            decided(Verb.OPEN, Reason.CONFIRMED),
            opened(),
            said(FactKind.FINISHED, result=Result.WITHDRAWN, reason=Reason.NOTHING_DONE),
            decided(Verb.CLOSE, Reason.NOTHING_DONE),
        )
    )
    assert word(*CLOSED, *again) == "out"
    assert word(*again) == "in service"


def test_a_state_says_since_when_and_why() -> None:
    assert state(*CLOSED) == HostState(word="out", since=BrokerTime(START + 3000), why="failed")
    assert state(*CLOSED, WATCH) == HostState(
        word="on-probation", since=BrokerTime(START + 4000), why="failed"
    )


def test_an_outcome_whose_close_has_not_been_read_yet_counts() -> None:
    assert state(OPENED, opened(), FAILED) == HostState(word="out", since=BrokerTime(START), why="failed")


def test_a_reserve_is_given_by_the_newest_order_and_spent_by_the_outcome_that_enabled_it() -> None:
    orders = (OPENED, opened(reserves=("r1",)), opened(n=2, reserves=("r2",)))
    assert reserve_uses(seen(*orders)) == {
        "r2": ReserveUse(failed="cmp1", at=BrokerTime(START + 2000), is_spent=False)
    }
    steps = (
        StepRecord(action="enable-compute", subject="r1", state=StepState.FAILED, epoch=1, tries=0),
        StepRecord(action="enable-compute", subject="r2", state=StepState.DONE, epoch=1, tries=0),
        StepRecord(action="evacuate", subject="r3", state=StepState.DONE, epoch=1, tries=1),
    )
    ended = said(FactKind.FINISHED, result=Result.RECOVERED, reason=Reason.RECOVERED, steps=steps)
    closed = (*orders, ended, decided(Verb.CLOSE, Reason.RECOVERED))
    assert reserve_uses(seen(*closed)) == {
        "r2": ReserveUse(failed="cmp1", at=BrokerTime(START + 3000), is_spent=True)
    }
    assert reserve_uses(seen(*MIDWAY, SUSPECT)) == {}
    assert reserve_uses(seen(said(FactKind.ADOPTED))) == {}


def test_of_a_played_outage_the_reserve_is_used_and_the_host_is_out() -> None:
    records = records_of("reserve-takes-over")
    assert {name: (use.failed, use.is_spent) for name, use in reserve_uses(records).items()} == {
        "cmp3": ("cmp1", True)
    }
    states = {host: found.word for (_, host), found in host_states(records).items()}
    assert states == {"cmp1": "out", "cmp2": "held"}


def test_a_segment_is_disarmed_by_the_last_word_about_that() -> None:
    disarm, arm = about(Verb.DISARM, Reason.COMMAND), about(Verb.ARM, Reason.COMMAND)
    bug = about(Verb.ALERT, Reason.UNDECIDABLE)
    assert disarmed_by(seen(disarm))[SEGMENT] == disarm
    assert disarmed_by(seen(disarm, arm, SUSPECT)) == {}
    assert disarmed_by(seen(arm, bug))[SEGMENT] == bug
    assert disarmed_by(seen(about(Verb.ALERT, Reason.STALLED), FAILED)) == {}


def test_an_instances_incident_says_nothing_about_its_host() -> None:
    assert state(opened(kind=Kind.INSTANCE, named="5b8e1c1e-3f0a-4d0e-8a55-2f0c7be4a901")) is None
    assert state(opened()) is not None
