"""The watchers over what is done to hosts and guests: each bites a minimal history that breaks it, and no other."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from kasugai.core.deciding.rows import Closed, Moment, SubjectRow
from kasugai.core.words.disks import RootDisks
from kasugai.core.words.facts import FactKind, Result
from kasugai.core.words.incident import Phase
from kasugai.core.words.policy import LocalGuests, Policy
from kasugai.core.words.signals import Command, Fault, Instruction, Limit, Source, Symptom
from kasugai.core.words.subject import Kind, host_subject
from kasugai.core.words.timing import BrokerTime, SteadyTime
from kasugai.core.words.verdicts import Reason, Verb, Verdict
from kasugai.sim.cloud import SimCloud
from kasugai.sim.cloud.diary import Entry, Event
from kasugai.sim.lab.invariants.disk_kept import DiskKept
from kasugai.sim.lab.invariants.evacuated_once import EvacuatedOnce
from kasugai.sim.lab.invariants.fenced_alive import FencedAlive
from kasugai.sim.lab.invariants.runs_once import RunsOnce
from kasugai.sim.lab.invariants.set_aside import PROPAGATION, SetAside
from kasugai.sim.lab.invariants.somewhere import Somewhere
from kasugai.sim.lab.invariants.source_off import SourceOff
from kasugai.sim.lab.invariants.stays_deleted import StaysDeleted
from kasugai.sim.lab.invariants.watcher import OBEDIENCE, Accepted, Ended, Sent
from kasugai.sim.loop import run
from tests.unit.core.makers import HOST, SEGMENT, alive, down, fact, host, order, report, segment
from tests.unit.sim.lab import SLOW_SPAWN, bury
from tests.unit.sim.watching import GUEST, At, cloud_of, told

FENCE = Sent(action="fence", host=HOST)
LATE = OBEDIENCE + 1
HALF_AN_HOUR = 1_800_000


def clear(**given: Any) -> Fault:
    """An observer takes its word back."""
    return replace(down(episode="c1", **given), symptom=Symptom.CLEAR)


def said(order: Instruction, limit: Limit | None = None, name: str = "") -> Command:
    """A person's word."""
    return Command(
        command_id=UUID(int=1),
        order=order,
        segment=SEGMENT,
        subject=host_subject(name) if name else None,
        limit=limit,
        author="ann",
        reason="so",
    )


def verdict(verb: Verb, reason: Reason = Reason.COMMAND, at: int = 0) -> Verdict:
    """A decision about cmp1."""
    return Verdict(
        verdict_id=UUID(int=2),
        verb=verb,
        subject=host_subject(HOST),
        segment=SEGMENT,
        reason=reason,
        evidence=(),
        count=0,
        at=BrokerTime(at),
    )


class TestRunsOnce:
    def seen(self, *hosts: str) -> list[str]:
        cloud = cloud_of()
        uuid = cloud.world.guest(GUEST).uuid
        cloud.diary.stop(uuid, HOST)
        for name in hosts:
            cloud.diary.start(uuid, name)
        return told(RunsOnce, Entry(0.0, HOST, uuid, "started"), cloud=cloud)

    def test_bites(self) -> None:
        assert self.seen(HOST, "cmp2") == ["web1 runs on two hosts: cmp1, cmp2"]

    def test_is_silent_about_one_host_and_none(self) -> None:
        assert self.seen("cmp2") == self.seen() == []


class TestDiskKept:
    """The policy rebuilds what was on a local disk after half an hour."""

    def evacuated(self, at: int, *before: At, **policy: Any) -> list[str]:
        cloud = cloud_of()
        guest = cloud.world.guest(GUEST)
        guest.image = "cirros"
        given = {"root_disks": RootDisks.LOCAL, "local_guests": LocalGuests.REBUILD, **policy}
        opened = order(policy=Policy(**given))
        again = replace(opened, n=2)
        history = [
            (0, opened),
            *before,
            (at, again),
            (at, Sent(action="evacuate", host=HOST, guest=guest.uuid)),
        ]
        return told(DiskKept, *history, cloud=cloud)

    def test_bites_before_its_time_and_where_it_is_to_be_left(self) -> None:
        assert self.evacuated(HALF_AN_HOUR - 1) == ["web1 was rebuilt before it had waited for its host"]
        assert self.evacuated(HALF_AN_HOUR) == []
        left = {"local_guests": LocalGuests.LEAVE}
        assert self.evacuated(HALF_AN_HOUR, **left) == ["web1 was evacuated from its local disk"]
        assert self.evacuated(0, root_disks=RootDisks.SHARED) == []

    def test_a_host_that_lived_in_between_is_waited_for_anew(self) -> None:
        lived: tuple[At, ...] = ((1, alive()), (2, order(n=2)))
        assert self.evacuated(HALF_AN_HOUR + 1, *lived) != []
        assert self.evacuated(HALF_AN_HOUR + 2, *lived) == []


class TestSourceOff:
    def evacuated(self, cloud: SimCloud, *before: At, at: int = 0) -> list[str]:
        sent = Sent(action="evacuate", host=HOST, guest=cloud.world.guest(GUEST).uuid)
        return told(SourceOff, *before, (at, sent), cloud=cloud)

    @pytest.mark.parametrize(("device", "power"), [(True, True), (False, True)])
    def test_bites_while_the_source_is_on(self, device: bool, power: bool) -> None:
        assert self.evacuated(cloud_of(device=device, power=power)) == [
            "web1 was evacuated while its source cmp1 was on"
        ]

    def test_bites_while_nobody_knows(self) -> None:
        assert self.evacuated(cloud_of(device=False, power=False)) == [
            "web1 was evacuated while the power of cmp1 was unknown"
        ]

    def test_is_silent_when_it_is_read_as_off(self) -> None:
        assert self.evacuated(cloud_of(power=False)) == []

    def test_with_a_device_nobodys_word_counts(self) -> None:
        assert self.evacuated(cloud_of(), (0, report())) != []

    @pytest.mark.parametrize(
        "end",
        [alive(), clear(observer="api"), fact(FactKind.FINISHED, result=Result.RECOVERED)],
        ids=["alive", "clear", "outcome"],
    )
    def test_a_word_counts_until_a_stop_has_arrived_after_its_end(self, end: Any) -> None:
        cloud = cloud_of(device=False, power=False)
        assert self.evacuated(cloud, (0, report()), at=LATE) == []
        assert self.evacuated(cloud, (0, report()), (1, end), at=OBEDIENCE) == []
        assert self.evacuated(cloud, (0, report()), (1, end), (5, end), at=OBEDIENCE + 2) != []
        assert self.evacuated(cloud, (0, report()), (1, end), (2, report()), at=OBEDIENCE + 2) == []

    def test_another_observers_clear_takes_nothing_back(self) -> None:
        cloud = cloud_of(device=False, power=False)
        assert self.evacuated(cloud, (0, report()), (1, clear()), at=LATE) == []

    def test_a_failed_attempt_leaves_the_word_standing(self) -> None:
        cloud = cloud_of(device=False, power=False)
        failed = fact(FactKind.FINISHED, result=Result.FAILED)
        assert self.evacuated(cloud, (0, report()), (1, failed), at=LATE + 1) == []

    def test_the_witness_that_vouches_for_nothing_is_no_assertion(self) -> None:
        assert self.evacuated(cloud_of(device=False, power=False), (0, down())) != []


class TestEvacuatedOnce:
    def called(self, *waits: float, then: Callable[[SimCloud], object] = lambda _: None) -> list[str]:
        """What is said of a call so many seconds after each earlier one; `then` happens right before the last."""

        async def main() -> list[str]:
            cloud = SimCloud(asyncio.get_running_loop(), pace=SLOW_SPAWN)
            for name in (HOST, "cmp2", "cmp3"):
                cloud.add_host(name)
            guest = cloud.add_guest(GUEST, HOST)
            bury(cloud, HOST)
            for wait in waits:
                cloud.operator_evacuates(GUEST, "cmp2")
                await asyncio.sleep(wait)
            then(cloud)
            cloud.operator_evacuates(GUEST, "cmp3")
            return told(EvacuatedOnce, Accepted(guest=guest.uuid), cloud=cloud)

        return run(main())

    def test_bites(self) -> None:
        assert self.called(0.0) == self.called(2.0) == ["web1 was evacuated twice"]

    def test_bites_while_the_destination_is_cut_off(self) -> None:
        assert self.called(2.0, then=lambda cloud: cloud.hosts.unplug("cmp2")) != []

    def test_is_silent_about_one_and_about_those_that_have_ended(self) -> None:
        assert self.called() == []
        assert self.called(0.0, then=lambda cloud: cloud.nova.evacuations.in_progress.pop(0)) == []

    def test_is_silent_about_a_record_that_nobody_works_on(self) -> None:
        assert self.called(2.0, then=lambda cloud: cloud.hosts.power_off("cmp2")) == []

    def test_is_silent_about_a_message_to_a_host_without_power(self) -> None:
        assert self.called(0.5, then=lambda cloud: cloud.hosts.power_off("cmp2")) == []


class TestFencedAlive:
    def test_bites(self) -> None:
        assert told(FencedAlive, alive(), (LATE, FENCE)) == [
            "cmp1 was fenced although it had been seen alive"
        ]

    def test_a_later_sign_of_life_does_not_begin_anew(self) -> None:
        assert told(FencedAlive, alive(), (LATE, alive(episode="a2")), (LATE + 1, FENCE)) != []

    def test_who_takes_a_word_back_contradicts_no_sign_of_life(self) -> None:
        assert told(FencedAlive, alive(), clear(), (LATE, FENCE)) != []

    def test_is_silent_while_a_stop_is_on_its_way(self) -> None:
        assert told(FencedAlive, alive(), (OBEDIENCE, FENCE)) == []

    def test_is_silent_after_a_contradiction(self) -> None:
        assert told(FencedAlive, alive(), (1, down()), (LATE, FENCE)) == []

    def test_what_is_said_of_a_guest_says_nothing_of_its_host(self) -> None:
        guest = down(Source.REPORTED, observer="api", kind=Kind.INSTANCE, detail="u1")
        assert told(FencedAlive, alive(), (1, guest), (LATE, FENCE)) != []

    def test_one_that_is_useless_is_fenced_alive(self) -> None:
        condemned = order(condemned="nova-compute")
        assert told(FencedAlive, alive(), condemned, (LATE, FENCE)) == []
        assert told(FencedAlive, alive(), condemned, order(n=2), (LATE, FENCE)) != []

    def test_is_silent_about_others_and_about_other_effects(self) -> None:
        other = alive(host="cmp2")
        assert told(FencedAlive, other, (LATE, FENCE), (LATE, Sent(action="force-down", host="cmp2"))) == []


class TestSetAside:
    MAINTAINED = host(on_maintenance=True)
    WORDS = (
        ("maintenance", (MAINTAINED,), (host(),)),
        ("disarmed segment", (host(), segment(armed=False)), (segment(),)),
        ("disarm", (host(), said(Instruction.DISARM)), (said(Instruction.ARM),)),
        ("hold", (verdict(Verb.HOLD),), (said(Instruction.APPROVE, Limit.HOLD, HOST),)),
        ("hold", (verdict(Verb.CANCEL),), (verdict(Verb.CLOSE),)),
    )

    @pytest.mark.parametrize(("word", "aside", "back"), WORDS)
    def test_bites_an_incident_opened_and_an_effect_begun(self, word: str, aside: Any, back: Any) -> None:
        opened = order(decided_at=PROPAGATION + 1)
        assert told(SetAside, *aside, opened, (LATE, FENCE)) == [
            f"an incident was opened for cmp1, which is in {word}",
            f"fence of cmp1, which is in {word}",
        ]
        assert told(SetAside, *aside, *back, opened, (LATE, FENCE)) == []

    def test_is_silent_while_the_word_is_on_its_way(self) -> None:
        history = (self.MAINTAINED, order(decided_at=PROPAGATION), (OBEDIENCE, FENCE))
        assert told(SetAside, *history) == []

    def test_is_silent_about_later_publications(self) -> None:
        assert told(SetAside, self.MAINTAINED, order(n=2, decided_at=PROPAGATION + 1)) == []

    def test_what_had_begun_before_a_maintenance_goes_on(self) -> None:
        begun = fact(FactKind.STARTED)
        over = fact(FactKind.FINISHED, result=Result.RECOVERED)
        aside = (1, self.MAINTAINED)
        assert told(SetAside, begun, aside, (LATE + 1, FENCE)) == []
        assert told(SetAside, begun, over, aside, (LATE + 1, FENCE)) != []
        assert told(SetAside, (1, begun), self.MAINTAINED, (LATE, FENCE)) != []

    def test_what_had_begun_before_a_hold_does_not(self) -> None:
        assert told(SetAside, fact(FactKind.STARTED), verdict(Verb.HOLD, at=1), (LATE + 1, FENCE)) != []

    def test_a_maintenance_that_ends_by_itself_and_a_hold_for_another_reason_set_nothing_aside(self) -> None:
        until = host(on_maintenance=True, maintenance_until=5)
        assert told(SetAside, until, verdict(Verb.HOLD, Reason.STORM), (LATE, FENCE)) == []

    def test_another_segments_host_is_none_of_it(self) -> None:
        elsewhere = host(segment_id="s2")
        assert told(SetAside, elsewhere, segment(armed=False), (LATE, FENCE)) == []


class TestSomewhere:
    def cloud(self, *, lost: bool = True) -> SimCloud:
        cloud = cloud_of(power=False)
        if lost:
            cloud.diary.destroy(cloud.world.guest(GUEST).uuid, HOST)
        return cloud

    def at_end(self, row: SubjectRow | None = None, *, lost: bool = True) -> list[str]:
        return told(Somewhere, Ended(rows=(row,) if row else ()), cloud=self.cloud(lost=lost))

    def finished(self, result: Result, host: str = HOST, *, lost: bool = True) -> list[str]:
        said = replace(fact(FactKind.FINISHED, result=result), subject=host_subject(host))
        return told(Somewhere, said, cloud=self.cloud(lost=lost))

    def test_bites(self) -> None:
        assert self.finished(Result.RECOVERED) == ["cmp1 was called recovered although web1 is nowhere"]
        assert self.at_end() == ["web1 is nowhere and nobody says so"]

    def test_is_silent_about_other_hosts_and_other_ends(self) -> None:
        assert self.finished(Result.RECOVERED, "cmp2") == self.finished(Result.FAILED) == []

    def test_is_silent_about_a_guest_that_a_hypervisor_has(self) -> None:
        assert self.finished(Result.RECOVERED, lost=False) == self.at_end(lost=False) == []

    def test_a_failed_incident_is_told_and_a_recovered_one_is_not(self) -> None:
        def closed(phase: Phase) -> SubjectRow:
            end = Closed(incident=UUID(int=1), phase=phase, at=Moment(at=BrokerTime(0), steady=SteadyTime(0)))
            return SubjectRow(segment=SEGMENT, subject=host_subject(HOST), host_uuid="", closed=end)

        assert self.at_end(closed(Phase.FAILED)) == []
        assert self.at_end(closed(Phase.RECOVERED)) != []


class TestStaysDeleted:
    def brought_back(self, task: str | None, host: str = "cmp2", event: Event = "started") -> list[str]:
        cloud = cloud_of(power=False)
        guest = cloud.world.guest(GUEST)
        guest.task_state = task
        sent = Sent(action="evacuate", host=HOST, guest=guest.uuid)
        return told(StaysDeleted, sent, Entry(1.0, host, guest.uuid, event), cloud=cloud)

    def test_bites(self) -> None:
        assert self.brought_back("deleting") == ["web1 was being deleted and was brought back on cmp2"]
        assert self.brought_back("soft-deleting") != []

    def test_is_silent_about_others_and_about_what_ceases(self) -> None:
        assert self.brought_back(None) == self.brought_back("powering-off") == []
        assert self.brought_back("deleting", event="stopped") == []
