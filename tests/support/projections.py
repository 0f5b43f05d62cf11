"""Records as the projector gets them, and what it makes of them: for tests of what the API shows."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from uuid import UUID

from kasugai.api.projection.projector import Came, Projector
from kasugai.api.view_store import ViewStore
from kasugai.core.telling.incident_views import Record, Seen
from kasugai.core.words.facts import Fact
from kasugai.core.words.signals import Fault, Notification, Source, Stamp, Symptom, fault
from kasugai.core.words.subject import Kind
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Evidence, Verdict
from kasugai.schemas.codec import encode
from kasugai.schemas.topics import INCIDENTS, RECOVERY, REPORTED, VERDICTS
from tests.support.incidents import SEGMENT, START
from tests.support.memory_documents import MemoryDocuments

UUID_1 = "11111111-0000-4000-8000-000000000001"
PAYLOAD = {"event": "STOPPED", "host_status": "NORMAL", "cluster_status": "OFFLINE"}


def posted(
    uuid: str = UUID_1, *, symptom: Symptom = Symptom.DOWN, host: str = "cmp1", **changes: str
) -> Fault:
    """Return the fault of a COMPUTE_HOST notification; `changes` are to its payload."""
    return fault(
        host=host,
        host_uuid="h",
        observer="api",
        source=Source.REPORTED,
        symptom=symptom,
        asserted=True,
        episode=uuid,
        notification=Notification(
            notification_uuid=uuid,
            notification_type="COMPUTE_HOST",
            generated_time="2026-11-18T11:06:39.000000",
            payload=PAYLOAD | changes,
            segment_id=SEGMENT,
        ),
    )


def posted_as(kind: Kind, type_: str, detail: str) -> Fault:
    """Return the fault of a notification about an instance or a process."""
    told = posted()
    about = replace(told, subject=replace(told.subject, kind=kind, detail=detail))
    assert about.notification is not None
    return replace(about, notification=replace(about.notification, notification_type=type_))


def naming(verdict: Verdict, *faults: Fault) -> Verdict:
    """Return the verdict with these faults as its evidence, and an id of its own."""
    evidence = tuple(
        Evidence(event_id=f.event_id, observer=f.observer, symptom=f.symptom, episode=f.episode)
        for f in faults
    )
    own = UUID(int=hash((verdict.verb, verdict.reason, verdict.incident)) % 2**64)
    return replace(verdict, evidence=evidence, verdict_id=own)


def came(*values: Record | Fault) -> list[Came]:
    """Return records that came a second apart, each on its topic."""
    return [_came(value, START + 1000 * offset, offset) for offset, value in enumerate(values)]


def came_from(seen: Iterable[Seen]) -> list[Came]:
    """Return the records that a story left."""
    return [_came(each.value, each.at, each.offset) for each in seen]


def _came(value: Record | Fault, at: int, offset: int) -> Came:
    topic = topic_of(value)
    return topic, Stamp(partition=0, offset=offset, at=BrokerTime(at)), encode(value)


def topic_of(value: Record | Fault) -> str:
    """Return where a record belongs."""
    match value:
        case Fault():
            return REPORTED
        case Fact():
            return RECOVERY
        case Verdict():
            return VERDICTS
        case _:
            return INCIDENTS[Kind.HOST]


def projected(*batches: Sequence[Came]) -> MemoryDocuments:
    """Return the documents after these batches, each taken and shown before the next one comes."""
    documents = MemoryDocuments()
    assert documents.own("me")
    for batch in batches:
        projector = Projector(documents, "me")
        projector.take(batch, {})
        while not projector.is_done:
            projector.project(is_current=True)
    return documents


def shown(*values: Record | Fault) -> ViewStore:
    """Return the views of records that came a second apart."""
    return ViewStore(projected(came(*values)))
