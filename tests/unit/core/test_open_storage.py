"""The step of a host's return that opens its storage, and what the recovery before tells it."""

from dataclasses import replace
from typing import Any

import pytest

from kasugai.core.recovering.advance import advance
from kasugai.core.recovering.moves import Act, Finish, Next, Wait
from kasugai.core.recovering.nova_views import MigrationView
from kasugai.core.recovering.steps.kinds import kind_of
from kasugai.core.recovering.storage import StorageView
from kasugai.core.words.facts import StepRecord, StepState
from kasugai.core.words.incident import OutOfService
from kasugai.core.words.timing import MonoTime
from tests.unit.core.guest_scene import NOW, begun, noted, told
from tests.unit.core.makers import HOST, migration, record
from tests.unit.core.test_returning import WROTE, order, owner, scene, seen
from tests.unit.core.test_storage_fence import HERE, THERE, UNKNOWN, closed, open_to

AT = MonoTime(NOW)

OPEN, REENABLE = f"open-storage:{HOST}", f"re-enable:{HOST}"
OURS = OutOfService(wrote=WROTE, closed=(HERE,))


def ask(view: StorageView | None, *records: StepRecord, **given: Any) -> Next:
    migrations: dict[str, tuple[MigrationView, ...]] = given.pop("migrations", {})
    shown = seen(storage=view, migrations=migrations)
    return advance(scene(shown, *records, **{"order": order(service=OURS), **given}))


def test_it_goes_before_the_service_is_enabled() -> None:
    answer = ask(closed(at=AT))
    assert begun(answer) == [OPEN]
    assert isinstance(answer, Act)
    (begin,) = answer.begins
    call: Any = kind_of("open-storage").effect(order(service=OURS), begin, seen(storage=closed(at=AT)))
    assert (call.host, call.addresses) == (HOST, (HERE,))
    blank: Any = kind_of("open-storage").effect(order(service=None), begin, seen())
    assert blank.addresses == ()


def test_what_is_open_is_done() -> None:
    assert noted(ask(open_to(at=AT))) == [(OPEN, "done", "already")]
    assert noted(ask(open_to(at=AT), record(OPEN, tries=1))) == [(OPEN, "done", "")]


def test_a_call_under_way_is_waited_for() -> None:
    begun_later = record(OPEN, StepState.STARTED, tries=1)
    memory = owner(begun={OPEN: MonoTime(NOW - 1)})
    assert isinstance(ask(closed(at=MonoTime(NOW - 2)), begun_later, memory=memory), Wait)
    assert isinstance(ask(closed(at=AT), begun_later, memory=memory), Wait)
    assert noted(ask(closed(at=AT), begun_later, memory=owner(ago=300))) == [(OPEN, "absolved", "no trace")]


@pytest.mark.parametrize(
    ("view", "given", "why"),
    [
        (None, {}, "power.yaml names no storage"),
        (replace(UNKNOWN, at=AT), {}, "cannot be asked: no answer"),
        (closed(at=AT, closed_to=(THERE,)), {}, f"somebody else has closed it to {THERE}"),
        (open_to(HERE, at=AT, closed_to=(THERE,)), {}, f"somebody else has closed it to {THERE}"),
        (
            closed(at=AT),
            {"order": order(service=OURS, back_at=None)},
            "nothing was heard of cmp1 since its restart",
        ),
    ],
)
def test_what_keeps_it_closed(view: StorageView | None, given: dict[str, Any], why: str) -> None:
    answer = ask(view, **given)
    assert told(answer)[:2] == ("held", "host-away")
    assert isinstance(answer, Finish)
    assert why in answer.detail


def test_two_tries_and_then_a_person() -> None:
    tried = record(OPEN, StepState.ABSOLVED, tries=2)
    answer = ask(closed(at=AT), tried, memory=owner(refusal="ceph: access denied"))
    assert told(answer)[:2] == ("held", "host-away")
    assert isinstance(answer, Finish)
    assert "access denied" in answer.detail


def test_it_stays_closed_while_a_nova_compute_that_starts_would_destroy_a_guest() -> None:
    answer = ask(closed(at=AT), migrations={"g1": (migration(1, status="accepted"),)})
    assert isinstance(answer, Wait)


def test_a_host_without_storage_is_none_of_its_business() -> None:
    assert begun(ask(None, order=order())) == [REENABLE]
