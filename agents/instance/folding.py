"""Folds what happens to a guest into what is known of it, and into what is to be said.

An event is remembered and makes somebody look; a look is judged; what was found is said once, repeated while it stands,
and taken back when it is over. Nothing is ever said because of an event alone.
"""

from dataclasses import replace
from typing import Final, assert_never

from kasugai.agents.instance.judging import Finding, Judgement, judge
from kasugai.agents.instance.values import (
    Description,
    Failure,
    Folded,
    Guest,
    Heard,
    Patience,
    Pinged,
    Said,
    Say,
    Seen,
    State,
)
from kasugai.core.words.signals import Symptom
from kasugai.core.words.timing import MonoTime, later

MOST_CAUSES: Final = 16
"""Kinds of events that are remembered of one life of a guest: there are not many more."""
SILENT: Final = frozenset({"AGENT_LIFECYCLE"})
"""Events that are no reason to look."""


def heard(guest: Guest, event: Heard, now: MonoTime, patience: Patience) -> Guest:
    """Return the guest after an event: it will be looked at once things have settled."""
    known = _remembered(guest, event, now)
    if event.event in SILENT:
        return known
    soon = later(now, patience.settle)
    return replace(known, look_at=_sooner(guest.look_at, soon))


def _remembered(guest: Guest, event: Heard, now: MonoTime) -> Guest:
    match event.event, event.detail:
        case "LIFECYCLE", detail:
            return _lived(guest, event, detail)
        case "AGENT_LIFECYCLE", detail:
            is_back = detail == "AGENT_CONNECTED"
            return replace(guest, pinged=replace(guest.pinged, absent_since=None)) if is_back else guest
        case "REBOOT", _:
            return replace(guest, causes=(), asked_at=None, pinged=Pinged())
        case "WATCHDOG", "WATCHDOG_SHUTDOWN":
            return replace(guest, asked_at=now)
        case "IO_ERROR", "IO_ERROR_REPORT":
            return replace(guest, io_error_at=now)
        case _:
            return _with_cause(guest, event)


def _lived(guest: Guest, event: Heard, detail: str) -> Guest:
    match detail:
        case "STARTED_MIGRATED":
            return _begun(guest, incoming=True)
        case "STARTED_BOOTED" | "STARTED_RESTORED" | "STARTED_FROM_SNAPSHOT":
            return replace(guest, starting=False) if guest.starting else _begun(guest, incoming=False)
        case _ if detail.startswith("RESUMED_"):
            if _was_off(guest):
                return replace(_begun(guest, incoming=False), starting=True)
            return replace(guest, ran=True, incoming=False)
        case _ if detail.startswith("STOPPED_"):
            return _with_cause(replace(guest, stopped=True, starting=False), event)
        case _:
            return _with_cause(guest, event)


def _was_off(guest: Guest) -> bool:
    is_new = guest.life == 0 and guest.state is State.UNCLEAR
    return is_new or guest.stopped or guest.state is State.OFF


def _begun(guest: Guest, *, incoming: bool) -> Guest:
    """A new life: nothing of the last one explains what happens in it, and what it ended with is seen by the look."""
    return Guest(
        uuid=guest.uuid,
        life=guest.life + 1,
        ran=not incoming,
        incoming=incoming,
        look_at=guest.look_at,
        said=guest.said,
    )


def _with_cause(guest: Guest, event: Heard) -> Guest:
    if event in guest.causes or len(guest.causes) >= MOST_CAUSES:
        return guest
    return replace(guest, causes=(*guest.causes, event))


def looked(
    guest: Guest,
    seen: Seen,
    manner: Description,
    now: MonoTime,
    patience: Patience,
    *,
    going: bool = False,
    first: bool = False,
) -> Folded:
    """Return the guest after a look at it. `going`: the host is being shut down, and what ends now ends by that.
    `first`: it is the agent's first look at all, so that what it finds may have been said in a former life."""
    shown = _shown(guest, seen, now, going=going)
    if going:
        return Folded(guest=shown)
    judgement = judge(shown, manner, now, patience)
    match judgement.finding:
        case Finding.FAILED:
            assert judgement.failure is not None
            return _failed(shown, judgement.failure, now, patience, first=first)
        case Finding.WELL:
            return _good(shown, first=first)
        case Finding.OVER:
            return _over(shown, guest, judgement, first=first)
        case Finding.WAITS | Finding.KEEPS:
            return _kept(replace(shown, look_at=_sooner(shown.look_at, judgement.until)), now, patience)
        case _:
            assert_never(judgement.finding)


def due(guest: Guest, patience: Patience) -> MonoTime | None:
    """Return when the guest is to be looked at for its own sake; None: with all others."""
    return _sooner(guest.look_at, None if guest.said is None else later(guest.said.at, patience.repeat))


def gone(guest: Guest) -> Say | None:
    """Return what is to be said of a guest that this hypervisor has no more."""
    return None if guest.said is None else _clear(guest)


def _shown(guest: Guest, seen: Seen, now: MonoTime, *, going: bool) -> Guest:
    runs = seen.state is State.RUNNING
    missed = guest.state is State.OFF and runs  # it was started, and nobody heard of it
    base = _begun(guest, incoming=False) if missed else guest
    same = (guest.state, guest.reason) == (seen.state, seen.reason)
    return replace(
        base,
        state=seen.state,
        reason=seen.reason,
        since=guest.since if same and not seen.busy else now,
        ran=base.ran or runs,
        incoming=base.incoming and not runs,
        excused=base.excused or (going and not runs),
        look_at=None if base.look_at is None or base.look_at <= now else base.look_at,
    )


def _failed(guest: Guest, failure: Failure, now: MonoTime, patience: Patience, *, first: bool) -> Folded:
    if guest.said is not None and _is_said(guest.said, failure, guest.life):
        return _kept(guest, now, patience)
    told = Said(failure=failure, life=guest.life, at=now)
    return Folded(
        guest=replace(guest, said=told),
        say=Say(uuid=guest.uuid, symptom=Symptom.DOWN, again=first, seen=failure.told),
    )


def _is_said(said: Said, failure: Failure, life: int) -> bool:
    return (said.life, said.failure.event, said.failure.detail) == (life, failure.event, failure.detail)


def _kept(guest: Guest, now: MonoTime, patience: Patience) -> Folded:
    """What stands is repeated in its time."""
    said = guest.said
    if said is None or now < later(said.at, patience.repeat):
        return Folded(guest=guest)
    return Folded(
        guest=replace(guest, said=replace(said, at=now)),
        say=Say(uuid=guest.uuid, symptom=Symptom.DOWN, again=True, seen=said.failure.told),
    )


def _good(guest: Guest, *, first: bool) -> Folded:
    return Folded(guest=replace(guest, said=None), say=_clear(guest) if guest.said or first else None)


def _over(guest: Guest, before: Guest, judgement: Judgement, *, first: bool) -> Folded:
    is_news = before.state is not guest.state and not first
    folded = _good(replace(guest, ran=False), first=first)
    return replace(folded, note=judgement.note if is_news else "")


def _clear(guest: Guest) -> Say:
    return Say(uuid=guest.uuid, symptom=Symptom.CLEAR)


def _sooner(one: MonoTime | None, other: MonoTime | None) -> MonoTime | None:
    return min((each for each in (one, other) if each is not None), default=None)
