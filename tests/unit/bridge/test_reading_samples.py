"""Nova 34's own notifications, each read by itself: which rows of the table fit, as a person has thought it out; and
what all of them conclude together, in every order."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kasugai.bridge.envelope import unwrap
from kasugai.bridge.notification import Notification
from kasugai.bridge.reading.conclusions import Conclusion
from kasugai.bridge.reading.heard import hear
from kasugai.bridge.reading.reader import Reader
from kasugai.bridge.reading.table import Becomes, rows_of
from kasugai.core.words.signals import Fault, Symptom
from tests.support.nova_samples import NAMES, on_kafka, on_rabbit

NAMED: Mapping[tuple[Becomes, ...], str] = {
    (): """
        instance.update.building-building.scheduling-None
    """,
    (Becomes.CALLER,): """
        compute.exception
    """,
    (
        Becomes.CALLER,
        Becomes.MOVES,
    ): """
        instance.rebuild.error
    """,
    (Becomes.LANDED,): """
        instance.update.active-active.None-None
        instance.update.active-active.rebuild_spawning-None
        instance.update.active-active.rebuilding-None
        instance.update.building-building.None-None
        instance.update.error-error.None-None
        instance.update.error-error.rebuild_spawning-None
        instance.update.paused-paused.None-None
        instance.update.rescued-rescued.None-None
        instance.update.stopped-stopped.None-None
        instance.update.suspended-suspended.None-None
    """,
    (
        Becomes.LANDED,
        Becomes.NOTHING,
    ): """
        instance.update.active-error.None-None
        instance.update.active-error.rebuilding-None
        instance.update.paused-stopped.powering-off-None
        instance.update.stopped-error.None-None
    """,
    (
        Becomes.LANDED,
        Becomes.WELL,
    ): """
        instance.update.active-deleted.deleting-None
        instance.update.active-paused.pausing-None
        instance.update.active-rescued.rescuing-None
        instance.update.active-stopped.powering-off-None
        instance.update.active-suspended.suspending-None
        instance.update.building-active.spawning-None
        instance.update.deleted-deleted.None-None
        instance.update.error-active.rebuild_spawning-None
        instance.update.error-deleted.deleting-None
        instance.update.error-stopped.powering-off-None
        instance.update.rescued-deleted.deleting-None
        instance.update.stopped-active.None-None
        instance.update.stopped-active.powering-on-None
        instance.update.stopped-active.rebuild_spawning-None
        instance.update.stopped-deleted.deleting-None
        instance.update.suspended-deleted.deleting-None
    """,
    (Becomes.MOVES,): """
        instance.evacuate
        instance.rebuild.end
        instance.rebuild.start
        instance.rebuild_scheduled
    """,
    (Becomes.NOTHING,): """
        aggregate.add_host.end
        aggregate.add_host.start
        aggregate.remove_host.end
        aggregate.remove_host.start
        compute_task.build_instances.error
        compute_task.rebuild_server.error
        instance.exists
        instance.lock
        instance.unlock
        instance.update.active-active.pausing-pausing
        instance.update.active-active.powering-off-powering-off
        instance.update.active-active.powering-off-rebuilding
        instance.update.active-active.rebuild_block_device_mapping-rebuild_spawning
        instance.update.active-active.rebuild_spawning-rebuild_spawning
        instance.update.active-active.rebuild_spawning-rebuilding
        instance.update.active-active.rebuilding-rebuild_block_device_mapping
        instance.update.active-active.rebuilding-rebuilding
        instance.update.active-active.rescuing-rescuing
        instance.update.active-active.suspending-suspending
        instance.update.active-error.rebuild_block_device_mapping-rebuild_block_device_mapping
        instance.update.active-error.rebuilding-rebuilding
        instance.update.building-building.block_device_mapping-spawning
        instance.update.building-building.networking-block_device_mapping
        instance.update.building-building.networking-networking
        instance.update.building-building.scheduling-scheduling
        instance.update.building-error.scheduling-None
        instance.update.error-error.powering-off-powering-off
        instance.update.error-error.rebuild_block_device_mapping-rebuild_spawning
        instance.update.error-error.rebuild_spawning-rebuild_spawning
        instance.update.error-error.rebuild_spawning-rebuilding
        instance.update.error-error.rebuilding-rebuild_block_device_mapping
        instance.update.error-error.rebuilding-rebuilding
        instance.update.paused-paused.powering-off-powering-off
        instance.update.stopped-error.rebuild_block_device_mapping-rebuild_block_device_mapping
        instance.update.stopped-error.rebuilding-rebuilding
        instance.update.stopped-stopped.powering-on-powering-on
        instance.update.stopped-stopped.rebuild_block_device_mapping-rebuild_spawning
        instance.update.stopped-stopped.rebuilding-rebuild_block_device_mapping
        instance.update.stopped-stopped.rebuilding-rebuilding
        service.update.disabled-False.forced-False
        service.update.disabled-False.forced-True
        service.update.disabled-True.forced-False
        service.update.disabled-True.forced-True
    """,
    (Becomes.WELL,): """
        instance.update.active-active.deleting-deleting
        instance.update.deleted-deleted.deleting-deleting
        instance.update.error-error.deleting-deleting
        instance.update.error-error.rebuild_block_device_mapping-deleting
        instance.update.error-error.rebuilding-deleting
        instance.update.rescued-rescued.deleting-deleting
        instance.update.stopped-stopped.deleting-deleting
        instance.update.suspended-suspended.deleting-deleting
    """,
    (Becomes.WISH,): """
        instance.create.end
        instance.create.start
        instance.delete.end
        instance.delete.start
        instance.pause.end
        instance.pause.start
        instance.power_off.end
        instance.power_off.start
        instance.power_on.end
        instance.power_on.start
        instance.rescue.end
        instance.rescue.start
        instance.shutdown.end
        instance.shutdown.start
        instance.suspend.end
        instance.suspend.start
    """,
}
"""Names of samples, by the rows that fit: by thought. Of most nothing is to be concluded at all."""
EXPECTED = {name: becomes for becomes, names in NAMED.items() for name in names.split()}
SAYS_OF_A_GUEST = {Becomes.FAILED, Becomes.WELL}
READ = [unwrap(on_rabbit(name)) for name in NAMES]
EVERYBODY = "14771de6f81648a892f617621df924fa"
"""Who asked for most of them."""


def words(conclusions: Iterable[Conclusion]) -> list[Fault]:
    return [fault for each in conclusions for fault in each.faults]


def in_the_end(faults: Iterable[Fault]) -> dict[str, str]:
    """What stands against each guest when all has been said."""
    last = {f.subject.detail: f for f in faults if f.subject.detail}
    return {guest: str(f.event_id) for guest, f in last.items() if f.symptom is Symptom.DOWN}


def gist(conclusions: Sequence[Conclusion]) -> tuple[object, ...]:
    """What remains of conclusions whatever order they were drawn in."""
    landings = {(x.guest, x.source, x.destination, x.request) for c in conclusions for x in c.landings}
    wishes = {(x.guest, x.runs, x.user, x.event) for c in conclusions for x in c.wishes}
    callers = {(x.host, x.caller) for c in conclusions for x in c.failures}
    return in_the_end(words(conclusions)), landings, wishes, callers


def test_every_sample_is_thought_out() -> None:
    assert sorted(EXPECTED) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_becomes(name: str) -> None:
    heard = hear(unwrap(on_rabbit(name)))
    becomes = [row.becomes for row in rows_of(heard)]
    assert sorted(becomes) == sorted(EXPECTED[name])
    assert len(SAYS_OF_A_GUEST.intersection(becomes)) <= 1


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_says_the_same_on_both_buses(name: str) -> None:
    assert Reader().read(unwrap(on_rabbit(name))) == Reader().read(unwrap(on_kafka(name)))


def test_no_sample_alone_speaks_against_a_guest() -> None:
    assert [f for n in READ for f in words([Reader().read(n)]) if f.subject.detail] == []


def test_together_they_tell_of_one_landing_and_one_caller() -> None:
    reader = Reader()
    read = [reader.read(each) for each in sorted(READ, key=lambda each: each.at)]
    landings = [landing for each in read for landing in each.landings]
    assert [(x.guest[:8], x.source, x.destination, x.request and x.request[:12]) for x in landings] == [
        ("6366711c", "host2", "host4", "req-6319480c")
    ]
    assert [(x.host, x.caller) for each in read for x in each.failures] == [("host3", EVERYBODY)]
    assert [(f.host, f.symptom, f.observer) for f in words(read)] == [
        ("host3", Symptom.FAILING, f"caller/{EVERYBODY}")
    ]


def follows() -> list[Notification]:
    """The samples, and what a failure and its end would be: Nova's own stop of an active guest, and a user's start."""
    told = {name: unwrap(on_rabbit(name)) for name in NAMES}
    sync = told["instance.update.paused-stopped.powering-off-None"]
    update = dict(sync.payload) | {
        "state_update": {"old_state": "active", "old_task_state": "powering-off", "state": "stopped"},
        "uuid": told["instance.power_on.end"].payload["uuid"],
    }
    start = told["instance.update.stopped-active.powering-on-None"]
    stop = Notification(
        id="found-off",
        event=sync.event,
        publisher=sync.publisher,
        priority="INFO",
        at=start.at - timedelta(seconds=20),
        request="req-sync",
        payload=update,
    )
    later = Notification(
        id="found-off-again",
        event=sync.event,
        publisher=sync.publisher,
        priority="INFO",
        at=max(each.at for each in READ) + timedelta(seconds=20),
        request="req-sync-2",
        payload=update | {"uuid": told["instance.pause.end"].payload["uuid"]},
    )
    return [*READ, stop, later]


ALL = follows()
CALM = Reader()
IN_ORDER = gist([CALM.read(each) for each in sorted(ALL, key=lambda each: each.at)])


def test_in_order_one_guest_stays_failed() -> None:
    standing, landings, wishes, callers = IN_ORDER
    assert isinstance(standing, dict) and len(standing) == 1
    assert all(isinstance(each, set) and each for each in (landings, wishes, callers))


@given(st.permutations(range(len(ALL))))
def test_any_order_concludes_the_same(order: list[int]) -> None:
    reader = Reader()
    assert gist([reader.read(ALL[each]) for each in order]) == IN_ORDER


@given(st.permutations(range(len(ALL))), st.lists(st.sampled_from(range(len(ALL))), max_size=30))
def test_so_does_any_order_in_which_some_come_again(order: list[int], again: list[int]) -> None:
    reader = Reader()
    assert gist([reader.read(ALL[each]) for each in [*order, *again]]) == IN_ORDER
