"""Decides about a subject with an open incident: who explains whom, when it is published again, when it must stop.

Only an outcome closes an incident (`outcomes.py`); here it is kept alive.
"""

from dataclasses import replace

from kasugai.core.deciding import budget, destinations, evidence, reserves, returning
from kasugai.core.deciding.draft import Draft
from kasugai.core.deciding.gates import Bars, Closed, barring
from kasugai.core.deciding.opening import pay, refresh_order
from kasugai.core.deciding.proof import proof
from kasugai.core.words.incident import Phase, Resume, Stop
from kasugai.core.words.signals import Symptom
from kasugai.core.words.timing import Millis, SteadyTime, later
from kasugai.core.words.verdicts import Reason, Verb

STALLED_AFTER = 5
"""So many publications without an answer are told as `stalled`."""
PAUSE_BETWEEN: Millis = Millis(5_000)
"""New evidence lets a waiting incident be published again no sooner than this after the last time."""
STOPPING = (Bars.EVERYTHING, Bars.BEGINNING)
"""The gates that an open incident is asked for, in this order: what stops more speaks first."""
LONGEST_SILENCE: Millis = Millis(600_000)
"""The pause between publications of a stalled incident doubles up to this."""


def weigh_open(draft: Draft) -> None:
    """Decide about a subject that has an open incident, after a fault, a tick or a changed description."""
    if _should_stop(draft):
        stop(draft, _why_stop(draft))
        return
    if draft.fresh is not None:
        _explain(draft)
    due = draft.incident.due
    if due is not None and due <= draft.times.deadline:
        publish_again(draft)
    elif returning.has_news(draft.row) and _bar(draft) is None:
        publish_again(draft, Reason.SIGN_OF_LIFE)
    elif draft.incident.barred and _bar(draft) is None:
        _look_again(draft)
    elif destinations.has_news(draft.asked):
        _tell_destinations(draft)


def _tell_destinations(draft: Draft) -> None:
    """Let the worker know which hosts take guests by now; no more often than it is worth."""
    soon = draft.incident.published.steady + destinations.PAUSE
    if soon <= draft.times.moment.steady:
        publish_again(draft, Reason.DESTINATIONS_CHANGED)
    else:
        draft.change(replace(draft.incident, due=SteadyTime(min(soon, draft.incident.due or soon))))


def _should_stop(draft: Draft) -> bool:
    """A sign of life or a word taken back stops an incident when nothing else stands against the host; without effects,
    the end of all evidence and a gate that closes do as well; what is disarmed or held begins nothing further. An
    undoing is stopped when its subject fails anew."""
    if draft.incident.stopped:
        return False
    if barring(draft.kind.gates, draft.asked, Bars.EVERYTHING) is not None:
        return True
    if draft.incident.order.undoes is not None and evidence.standing(draft.row.conditions):
        return True
    if _has_ground(draft):
        return not draft.incident.effects and _forbidden(draft) is not None
    contradicted = draft.fresh is not None and draft.fresh.symptom in (Symptom.ALIVE, Symptom.CLEAR)
    return contradicted or not draft.incident.effects


def _has_ground(draft: Draft) -> bool:
    """Whether there is still what the incident was opened for, as far as evidence can say. What an undoing stands on
    has happened, and of a guest only a worker's look tells."""
    is_told = draft.kind.looked_at or draft.incident.order.undoes is not None
    return is_told or bool(evidence.standing(draft.row.conditions))


def _forbidden(draft: Draft) -> Closed | None:
    """What forbids to publish the incident again."""
    return barring(draft.kind.gates, draft.asked, *STOPPING)


def stop(draft: Draft, reason: Reason) -> None:
    """Tell the incident's owner to begin nothing further, for that reason."""
    order, forbidden = draft.incident.order, _forbidden(draft)
    barred = reason if forbidden is not None and forbidden.reason is reason else ""
    due = later(draft.times.moment.steady, draft.timing.silence)
    draft.change(replace(draft.incident, stopped=True, due=due, barred=barred))
    draft.row = replace(draft.row, vouch=None)
    draft.tell(Verb.STOP, reason)
    draft.orders.append(
        Stop(
            incident=order.incident,
            n=order.n,
            attempt=order.attempt,
            segment=order.segment,
            subject=order.subject,
            decided_at=draft.times.moment.at,
            reason=reason,
        )
    )


def _why_stop(draft: Draft) -> Reason:
    stopping = STOPPING if _has_ground(draft) else (Bars.EVERYTHING,)
    forbidden = barring(draft.kind.gates, draft.asked, *stopping)
    if forbidden is not None:
        return forbidden.reason
    if evidence.standing(draft.row.conditions):
        return Reason.OBSERVED
    if draft.fresh is None:
        return Reason.PROCESS_BACK if draft.incident.order.condemned else Reason.EVIDENCE_EXPIRED
    return Reason.SIGN_OF_LIFE if draft.fresh.symptom is Symptom.ALIVE else Reason.CLEARED


def _explain(draft: Draft) -> None:
    """New evidence belongs to the incident; one that was waiting is looked at again at once."""
    symptom = draft.fresh.symptom if draft.fresh is not None else None
    is_news = symptom is not None and symptom.blames
    if symptom is Symptom.ALIVE:
        is_stop = draft.incident.stopped and not draft.kind.looked_at
        draft.tell(Verb.STOP if is_stop else Verb.EXPLAIN, Reason.SIGN_OF_LIFE)
    else:
        fresh = draft.fresh.observer if draft.fresh is not None else ""
        said = tuple(c for c in draft.row.conditions if c.observer == fresh)
        draft.tell(Verb.EXPLAIN, Reason.PART_OF_INCIDENT, detail=evidence.doubts(said, draft.asked.policy))
    if is_news and draft.incident.is_waiting:
        _look_again(draft)


def look_for_room(draft: Draft) -> None:
    """What the record changes may make room: an incident that found none is looked at again."""
    if draft.row.incident is not None and draft.touched & reserves.room(draft.row).on:
        _look_again(draft)


def _look_again(draft: Draft) -> None:
    """At once, or a little after the last publication: an observer that flaps does not drive workers."""
    since = draft.times.moment.steady - draft.incident.published.steady
    if since >= PAUSE_BETWEEN:
        publish_again(draft, Reason.CHANGED)
    else:
        soon = draft.incident.published.steady + PAUSE_BETWEEN
        draft.change(replace(draft.incident, due=SteadyTime(min(soon, draft.incident.due or soon))))


def _bar(draft: Draft) -> Closed | None:
    """What keeps the incident from being published again: a gate, before any effect a storm as well, or a proof that is
    missing."""
    bars = STOPPING if draft.incident.effects else (*STOPPING, Bars.PUBLISHING)
    return barring(draft.kind.gates, draft.asked, *bars) or unproven(draft)


def publish_again(draft: Draft, why: Reason | None = None) -> None:
    """Publish the incident with its next number, unless something forbids to act now."""
    if _has_failed_anew(draft):
        order = draft.incident.order
        draft.change(replace(draft.incident, order=replace(order, attempt=order.attempt + 1)))
    bar = _bar(draft)
    draft.change(replace(draft.incident, barred=bar.reason if bar else ""))
    if bar is not None:
        _wait(draft, bar)
        return
    is_paid = budget.goes_on(draft.row)
    if draft.incident.stopped:
        _resume(draft)
    if is_paid:
        draft.change(replace(draft.incident, attempted=draft.incident.order.attempt))
    pay(draft)
    incident, now = draft.incident, draft.times.moment
    waiting = incident.is_waiting
    order = refresh_order(draft)
    why = why or (Reason.DESTINATIONS_CHANGED if destinations.has_news(draft.asked) else None)
    told = why is Reason.DESTINATIONS_CHANGED
    unanswered = 1 if waiting else incident.unanswered + (not told)
    again = replace(
        incident,
        phase=Phase.OPENED if waiting else incident.phase,
        published=now,
        unanswered=unanswered,
        reason="",
        due=later(now.steady, _pause(draft.timing.silence, unanswered)),
    )
    draft.change(destinations.published(draft.asked, again, order))
    reason = why or (Reason.BACK_OFF_OVER if waiting else Reason.NO_FACT)
    _tell_publication(draft, unanswered, reason)
    draft.orders.append(order)


def _has_failed_anew(draft: Draft) -> bool:
    """Whether a guest has failed again while its incident is held for a step of the operator's own: the attempt that is
    held has done with the guest, and only another one restarts it."""
    incident = draft.incident
    held = incident.phase is Phase.HELD and incident.reason == Reason.CUSTOM_STEP and incident.effects
    if not held or not draft.kind.has_budget or budget.next_attempt(incident) > incident.attempted:
        return False
    return budget.has_failed_anew(draft.row, incident)


def _tell_publication(draft: Draft, unanswered: int, reason: Reason) -> None:
    if unanswered > STALLED_AFTER:
        draft.tell(Verb.ALERT, Reason.STALLED)
    else:
        draft.tell(Verb.REOPEN, reason)


def _pause(silence: Millis, unanswered: int) -> Millis:
    """The ordinary silence, doubling once the incident is stalled."""
    return Millis(int(min(LONGEST_SILENCE, silence * 2 ** max(0, unanswered - STALLED_AFTER))))


def unproven(draft: Draft) -> Closed | None:
    """Return the lack of proof that keeps an incident from being published; None for none. One that no effect has
    touched needs its proof again; one that was begun is carried to its end."""
    counted = evidence.standing(draft.row.conditions)
    if draft.incident.order.undoes is not None:
        return Closed(reason=Reason.OBSERVED, verb=Verb.HOLD) if counted else None
    if _goes_on(draft):
        return None
    if counted:
        why = proof(draft.kind.proof, draft.row, counted, draft.asked.policy, draft.asked.deadline)
    else:
        why = Reason.STOPPED if draft.incident.stopped else Reason.EVIDENCE_EXPIRED
    if why in evidence.PROOFS:
        return None
    return Closed(reason=why, verb=Verb.HOLD, detail=evidence.doubts(counted, draft.asked.policy))


def _goes_on(draft: Draft) -> bool:
    """Whether an incident is carried to its end whatever stands against its subject by now: what is done will be looked
    at, or undone."""
    incident = draft.incident
    if draft.kind.looked_at or (incident.effects and not incident.stopped):
        return True
    return draft.kind.is_undone and incident.effects and incident.phase is Phase.HELD


def _wait(draft: Draft, bar: Closed) -> None:
    """Say why nothing is published, and look again after a while (what opens a gate comes by itself)."""
    pause = max(draft.incident.back_off, draft.timing.silence)
    phase = Phase.HELD if draft.incident.phase is not Phase.RECOVERING else Phase.RECOVERING
    due = later(draft.times.moment.steady, pause)
    draft.change(replace(draft.incident, phase=phase, due=due, reason=draft.incident.reason or bar.reason))
    draft.tell(Verb.HOLD, bar.reason, detail=bar.detail)


def _resume(draft: Draft) -> None:
    """Begin a new attempt: what the stopped one knew of the host and its guests may have changed meanwhile."""
    order = draft.incident.order
    again = replace(order, attempt=order.attempt + 1)
    draft.change(replace(draft.incident, stopped=False, order=again))
    draft.orders.append(
        Resume(
            incident=order.incident,
            segment=order.segment,
            subject=order.subject,
            decided_at=draft.times.moment.at,
            reason=Reason.CHANGED,
        )
    )
