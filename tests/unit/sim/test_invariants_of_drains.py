"""The watcher over drains bites a minimal history that breaks it, and no other."""

import asyncio
from dataclasses import replace
from uuid import UUID

import pytest

from kasugai.core.recovering.nova_views import By
from kasugai.core.words.facts import FactKind
from kasugai.core.words.hardware import hardware_subject
from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import Fault, Source, Symptom, fault
from kasugai.core.words.subject import Kind, Subject, host_subject
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Reason, Verb, Verdict
from kasugai.sim.cloud import SimCloud
from kasugai.sim.lab.invariants.drained import KNOWN, SHUT, Drained
from kasugai.sim.lab.invariants.watcher import OBEDIENCE, Sight
from kasugai.sim.loop import run
from tests.unit.core import makers
from tests.unit.core.makers import HOST
from tests.unit.sim.watching import At, cloud_of, told

LATER = KNOWN + 1


def mark(host: str = HOST, symptom: Symptom = Symptom.DOWN) -> Fault:
    return fault(
        host=host,
        observer="cli",
        source=Source.REPORTED,
        symptom=symptom,
        episode="1",
        kind=Kind.PROCESS,
        detail="hardware",
    )


def verdict(verb: Verb, subject: Subject, reason: Reason = Reason.OBSERVED) -> Verdict:
    return Verdict(
        verdict_id=UUID(int=2),
        verb=verb,
        subject=subject,
        segment=makers.SEGMENT,
        reason=reason,
        evidence=(),
        count=0,
        at=BrokerTime(0),
    )


def begun(*before: Sight | At, target: str = "", at: int = LATER, cloud: SimCloud | None = None) -> list[str]:
    step = makers.record("live-migrate:g1", target=target)
    moved = makers.fact(FactKind.STARTED, subject=hardware_subject(HOST), step=step)
    return told(Drained, *before, (at, moved), cloud=cloud)


def test_bites_where_nobody_calls_the_host_degraded() -> None:
    said = ["a guest of cmp1 is migrated, which nobody calls degraded"]
    assert begun(at=OBEDIENCE + 1) == said
    over = (mark(), (1, mark(symptom=Symptom.CLEAR)))
    assert begun(*over, at=OBEDIENCE + 2) == said and begun(*over, at=OBEDIENCE) == []
    assert begun(mark(), at=10 * OBEDIENCE) == []


def moved(by: By, way: str = "migrate") -> SimCloud:
    """A cloud in which somebody has had a guest of cmp1 moved, and nobody has confirmed it."""

    async def main() -> SimCloud:
        cloud = SimCloud(asyncio.get_running_loop())
        for name in (HOST, "cmp2"):
            cloud.add_host(name)
        cloud.add_guest("web", HOST, vm_state="stopped")
        getattr(cloud.nova, way)(cloud.uuid("web"), by=by)
        await asyncio.sleep(5)
        return cloud

    return run(main())


def test_bites_where_a_drain_ends_while_a_guest_that_it_moved_waits() -> None:
    over = makers.fact(FactKind.FINISHED, subject=hardware_subject(HOST))
    assert told(Drained, over, cloud=moved(By.US)) == [
        "the drain of cmp1 ends while web waits for a confirmation"
    ]
    assert told(Drained, over, cloud=moved(By.OTHERS)) == []
    assert told(Drained, over, cloud=moved(By.OTHERS, "resize")) == []


@pytest.mark.parametrize("way", ["migrate", "resize"])
def test_bites_where_what_a_user_asked_for_is_confirmed(way: str) -> None:
    def confirmed(cloud: SimCloud) -> list[str]:
        step = makers.record(f"confirm-cold-migration:{cloud.uuid('web')}")
        said = makers.fact(FactKind.STARTED, subject=hardware_subject(HOST), step=step)
        return told(Drained, said, cloud=cloud)

    assert confirmed(moved(By.OTHERS, way)) == ["what its user asked for is confirmed of web"]
    assert confirmed(moved(By.US)) == []


def test_bites_while_the_host_has_an_incident_of_its_own() -> None:
    opened, closed = (verdict(verb, host_subject(HOST)) for verb in (Verb.OPEN, Verb.CLOSE))
    assert begun(mark(), opened) == ["a guest of cmp1 is migrated while that has an open incident"]
    assert begun(mark(), opened, at=KNOWN) == begun(mark(), opened, closed) == []


def test_bites_where_a_guest_is_sent_to_a_degraded_or_disabled_host() -> None:
    said = ["a guest of cmp1 is migrated to cmp2, which is degraded itself"]
    assert begun(mark(), mark("cmp2"), target="cmp2") == said
    assert begun(mark(), (1, mark("cmp2")), target="cmp2") == begun(mark(), target="cmp2") == []
    cloud = cloud_of()
    cloud.operator_disables("cmp2")
    assert begun(mark(), target="cmp2", cloud=cloud) == [
        "a guest of cmp1 is migrated to cmp2, which is disabled"
    ]


def test_bites_where_more_hosts_are_drained_than_allowed() -> None:
    cloud = cloud_of()
    cloud.operator_disables("cmp2", f"{SHUT} (1)")
    described = (makers.segment(), makers.host(), makers.host("cmp2"))
    opened = verdict(Verb.OPEN, hardware_subject(HOST))
    assert told(Drained, *described, opened, cloud=cloud) == ["cmp1 is drained beside cmp2"]
    two = replace(makers.segment(), policy=Policy(degraded_hosts=2))
    assert told(Drained, two, *described[1:], opened, cloud=cloud) == []
    elsewhere = replace(makers.host("cmp2"), segment_id="s2")
    assert told(Drained, *described[:2], elsewhere, opened, cloud=cloud) == []
    back = verdict(Verb.OPEN, hardware_subject(HOST), Reason.PROCESS_BACK)
    assert told(Drained, *described, back, cloud=cloud) == []
