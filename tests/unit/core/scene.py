"""Sets the scene for one question to `advance`: cmp1 is dead and has a power device unless told otherwise.

Times are the owner's milliseconds; its ownership began at 0 and it looks at `NOW`.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from kasugai.core.recovering.ledger import Entry, Flag
from kasugai.core.recovering.look import Look, PowerState
from kasugai.core.recovering.nova_views import GuestView, MigrationView
from kasugai.core.recovering.planning import plan
from kasugai.core.recovering.situation import Memory, Situation
from kasugai.core.words.facts import StepRecord, StepState
from kasugai.core.words.plan import Plan, Step
from kasugai.core.words.policy import Policy
from kasugai.core.words.subject import host_subject
from kasugai.core.words.timing import PRODUCTION, BrokerTime, MonoTime
from tests.unit.core.makers import INCIDENT, S, guest, order, record, service

NOW = 1_000 * S
"""Late enough for every settle time, and too late for a landing."""

FENCE, DOWN = "fence:cmp1", "force-down:cmp1"
MARK = "t1"


def by_uuid(guests: Iterable[GuestView]) -> dict[str, GuestView]:
    """Return guests as a look holds them."""
    return {each.uuid: each for each in guests}


def look(*guests: GuestView, migrations: Iterable[MigrationView] = (), **given: Any) -> Look:
    """Return a look at NOW with the power off and the service as old as can be."""
    found: dict[str, tuple[MigrationView, ...]] = {}
    for each in migrations:
        found[each.guest] = (*found.get(each.guest, ()), each)
    made = Look(
        at=MonoTime(NOW),
        service=service(),
        service_after=service(),
        guests=by_uuid(guests),
        migrations=found,
        power=PowerState.OFF,
        power_at=MonoTime(NOW),
    )
    return replace(made, **given)


def planned(*guests: GuestView, attempt: int = 1, window: int = 8) -> Plan:
    """Return the plan for these guests (default: one active guest g1)."""
    chosen = guests or (guest(),)
    return plan(
        order(policy=Policy(window=window), attempt=attempt),
        Look(at=MonoTime(0), guests=by_uuid(chosen)),
        1,
        {},
    )


def entry(*records: StepRecord, **given: Any) -> Entry:
    """Return the ledger's entry with these records."""
    made = Entry(
        incident=INCIDENT,
        subject=host_subject("cmp1"),
        attempt=1,
        epoch=1,
        steps={r.key: r for r in records},
        effects=any(r.has_begun for r in records),
    )
    return replace(made, **given)


def fenced(**given: Any) -> tuple[StepRecord, StepRecord]:
    """Return the records of a host that was fenced and forced down."""
    return (
        record(FENCE, StepState.DONE, tries=1, reason="power-off", **given),
        record(DOWN, StepState.DONE, tries=1, mark=MARK, **given),
    )


def downed(**given: Any) -> dict[str, Any]:
    """Return a look's services after our force-down."""
    view = service(forced_down=True, updated_at=MARK, age=0.0, **given)
    return {"service": view, "service_after": view}


def scene(seen: Look | None = None, *records: StepRecord, **given: Any) -> Situation:
    """Return the situation in which a look was taken."""
    made = Situation(
        order=order(decided_at=NOW),
        entry=entry(*records),
        plan=planned(),
        look=seen or look(guest()),
        memory=Memory(owner_since=MonoTime(0), epoch=1),
        flag=None,
        has_device=True,
        timing=PRODUCTION,
        now=MonoTime(NOW),
        broker_now=BrokerTime(NOW),
    )
    return replace(made, **given)


def step_of(s: Situation, key: str) -> Step:
    """Return the plan's step of that key."""
    found = s.plan.step(key)
    assert found is not None
    return found


def moving(*guests: GuestView, migrations: Iterable[MigrationView] = (), **given: Any) -> Look:
    """Return a look after our force-down."""
    return look(*guests, migrations=migrations, **{**downed(), **given})


STOP = Flag(said_at=BrokerTime(0), offset=1, stop=True)
GO = Flag(said_at=BrokerTime(0), offset=2, stop=False)
