"""A subject's records as verdicts and notifications: what was decided about each fault, and where that led.

A notification follows the incident that it became evidence of, or that its suspicion ended in; without one it stands
where the last word about its subject left it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kasugai.api.numbers import notification_number
from kasugai.api.views import EvidenceView, IncidentView, NotificationView, Status, VerdictView
from kasugai.core.deciding.kinds import final_reasons
from kasugai.core.telling.explain import Decided, in_order
from kasugai.core.words.incident import Phase
from kasugai.core.words.signals import Fault, Stamp, Symptom
from kasugai.core.words.subject import Kind
from kasugai.core.words.timing import Instant
from kasugai.core.words.verdicts import Reason, Verb, Verdict
from kasugai.schemas.meanings import meaning

IGNORED = final_reasons()
"""Why something is held against a subject, and a notification about it ends as ignored all the same: nothing is done
until a person changes the inventory, and Masakari says so as well (masakari.md 2.2)."""

AS_FINISHED = frozenset({Reason.PROCESS_NOTED, Reason.DEGRADED_NOTED, Reason.NOT_MARKED})
"""Why nothing is done, and a notification about it ends as finished all the same, as with Masakari (masakari.md 2.4,
2.5): a process for which nothing but a note is asked, and an instance without the mark."""

WAITING = (Verb.SUSPECT, Verb.HOLD, Verb.ALERT)
"""What may still lead to an incident."""

ENDS = (Verb.WITHDRAW, Verb.WATCH, Verb.READMIT)
"""What is said when nothing is held against a subject any more; of a host that was out, that it is on probation."""

BACK = frozenset({Reason.HOST_BACK, Reason.PROCESS_BACK})
"""Why an incident is opened that undoes another: it is no reported failure's, and nothing stands against anybody."""

ORDINARY = "an ordinary event of an instance: there is nothing to recover"

_PHASES = {
    Phase.RECOVERED: Status.FINISHED,
    Phase.FAILED: Status.FAILED,
    Phase.WITHDRAWN: Status.IGNORED,
    Phase.IGNORED: Status.IGNORED,
}


@dataclass(frozen=True, slots=True)
class Reported:
    """A fault that came as a notification, with its place on kasugai.faults.reported."""

    stamp: Stamp
    fault: Fault


def verdicts_of(decided: Sequence[Decided]) -> tuple[VerdictView, ...]:
    """Return what was decided, oldest first, each once."""
    return tuple(_verdict(each.verdict) for each in in_order(decided))


def _verdict(verdict: Verdict) -> VerdictView:
    return VerdictView(
        verdict_id=str(verdict.verdict_id),
        at=verdict.at,
        subject=verdict.subject.name,
        segment=verdict.segment,
        verb=verdict.verb,
        reason=verdict.reason,
        meaning=meaning(verdict.reason),
        also=tuple(verdict.also),
        detail=verdict.detail,
        incident=str(verdict.incident or ""),
        evidence=tuple(
            EvidenceView(event_id=str(e.event_id), observer=e.observer, symptom=e.symptom, episode=e.episode)
            for e in verdict.evidence
        ),
        count=verdict.count,
        hosts=verdict.hosts,
    )


def incidents_named(decided: Iterable[Decided]) -> frozenset[str]:
    """Return the incidents that a subject's verdicts name."""
    return frozenset(str(d.verdict.incident) for d in decided if d.verdict.incident is not None)


def notification_of(
    reported: Reported, decided: Sequence[Decided], incidents: Mapping[str, IncidentView]
) -> NotificationView:
    """Return where a notification stands; `decided` about its subject, `incidents` at least those that they name."""
    fault, posted = reported.fault, reported.fault.notification
    assert posted is not None, "only what was posted is shown as a notification"
    words = in_order(decided)
    naming = _naming(fault, words)
    linked = next((str(d.verdict.incident) for d in naming if _is_link(d.verdict)), "")
    linked = linked or _followed_by(words, naming)
    case = incidents.get(linked)
    word = _last_word(words, naming)
    status, message, at = _standing(fault, words, naming, word, case)
    return NotificationView(
        number=notification_number(reported.stamp),
        notification_uuid=posted.notification_uuid,
        type=posted.notification_type,
        generated_time=posted.generated_time,
        source_host_uuid=fault.host_uuid,
        payload=posted.payload,
        status=status,
        failover_segment_uuid=posted.segment_id,
        message=message,
        created_at=reported.stamp.at,
        updated_at=at,
        incident=linked,
    )


def is_claimed(view: NotificationView, reported: Reported, decided: Sequence[Decided]) -> bool:
    """Whether what the notification reports is still held against its subject, so that its like is a duplicate (409):
    until it is finished, and where a disabled segment keeps a failure of a host that opens an incident once enabled."""
    if view.status.is_unfinished or view.incident:
        return view.status.is_unfinished
    words = in_order(decided)
    word = _last_word(words, _naming(reported.fault, words))
    is_kept = word is not None and _may_lead_on(word.verdict) and word.verdict.reason is Reason.DISARMED
    return is_kept and reported.fault.symptom.blames


def _is_link(verdict: Verdict) -> bool:
    """Whether a fault that the verdict names belongs to its incident: a stale repetition does not."""
    return verdict.incident is not None and verdict.verb is not Verb.IGNORE


def _followed_by(words: Sequence[Decided], naming: Sequence[Decided]) -> str:
    """Return the incident that a suspicion ended in, though its evidence names another report: an observer has one
    condition at a time, and its later word takes the place of the earlier one. Empty when there is none."""
    if not naming or naming[-1].verdict.verb not in WAITING:
        return ""
    later = [each.verdict for each in words[words.index(naming[-1]) + 1 :]]
    end = next((verdict for verdict in later if verdict.verb is Verb.OPEN or _is_end(verdict)), None)
    return "" if end is None or end.incident is None or _is_end(end) else str(end.incident)


def _naming(fault: Fault, words: Sequence[Decided]) -> list[Decided]:
    """Return what was decided with the fault as evidence. A stale repetition of another one is an aside: it names what
    stands, and says nothing about it."""
    named = [d for d in words if any(e.event_id == fault.event_id for e in d.verdict.evidence)]
    return [d for d in named if d.verdict.reason is not Reason.STALE] or named


def _last_word(words: Sequence[Decided], naming: Sequence[Decided]) -> Decided | None:
    """Return the last of what was decided about a fault, or about its subject as a whole; None before anything was."""
    if not naming:
        return None
    own = [
        d
        for d in words[words.index(naming[0]) :]
        if _is_end(d.verdict) or (d.verdict.incident is None and d in naming)
    ]
    return own[-1] if own else naming[-1]


def _is_end(verdict: Verdict) -> bool:
    """Whether it says that nothing is held against its subject any more: also where it is brought back next, or would
    be but for what holds that."""
    if verdict.verb is Verb.OPEN and verdict.reason in BACK:
        return True
    return verdict.incident is None and (verdict.verb in ENDS or _holds_a_return(verdict))


def _may_lead_on(verdict: Verdict) -> bool:
    """Whether what it is about may still lead to an incident."""
    return verdict.verb in WAITING and not _is_end(verdict)


def _holds_a_return(verdict: Verdict) -> bool:
    """Nothing but a return is held while nothing is known, or good news alone."""
    good = (Symptom.ALIVE, Symptom.CLEAR)
    return verdict.verb is Verb.HOLD and all(each.symptom in good for each in verdict.evidence)


def _standing(
    fault: Fault,
    words: Sequence[Decided],
    naming: Sequence[Decided],
    word: Decided | None,
    case: IncidentView | None,
) -> tuple[Status, str, Instant | None]:
    if word is None:
        return Status.NEW, "", None
    if fault.symptom in (Symptom.ALIVE, Symptom.CLEAR):
        return (*_of_good_news(fault), naming[0].at)
    if case is not None:
        return _followed(case, words)
    reason = word.verdict.reason
    message = f"{reason}: {meaning(reason)}"
    if reason in AS_FINISHED:
        return Status.FINISHED, message, word.at
    is_over = not _may_lead_on(word.verdict) or reason in IGNORED
    return Status.IGNORED if is_over else Status.RUNNING, message, word.at


def _of_good_news(fault: Fault) -> tuple[Status, str]:
    """An instance that was shut down, moved or paused needs nobody: Masakari ignores its events (masakari.md 2.4)."""
    return (Status.IGNORED, ORDINARY) if fault.subject.kind is Kind.INSTANCE else (Status.FINISHED, "")


def _followed(case: IncidentView, words: Sequence[Decided]) -> tuple[Status, str, Instant | None]:
    phase = Phase(case.phase)
    goes_on = Status.ERROR if case.is_retried else Status.RUNNING
    status = goes_on if case.is_open else _PHASES.get(phase, goes_on)
    tells = phase is Phase.HELD or status in (Status.FAILED, Status.IGNORED)
    if status is Status.IGNORED and _reason_of_its_end(case, words) in AS_FINISHED:
        status = Status.FINISHED
    return status, case.why if tells else "", case.updated_at


def _reason_of_its_end(case: IncidentView, words: Sequence[Decided]) -> Reason | None:
    ends = (d.verdict for d in reversed(words) if d.verdict.verb is Verb.CLOSE)
    return next((end.reason for end in ends if str(end.incident) == case.incident), None)
