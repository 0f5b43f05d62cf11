"""What a chaos run is judged by: each thing that may go wrong is found, and a good run is found good."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from uuid import UUID

import pytest

from kasugai.core.telling.incident_views import Record, Seen, fold
from kasugai.core.words.facts import Fact, FactKind, Result, StepState
from kasugai.core.words.incident import Open
from kasugai.core.words.subject import Kind, Subject
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Evidence, Reason, Verb
from tests.chaos.judge import Judgement, Told, judge
from tests.support.incidents import (
    DOWN,
    FENCE,
    INCIDENT,
    JOB,
    MIDWAY,
    OPENED,
    START,
    WHOLE,
    decided,
    of_step,
    opened,
    said,
)

FAULT = UUID(int=9)
PROVEN = replace(
    OPENED,
    evidence=(Evidence(event_id=FAULT, observer="cli", symptom="down", episode="1"),),
)
GOOD: tuple[Record, ...] = (PROVEN, *WHOLE[1:])
WEB: dict[str, object] = {
    "name": "web1",
    "wanted": "active",
    "vm_state": "active",
    "task_state": None,
    "host": "cmp2",
    "runs_on": ["cmp2"],
}
STOPPED = WEB | {"name": "batch1", "wanted": "stopped", "vm_state": "stopped", "runs_on": []}


def told(records: Sequence[Record] = GOOD, **changes: object) -> Told:
    seen = [Seen(BrokerTime(START + 1000 * offset), offset, value) for offset, value in enumerate(records)]
    run = Told(
        faults={FAULT: "cmp1"},
        seen=seen,
        views=fold(seen),
        losses={"cmp1": 1},
        breaches=[],
        guests={"web": WEB, "job": STOPPED},
        off=frozenset({"cmp1"}),
    )
    return replace(run, **changes)  # type: ignore[arg-type]


def test_a_good_run_is_good() -> None:
    found = judge(told())
    assert found.violations == ()
    assert (found.incidents, found.guests, found.held) == (1, 2, 0)
    assert found.longest_pause == 1.0


LOST: list[tuple[str, Callable[[], Told], str]] = [
    ("fault", lambda: told((OPENED, *WHOLE[1:])), "has no verdict"),
    ("incident", lambda: told((PROVEN, *MIDWAY[1:])), "neither ended nor held"),
    ("step", lambda: told([r for r in GOOD if r != of_step(JOB, StepState.DONE)]), "batch1"),
    ("host", lambda: told(losses={"cmp1": 1, "cmp7": 1}), "cmp7 was lost 1 times and has 0 incidents"),
]


@pytest.mark.parametrize(("make", "words"), [pytest.param(m, w, id=i) for i, m, w in LOST])
def test_what_is_lost_is_found(make: Callable[[], Told], words: str) -> None:
    found = judge(make())
    assert any(words in line for line in found.lost)
    assert found.violations == (*found.lost, *found.other)


def test_a_hold_with_its_reason_is_no_loss() -> None:
    held = said(FactKind.HELD, reason="evacuation-unresolved")
    hold = decided(Verb.HOLD, Reason.EVACUATION_UNRESOLVED)
    stray = STOPPED | {"host": "cmp1"}
    found = judge(told((PROVEN, *MIDWAY[1:], held, hold), guests={"web": WEB, "job": stray}))
    assert found.violations == ()
    assert (found.held, found.holds) == (1, {"evacuation-unresolved": 1})


def test_a_guest_that_waits_for_its_host_is_not_astray_and_one_that_waits_for_anything_else_is() -> None:
    stray = {"web": WEB, "job": STOPPED | {"vm_state": "active"}}

    def waits_for(reason: Reason) -> tuple[str, ...]:
        about = Subject(kind=Kind.INSTANCE, host="cmp2", detail="job")
        word = replace(decided(Verb.HOLD, reason, None), subject=about, segment="")
        return judge(told((*GOOD, word), guests=stray)).violations

    assert waits_for(Reason.HOST_FIRST) == ()
    assert len(waits_for(Reason.GUESTS_FAIL_TOGETHER)) == 1


@pytest.mark.parametrize("wrong", ["doubled", "ran-twice", "shot"])
def test_what_the_witness_saw_is_found(wrong: str) -> None:
    found = judge(told(breaches=[{"wrong": wrong, "subject": "web", "detail": "twice"}]))
    assert (len(found.shot), len(found.doubled)) == ((1, 0) if wrong == "shot" else (0, 1))


def test_a_host_that_was_cut_off_from_everything_may_be_switched_off_and_no_other() -> None:
    fenced = [{"wrong": "fenced", "subject": "cmp1", "detail": "switched off while its power was on"}]
    assert judge(told(breaches=fenced, isolations={"cmp1": 1})).violations == ()
    assert len(judge(told(breaches=fenced, isolations={"cmp2": 1})).shot) == 1
    assert len(judge(told(breaches=2 * fenced, isolations={"cmp1": 1})).shot) == 1


def test_a_host_that_is_on_again_and_out_of_service_is_lost() -> None:
    assert "was not taken back" in judge(told(away=["cmp1"])).lost[0]


def test_an_agent_that_is_not_heard_is_told() -> None:
    assert judge(told(mute=["cmp2"])).other == ("the agent of cmp2 is not heard",)


def test_the_return_of_a_host_is_neither_another_loss_nor_the_incident_of_one() -> None:
    back = [
        replace(record, incident=UUID(int=77), undoes=INCIDENT)
        if isinstance(record, Open)
        else replace(record, incident=UUID(int=77))
        for record in GOOD
    ]
    assert judge(told((*GOOD, *back))).violations == ()
    assert "was lost 2 times and has 1 incidents" in judge(told((*GOOD, *back), losses={"cmp1": 2})).lost[0]


def test_an_incident_of_a_host_that_is_off_and_was_recovered_before_is_told_as_idle() -> None:
    nothing = said(FactKind.FINISHED, result=Result.RECOVERED, reason="recovered")
    again = [replace(record, incident=UUID(int=77)) for record in (OPENED, nothing, WHOLE[-1])]
    found = judge(told((*GOOD, *again)))
    assert (found.idle, found.doubled) == (1, ())
    assert judge(told()).idle == 0


def test_a_service_that_waits_for_a_suspected_host_is_told_by_that() -> None:
    left = ["host cmp2 is still disabled: its nova-compute failed"]
    process = Subject(kind=Kind.PROCESS, host="cmp2", detail="nova-compute")
    word = replace(decided(Verb.HOLD, Reason.HOST_FIRST, None), subject=process, segment="")
    assert judge(told((*GOOD, word), left=left)).other == ()
    assert judge(told(left=left)).other == tuple(left)


def test_a_held_incident_whose_fence_was_never_carried_out_is_no_incident_too_many() -> None:
    def beyond(state: StepState) -> tuple[str, ...]:
        fence = of_step(FENCE, state)
        held = said(FactKind.HELD, reason="stopped")
        records = (PROVEN, MIDWAY[1], fence, held, decided(Verb.HOLD, Reason.STOPPED))
        return judge(told(records, losses={})).doubled

    assert beyond(StepState.ABSOLVED) == ()
    assert beyond(StepState.DONE) == ("host cmp1 has 1 incidents for 0 losses",)


def test_one_number_with_two_decisions_is_doubled() -> None:
    again = opened(decided_at=START + 5)
    assert "2 different publications" in judge(told((*GOOD, again))).doubled[0]
    assert judge(told((*GOOD, opened()))).doubled == (), "the same one again is a repetition"


def test_two_incidents_of_one_loss_are_doubled() -> None:
    other = UUID(int=77)
    second = [
        replace(record, incident=other)
        for record in GOOD
        if isinstance(record, Fact) or getattr(record, "incident", None) == INCIDENT
    ]
    found = judge(told((*GOOD, *second)))
    assert found.doubled == ("host cmp1 has 2 incidents for 1 losses",)
    assert judge(told((*GOOD, *second), losses={"cmp1": 2})).doubled == ()


OTHER: list[tuple[str, Callable[[], Told], str]] = [
    ("bug", lambda: told(ends=[("worker-1", 70, "KeyError")]), "ended by itself with 70"),
    ("lease", lambda: told(leases=["cmp1"]), "still leased"),
    ("state", lambda: told(guests={"job": STOPPED | {"vm_state": "active"}}), "batch1 is active"),
    ("place", lambda: told(guests={"web": WEB | {"host": "cmp1"}}), "web1 is active on cmp1"),
    ("truth", lambda: told(guests={"web": WEB | {"runs_on": []}}), "runs on nothing"),
]


@pytest.mark.parametrize(("make", "words"), [pytest.param(m, w, id=i) for i, m, w in OTHER])
def test_what_else_is_wrong_is_found(make: Callable[[], Told], words: str) -> None:
    (line,) = judge(make()).other
    assert words in line


@pytest.mark.parametrize("code", [71, 73, 74, 75])
def test_a_process_that_ends_in_doubt_does_right(code: int) -> None:
    assert judge(told(ends=[("correlate-1", code, "in doubt")])).violations == ()


def test_a_withdrawn_incident_leaves_its_guests_alone() -> None:
    done = (of_step(FENCE, StepState.DONE, tries=0), of_step(DOWN, StepState.DONE))
    back = said(FactKind.FINISHED, reason="nothing-done")
    records = (PROVEN, *MIDWAY[1:4], *done, back, decided(Verb.CLOSE, Reason.NOTHING_DONE))
    found: Judgement = judge(told(records, off=frozenset()))
    assert found.violations == ()


def test_a_doomed_record_that_nobody_buries_is_lost() -> None:
    spots = {("kasugai.commands", 0, 7): "cut", ("kasugai.commands", 0, 8): "rubbish"}
    judgement = judge(told(doomed=spots, buried=frozenset({("kasugai.commands", 0, 7)})))
    assert judgement.lost == ("kasugai.commands/0 at 8 is no dead letter: rubbish",)
    assert judge(told(doomed=spots, buried=frozenset(spots))).violations == ()


def test_a_dead_letter_that_nobody_spoiled_is_complained_about() -> None:
    assert judge(told(dead_letters={"kasugai.signals: Misfit": 2})).other == (
        "kasugai.signals: Misfit has 2 dead letters",
    )


def test_an_incident_without_a_loss_is_one_too_many_once_it_has_done_anything() -> None:
    """What two kinds of witnesses open against a living host may wait for a person, and no more."""
    held = said(FactKind.HELD, reason="no-fence-device")
    waits = (PROVEN, opened(), said(FactKind.ADOPTED), held)
    lives: dict[str, object] = {"losses": {}, "off": frozenset()}
    assert judge(told(waits, **lives)).violations == ()
    begun = (*waits[:3], of_step(DOWN, StepState.STARTED), held)
    assert "host cmp1 has 1 incidents for 0 losses" in judge(told(begun, **lives)).doubled
