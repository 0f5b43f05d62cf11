"""How fast views are computed: 100 hosts fail at once, 50 guests each, and then all of it again from the beginning.

    .venv/bin/python -m bench.projector

A Redis of its own; Kafka is left out: records come in the batches in which a projector reads them.
"""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from uuid import UUID

from kasugai.adapters.redis_views import RedisViews
from kasugai.api.projection.projector import Came, Projector
from kasugai.api.view_store import ViewStore
from kasugai.core.telling.incident_views import Record
from kasugai.core.words.actions import Action
from kasugai.core.words.facts import DESTINATION, Fact, FactKind, Result, StepRecord, StepState
from kasugai.core.words.frozen import FrozenMap
from kasugai.core.words.plan import Plan, Step
from kasugai.core.words.signals import Fault
from kasugai.core.words.subject import host_subject
from kasugai.core.words.verdicts import Reason, Verb
from tests.support.incidents import decided, opened, said
from tests.support.projections import came, naming, posted
from tests.support.redis import RedisServer

HOSTS, GUESTS, BATCH = 100, 50, 2_000


def story(n: int) -> Iterator[Record | Fault]:
    """One host's recovery: 2 records per guest and some around them."""
    host, incident = f"cmp{n}", UUID(int=n + 1)
    fault = posted(f"{n:08d}-0000-4000-8000-000000000000", host=host)
    yield fault
    verdict = naming(decided(Verb.OPEN, Reason.ASSERTED, incident), fault)
    yield replace(verdict, subject=host_subject(host), verdict_id=UUID(int=2 * n))
    yield opened(incident=incident, host=host, host_uuid=host)
    steps = tuple(Step(action=Action.EVACUATE, subject=f"{n}-{g}", name=f"vm{n}-{g}") for g in range(GUESTS))
    plan = Plan(incident=incident, attempt=1, epoch=1, host=host, window=8, steps=steps)

    def fact(kind: FactKind, **more: object) -> Fact:
        return said(kind, incident=incident, host=host, **more)

    yield fact(FactKind.ADOPTED)
    yield fact(FactKind.PLAN, plan=plan)
    for step in steps:
        begun = StepRecord(
            action=step.action, subject=step.subject, state=StepState.STARTED, epoch=1, tries=1
        )
        yield fact(FactKind.STARTED, step=begun, name=step.name)
        landed = replace(begun, state=StepState.DONE, notes=FrozenMap({DESTINATION: "cmp999"}))
        yield fact(FactKind.DONE, step=landed, name=step.name)
    yield fact(FactKind.FINISHED, result=Result.RECOVERED, plan=plan)
    closed = decided(Verb.CLOSE, Reason.RECOVERED, incident)
    yield replace(closed, subject=host_subject(host), verdict_id=UUID(int=2 * n + 1))


def interleaved() -> list[Came]:
    """All recoveries at once, record by record in turns."""
    stories = [list(story(n)) for n in range(HOSTS)]
    return came(*(value for turn in zip(*stories, strict=True) for value in turn))


def project(store: RedisViews, batches: Sequence[Sequence[Came]], *, live: bool) -> float:
    """Return how many seconds it takes: views after every batch (live), or once at the end (rebuild)."""
    store.drop()
    assert store.own("bench")
    projector = Projector(store, "bench")
    began = time.perf_counter()
    for batch in batches:
        assert store.renew("bench")
        projector.take(batch, {"bench/0": 1})
        while live and not projector.is_done:
            projector.project(is_current=True)
            assert store.renew("bench")
    while not projector.is_done:
        projector.project(is_current=True)
    return time.perf_counter() - began


def main() -> None:
    """Measure and print one line of JSON."""
    records = interleaved()
    batches = [records[i : i + BATCH] for i in range(0, len(records), BATCH)]
    with RedisServer() as server:
        store = RedisViews.from_url(server.url)
        live, rebuilt = project(store, batches, live=True), project(store, batches, live=False)
        views = ViewStore(store)
        began = time.perf_counter()
        statuses = {view.status for view in views.notifications()}
        listed = time.perf_counter() - began
        began = time.perf_counter()
        for n in range(HOSTS):
            assert len(views.vmoves(f"{n:08d}-0000-4000-8000-000000000000")) == GUESTS
        moves = (time.perf_counter() - began) / HOSTS
        store.close()
    print(
        json.dumps(
            {
                "records": len(records),
                "live_records_per_s": round(len(records) / live),
                "rebuild_records_per_s": round(len(records) / rebuilt),
                "list_100_notifications_ms": round(1000 * listed, 1),
                "vmoves_of_50_guests_ms": round(1000 * moves, 2),
                "statuses": sorted(statuses),
            }
        )
    )


if __name__ == "__main__":
    main()
