"""Makes the values that the core's tests talk about, each with defaults that no test relies on.

Times are milliseconds; `S` is a second. Nothing here decides anything.
"""

import dataclasses
from dataclasses import replace
from typing import Any
from uuid import UUID

from kasugai.core.deciding.asked import Asked
from kasugai.core.deciding.rows import Condition, Moment, SubjectRow
from kasugai.core.deciding.tally import Tally
from kasugai.core.recovering.nova_views import GuestView, MigrationView, ServiceView
from kasugai.core.words.facts import Fact, FactKind, StepRecord, StepState, make_fact
from kasugai.core.words.frozen import FrozenMap
from kasugai.core.words.incident import Open
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import Fault, Source, Symptom, fault
from kasugai.core.words.subject import host_subject
from kasugai.core.words.timing import BrokerTime, NovaTime, SteadyTime
from tests.support.subjects import about

S = 1_000
SEGMENT = "s1"
HOST = "cmp1"
SUBJECT = "host/cmp1"
INCIDENT = UUID(int=0xC1)


def uuid_of(number: int) -> UUID:
    """Return the uuid of a small number."""
    return UUID(int=number)


def segment(**given: Any) -> SegmentRecord:
    """Return a segment's description."""
    return replace(SegmentRecord(segment_id=SEGMENT, name="rack1"), **given)


def host(name: str = HOST, **given: Any) -> HostRecord:
    """Return a host's description."""
    return replace(HostRecord(host_uuid=f"uuid-{name}", name=name, segment_id=SEGMENT), **given)


def down(source: Source = Source.PEER, episode: str = "e1", **given: Any) -> Fault:
    """Return a fault that says `down` about cmp1."""
    facts: dict[str, Any] = {"host": HOST, "observer": f"{source}/1", "symptom": Symptom.DOWN, **given}
    return fault(source=source, episode=episode, **facts)


def alive(source: Source = Source.HEARTBEAT, episode: str = "a1", **given: Any) -> Fault:
    """Return a sign of life of cmp1."""
    return down(source, episode, **{"symptom": Symptom.ALIVE, **given})


def started(source: Source = Source.NOVA, episode: str = "s1", **given: Any) -> Fault:
    """Return a sign of life that says that cmp1 is back in service."""
    return alive(source, episode, **given)


def report(episode: str = "r1", **given: Any) -> Fault:
    """Return a notification that vouches for a fence."""
    return down(Source.REPORTED, episode, **{"observer": "api", "asserted": True, **given})


def moment(at: int, steady: int | None = None) -> Moment:
    """Return a moment; the steady clock agrees unless told otherwise."""
    return Moment(at=BrokerTime(at), steady=SteadyTime(at if steady is None else steady))


def condition(source: Source = Source.PEER, since: int = 0, **given: Any) -> Condition:
    """Return a standing `down`."""
    made = Condition(
        observer=f"{source}/1",
        source=source,
        symptom=Symptom.DOWN,
        event_id=uuid_of(since + 1),
        episode="e1",
        asserted=False,
        since=moment(since),
        seen=moment(since),
    )
    return replace(made, **given)


def row(**given: Any) -> SubjectRow:
    """Return cmp1's row."""
    made = SubjectRow(segment=SEGMENT, subject=host_subject(HOST), host_uuid="uuid-cmp1")
    return replace(made, **about(given))


def asked(**given: Any) -> Asked:
    """Return a question about cmp1, of which nothing is known."""
    made = Asked(row=row(), segment=None, host=None, tally=Tally(), deadline=SteadyTime(0))
    return replace(made, **given)


def order(**given: Any) -> Open:
    """Return an Open for cmp1."""
    made = Open(
        incident=INCIDENT,
        n=1,
        attempt=1,
        segment=SEGMENT,
        subject=host_subject(HOST),
        host_uuid="uuid-cmp1",
        decided_at=BrokerTime(0),
        opened_at=BrokerTime(0),
        asserted_at=None,
        policy=Policy(),
    )
    return replace(made, **about(given))


def fact(kind: FactKind, **given: Any) -> Fact:
    """Return a worker's fact about the incident."""
    made = Fact(
        fact_id=uuid_of(0),
        kind=kind,
        incident=INCIDENT,
        segment=SEGMENT,
        subject=host_subject(HOST),
        attempt=1,
        epoch=1,
        author="w1",
        n=1,
    )
    return make_fact(replace(made, **about(given)))


def record(key: str, state: StepState = StepState.STARTED, **given: Any) -> StepRecord:
    """Return a step's record of epoch 1. What is no field of a record is one of its notes."""
    action, _, subject = key.partition(":")
    fields = {field.name for field in dataclasses.fields(StepRecord)}
    notes = FrozenMap({name: str(given.pop(name)) for name in sorted(given.keys() - fields)})
    made = StepRecord(action=action, subject=subject, state=state, epoch=1, notes=notes)
    return replace(made, **given)


def service(**given: Any) -> ServiceView:
    """Return Nova's record of cmp1, an hour old by a clock of Nova's own."""
    made = ServiceView(
        service_id="svc1",
        host=HOST,
        is_up=False,
        is_enabled=True,
        forced_down=False,
        updated_at="t0",
        age=3600.0,
        age_is_bound=False,
    )
    return replace(made, **given)


LAUNCHED = 1_700_000_000_000
"""When guests were built, a day before any record of theirs was made (Nova's time)."""


def guest(uuid: str = "g1", **given: Any) -> GuestView:
    """Return an active guest on cmp1."""
    made = GuestView(
        uuid=uuid,
        name=f"name-{uuid}",
        host=HOST,
        vm_state="active",
        task_state=None,
        power_state=1,
        launched_at=NovaTime(LAUNCHED),
    )
    return replace(made, **given)


def migration(number: int, uuid: str = "g1", status: str = "accepted", **given: Any) -> MigrationView:
    """Return a migration record from cmp1."""
    made = MigrationView(
        migration_id=number,
        guest=uuid,
        migration_type="evacuation",
        status=status,
        source=HOST,
        dest="cmp2",
        made_at=NovaTime(LAUNCHED + 24 * 3600 * S),
    )
    return replace(made, **given)
