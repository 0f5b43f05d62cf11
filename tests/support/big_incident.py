"""A host's incident with as many guests as wanted, record by record: for what is drawn of big outages."""

from dataclasses import replace
from uuid import UUID

from kasugai.core.telling.incident_views import Record, Seen
from kasugai.core.words.actions import Action
from kasugai.core.words.facts import Fact, FactKind, Result, StepRecord, StepState, make_fact
from kasugai.core.words.frozen import FrozenMap
from kasugai.core.words.plan import Plan, Prior, Step
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Evidence, Reason, Verb
from tests.support.incidents import DOWN, FENCE, INCIDENT, START, decided, opened, said


def big_incident(guests: int, stuck: int = 0) -> tuple[Seen, ...]:
    """Return the records of a host with that many guests, a second apart from each other in rounds of eight; the last
    `stuck` of them are not moved, and the recovery fails."""
    moves = [_move(number) for number in range(guests)]
    rests = [replace(move, action=Action.RESTORE, needs=(move.key,)) for move in moves[::5]]
    plan = Plan(
        incident=INCIDENT, attempt=1, epoch=1, host="cmp1", window=8, steps=(FENCE, DOWN, *moves, *rests)
    )
    heard = Evidence(event_id=UUID(int=1), observer="host/cmp2", symptom="down", episode="1")
    suspect = replace(decided(Verb.SUSPECT, Reason.FIRST_SIGHTING, None), evidence=(heard,))
    told: list[tuple[int, Record]] = [
        (0, replace(suspect, at=BrokerTime(START))),
        (
            14_000,
            replace(decided(Verb.OPEN, Reason.CONFIRMED), evidence=(heard,), at=BrokerTime(START + 14_000)),
        ),
        (14_010, opened(decided_at=BrokerTime(START + 14_000), opened_at=BrokerTime(START + 14_000))),
        (14_020, said(FactKind.ADOPTED)),
        (14_200, said(FactKind.PLAN, plan=plan)),
        (14_300, _fact(FENCE, StepState.DONE, reason="power-off", tries=0)),
        (14_310, _fact(DOWN, StepState.STARTED)),
        (14_400, _fact(DOWN, StepState.DONE)),
    ]
    for number, move in enumerate(moves):
        begun = 15_000 + number // 8 * 1_000
        told.append((begun, _fact(move, StepState.STARTED)))
        if number < guests - stuck:
            told.append((begun + 900, _fact(move, StepState.DONE, destination=f"cmp{2 + number % 7}")))
        else:
            told.append((begun + 900, _fact(move, StepState.FAILED, reason="no-valid-host")))
    end = 17_000 + guests // 8 * 1_000
    told += [
        (end - 500, _fact(rest, StepState.DONE, tries=0)) for rest in rests if _is_moved(rest, guests - stuck)
    ]
    result, reason = (Result.FAILED, Reason.PARTIAL) if stuck else (Result.RECOVERED, Reason.RECOVERED)
    told += [
        (end, said(FactKind.FINISHED, result=result, reason=str(reason), plan=plan)),
        (end + 10, replace(decided(Verb.CLOSE, reason), at=BrokerTime(START + end + 10))),
    ]
    return tuple(Seen(BrokerTime(START + after), offset, value) for offset, (after, value) in enumerate(told))


def _move(number: int) -> Step:
    return Step(
        action=Action.EVACUATE,
        subject=str(UUID(int=1_000 + number)),
        needs=(DOWN.key,),
        name=f"shop-{number:03}",
        prior=Prior.ACTIVE,
    )


def _is_moved(step: Step, moved: int) -> bool:
    return UUID(step.subject).int - 1_000 < moved


def _fact(step: Step, state: StepState, *, reason: str = "", tries: int = 1, destination: str = "") -> Fact:
    record = StepRecord(
        action=step.action,
        subject=step.subject,
        state=state,
        epoch=1,
        tries=tries,
        reason=reason,
        notes=FrozenMap({"destination": destination} if destination else {}),
    )
    return make_fact(said(FactKind(state.value), step=record, name=step.name or step.subject))
