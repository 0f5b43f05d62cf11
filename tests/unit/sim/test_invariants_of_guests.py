"""The watchers over guests and processes: each bites a minimal history that breaks it, and no other."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from kasugai.core.deciding.rows import Closed, SubjectRow
from kasugai.core.recovering.nova_views import By
from kasugai.core.words.facts import Fact, FactKind, Result
from kasugai.core.words.incident import Open, Phase
from kasugai.core.words.policy import Exhausted, Policy
from kasugai.core.words.signals import Command, Instruction, Source
from kasugai.core.words.subject import Kind, Subject, host_subject
from kasugai.core.words.timing import BrokerTime, Millis
from kasugai.core.words.verdicts import Reason, Verb, Verdict
from kasugai.sim.cloud import SimCloud
from kasugai.sim.cloud.wire import Request
from kasugai.sim.cloud.world import NEW_YEAR
from kasugai.sim.lab.invariants.budget import Budget
from kasugai.sim.lab.invariants.crashed import Crashed
from kasugai.sim.lab.invariants.enabled_by_us import EnabledByUs
from kasugai.sim.lab.invariants.host_first import STOPPED, HostFirst
from kasugai.sim.lab.invariants.one_call import ARRIVES, OneCall
from kasugai.sim.lab.invariants.users_wish import LOOKED, UsersWish
from kasugai.sim.lab.invariants.watcher import Asked, Ended, Sight
from tests.unit.core import makers
from tests.unit.core.makers import HOST, down, order
from tests.unit.sim.watching import GUEST, cloud_of, told

WINDOW = Millis(600_000)
LATER = LOOKED + 1
HOST_OPENED = STOPPED + 1


def guest_of(cloud: SimCloud) -> Subject:
    """The guest as a subject."""
    return Subject(kind=Kind.INSTANCE, host=HOST, detail=cloud.uuid(GUEST))


def asked(action: str, subject: str, *, t: float = 0.0, arrived: float | None = None) -> Asked:
    """A call of ours, which Nova took if it has arrived."""
    status = None if arrived is None else 200
    return Asked(
        request=Request(
            t=t, method="POST", path="/", action=action, subject=subject, arrived=arrived, status=status
        )
    )


def verdict(verb: Verb, subject: Subject, reason: Reason = Reason.CONFIRMED) -> Verdict:
    """A decision."""
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


class TestUsersWish:
    def started(self, *actions: tuple[str, By], t: float = LATER) -> list[str]:
        cloud = cloud_of()
        guest = cloud.world.guest(GUEST)
        for action, by in actions:
            cloud.nova.actions.start(guest, action, by)
        return told(UsersWish, asked("start", guest.uuid, t=t, arrived=t), cloud=cloud)

    @pytest.mark.parametrize("action", ["stop", "pause", "suspend", "rescue", "shelve", "delete"])
    def test_bites(self, action: str) -> None:
        said = [f"web1 was started although its user asked for {action} last"]
        assert self.started((action, By.OTHERS)) == said
        assert (
            self.started((action, By.OTHERS), ("stop", By.NOVA), ("start", By.US), ("lock", By.OTHERS))
            == said
        )

    def test_is_silent_about_what_users_want_and_what_nova_does(self) -> None:
        assert self.started() == self.started(("stop", By.NOVA)) == self.started(("stop", By.US)) == []
        assert self.started(("stop", By.OTHERS), ("start", By.OTHERS)) == []

    def test_is_silent_about_what_comes_behind_the_look(self) -> None:
        assert self.started(("stop", By.OTHERS), t=LOOKED) == []

    def test_is_silent_until_nova_takes_it(self) -> None:
        cloud = cloud_of()
        cloud.nova.actions.start(cloud.world.guest(GUEST), "stop", By.OTHERS)
        assert told(UsersWish, asked("start", cloud.uuid(GUEST), t=LATER), cloud=cloud) == []


class TestHostFirst:
    def begun(self, action: str = "stop", *before: Sight, at: int = HOST_OPENED) -> list[str]:
        cloud = cloud_of()
        step = makers.record(f"{action}:{GUEST}")
        fact = makers.fact(FactKind.STARTED, subject=guest_of(cloud), step=step)
        return told(HostFirst, *before, (at, fact), cloud=cloud)

    def test_bites_while_the_host_has_an_incident(self) -> None:
        opened = verdict(Verb.OPEN, host_subject(HOST))
        for action in ("stop", "start", "migrate", "confirm-migration"):
            assert self.begun(action, opened) == [
                f"{action} of web1 while its host cmp1 has an open incident"
            ]

    def test_is_silent_about_others_and_about_the_first_moments(self) -> None:
        opened = verdict(Verb.OPEN, host_subject(HOST))
        assert self.begun() == self.begun("stop", verdict(Verb.OPEN, host_subject("cmp2"))) == []
        assert self.begun("stop", opened, at=STOPPED) == self.begun("confirm", opened) == []
        assert self.begun("stop", opened, verdict(Verb.CLOSE, host_subject(HOST))) == []


class TestBudget:
    def attempts(self, *times: int, also: tuple[Sight, ...] = (), **policy: Any) -> list[str]:
        cloud = cloud_of()
        given = Policy(**{"restart_budget": 2, "restart_window": WINDOW, **policy})
        orders = [
            order(subject=guest_of(cloud), incident=UUID(int=n), decided_at=BrokerTime(at), policy=given)
            for n, at in enumerate(times, 1)
        ]
        return told(Budget, *also, *orders, *orders, cloud=cloud)

    def test_bites_within_the_window(self) -> None:
        said = "3 attempts at web1 within its window, more than its budget"
        assert self.attempts(0, 1, WINDOW - 1) == [said]
        assert self.attempts(0, 1, WINDOW) == []

    def test_allows_one_relocation_and_what_persons_ask_for(self) -> None:
        assert self.attempts(0, 1, 2, restart_then=Exhausted.RELOCATE) == []
        assert self.attempts(0, 1, 2, 3, restart_then=Exhausted.RELOCATE) != []
        retry = Command(
            command_id=UUID(int=1),
            order=Instruction.RETRY,
            segment=makers.SEGMENT,
            subject=guest_of(cloud_of()),
            author="ann",
            reason="so",
        )
        assert self.attempts(0, 1, 2, also=(retry,)) == []

    def test_what_ended_before_any_effect_does_not_count(self) -> None:
        cloud = cloud_of()
        given = {"subject": guest_of(cloud), "policy": Policy(restart_budget=1)}
        one, two = (order(incident=UUID(int=n), **given) for n in (1, 2))
        over = makers.fact(FactKind.FINISHED, subject=one.subject, incident=one.incident, effects=False)
        withdrawn = replace(over, result=Result.WITHDRAWN)
        assert told(Budget, one, withdrawn, two, cloud=cloud) == []
        assert told(Budget, one, replace(withdrawn, effects=True), two, cloud=cloud) != []

    def test_no_attempt_starts_a_guest_twice(self) -> None:
        cloud = cloud_of()
        start = asked("start", cloud.uuid(GUEST), arrived=0.0)
        once: tuple[Sight, ...] = (order(subject=guest_of(cloud)), start)
        assert told(Budget, *once, cloud=cloud) == told(Budget, start, start, cloud=cloud) == []
        assert told(Budget, *once, start, cloud=cloud) == [
            "web1 was started more often than there were attempts"
        ]

    def test_other_subjects_have_none(self) -> None:
        orders = [order(incident=UUID(int=n)) for n in range(9)]
        assert told(Budget, *orders) == []


class TestEnabledByUs:
    def enabled(self, reason: str, *, ours: str = "", reserved: bool = False) -> list[str]:
        cloud = cloud_of()
        service = cloud.world.host(HOST).service
        service.enabled, history = False, []
        if ours:
            service.disabled_reason = ours
            history = told_later(EnabledByUs, cloud, asked("disable", HOST, arrived=0.0))
        watcher = EnabledByUs(cloud)
        for sight in (makers.host(reserved=reserved), asked("disable", HOST, arrived=0.0)):
            if not isinstance(sight, Asked) or ours:
                assert not list(watcher.saw(sight, BrokerTime(0)))
        service.disabled_reason = reason
        return history + list(watcher.saw(asked("enable", HOST), BrokerTime(1)))

    def test_bites(self) -> None:
        said = ["cmp1 was enabled although somebody else disabled it: maintenance"]
        assert self.enabled("maintenance") == self.enabled("maintenance", ours="Kasugai") == said

    def test_is_silent_about_our_own_and_about_reserves(self) -> None:
        assert self.enabled("Kasugai", ours="Kasugai") == self.enabled("", reserved=True) == []

    def test_is_silent_where_it_is_enabled(self) -> None:
        assert told(EnabledByUs, asked("enable", HOST)) == []


def told_later(kind: type[EnabledByUs], cloud: SimCloud, *sights: Sight) -> list[str]:
    """What a new watcher of this cloud says."""
    return told(kind, *sights, cloud=cloud)


class TestOneCall:
    def called(self, first: str, then: str, *, after: float = 0.0, arrived: bool = False) -> list[str]:
        cloud = cloud_of()
        uuid = cloud.uuid(GUEST)
        one, other = asked(first, uuid, t=-after), asked(then, uuid)
        cloud.wire._waiting[id(one.request)] = lambda _: None
        if arrived:
            one.request.arrived = 0.0
        watcher = OneCall(cloud)
        one_sent = Asked(request=one.request)
        said = [*watcher.saw(one_sent, BrokerTime(0)), *watcher.saw(other, BrokerTime(0))]
        return said

    def test_bites(self) -> None:
        assert self.called("stop", "start") == ["start of web1 was called while stop was on the wire"]
        assert self.called("stop", "stop", after=ARRIVES - 1) != []

    def test_is_silent_about_what_has_arrived_or_never_will_and_about_looks(self) -> None:
        assert self.called("stop", "start", arrived=True) == self.called("stop", "start", after=ARRIVES) == []
        assert self.called("guest", "stop") == self.called("stop", "guest") == []


class TestCrashed:
    """web1 has ended at second 0 and was reported behind it."""

    def ended(self, *verdicts: Verdict, rows: tuple[SubjectRow, ...] = (), by: str = "") -> list[str]:
        cloud = cloud_of()
        guest = cloud.world.guest(GUEST)
        cloud.guest_dies(GUEST)
        if by:
            cloud.nova.actions.start(guest, by, By.OTHERS)
        report = down(Source.REPORTED, kind=Kind.INSTANCE, detail=guest.uuid, host=HOST, observer="api")
        at = int((NEW_YEAR + cloud.world.now()) * 1000) + 1
        return told(Crashed, (at, report), *verdicts, Ended(rows=rows), cloud=cloud)

    def test_bites_where_it_was_called_recovered_and_where_nobody_spoke(self) -> None:
        said = ["web1 was reported, does not run, and nobody says so"]
        guest = guest_of(cloud_of())
        assert self.ended() == self.ended(verdict(Verb.CLOSE, guest, Reason.RECOVERED)) == said
        assert self.ended(verdict(Verb.EXPLAIN, guest, Reason.PART_OF_INCIDENT)) == said

    def test_is_silent_where_somebody_is_told(self) -> None:
        guest = guest_of(cloud_of())
        assert self.ended(verdict(Verb.HOLD, guest, Reason.RESTART_BUDGET)) == []
        assert self.ended(verdict(Verb.CLOSE, guest, Reason.USERS_DOING)) == []

    def test_what_its_host_explains_is_told_with_its_host(self) -> None:
        explained = verdict(Verb.EXPLAIN, guest_of(cloud_of()), Reason.PART_OF_INCIDENT)
        closed = Closed(incident=UUID(int=1), phase=Phase.FAILED, at=makers.moment(0))
        assert self.ended(explained, rows=(makers.row(closed=closed),)) == []

    def test_is_silent_where_its_user_wants_it_so(self) -> None:
        assert self.ended(by="stop") == []
        assert self.ended(by="reboot") != []

    def test_is_silent_about_one_that_runs(self) -> None:
        cloud = cloud_of()
        report = down(Source.REPORTED, kind=Kind.INSTANCE, detail=cloud.uuid(GUEST), host=HOST)
        assert told(Crashed, report, Ended(rows=()), cloud=cloud) == []


def test_facts_and_orders_of_hosts_are_not_those_of_guests() -> None:
    """Both travel as the same words."""
    assert isinstance(makers.fact(FactKind.STARTED), Fact)
    assert isinstance(order(), Open)
