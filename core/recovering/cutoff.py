"""A host whose storage is closed to it: what that proves, for whom it is enough, and what speaks against closing it.

It proves nothing about power. A host that is cut off may live, and what it has on other disks it may still write.
"""

from kasugai.core.recovering.look import Look, PowerState
from kasugai.core.recovering.moves import Blocked, Pending
from kasugai.core.recovering.nova_views import GuestView
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.storage import Disk, DiskKind, StorageState, StorageView
from kasugai.core.words.actions import Meaning
from kasugai.core.words.disks import DiskClass
from kasugai.core.words.facts import CLOSED, StepRecord
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import DISKS, Step
from kasugai.core.words.timing import Millis, between
from kasugai.core.words.verdicts import Reason

MARGIN: Millis = Millis(5_000)
"""How much longer than the storage keeps a watch one must have stood to have been renewed."""
ELSEWHERE = frozenset({DiskClass.LOCAL, DiskClass.EPHEMERAL, DiskClass.UNKNOWN})
"""Disks that keep data, and of which nothing says that they lie on that storage."""


def is_closed(s: Situation) -> bool:
    """Whether the storage was seen to be closed to the host recently enough to act on it."""
    view = s.look.storage
    return (
        view is not None
        and view.state is StorageState.CLOSED
        and between(view.at, s.now) <= s.timing.power_fresh
    )


def fenced_so(s: Situation) -> bool:
    """Whether the host's fence stands on its closed storage."""
    fences = (s.record(step) for step in s.plan.steps if step.words.meaning is Meaning.FENCED)
    return any(record is not None and record.reason == Reason.STORAGE_CLOSED for record in fences)


def stands_alone(order: Open, look: Look) -> bool:
    """Whether nothing but its closed storage keeps the host from its guests' disks: its power does not read off, and
    nobody vouches for it."""
    return (
        look.storage is not None
        and look.storage.state is StorageState.CLOSED
        and look.power is not PowerState.OFF
        and order.asserted_at is None
        and not order.vouched_by
    )


def held_back(s: Situation, step: Step) -> Blocked | None:
    """Return why a guest may not leave a host that nothing but its storage is closed to; None: it may."""
    disks = step.params.get(DISKS)
    if not (fenced_so(s) and stands_alone(s.order, s.look)) or disks not in ELSEWHERE:
        return None
    return Blocked(
        reason=Reason.STORAGE_ONLY,
        detail=f"{step.name}: {_WHERE[DiskClass(disks)]}, and {s.order.host} may still run it; if you know that it is "
        f"off, type: kasugai incident approve {s.order.host} --limit fence --reason ...",
    )


_WHERE = {
    DiskClass.LOCAL: "its disk is on its host",
    DiskClass.EPHEMERAL: "its ephemeral disk is on its host",
    DiskClass.UNKNOWN: "nothing says where its disk is (root-disks)",
}


def refused(s: Situation, step: Step, record: StepRecord | None) -> Blocked | None:
    """Return the hold of a guest of which this owner was told that not all of its disks lie on that storage."""
    if record is None or record.reason != Reason.STORAGE_ONLY or record.epoch != s.memory.epoch:
        return None
    return Blocked(reason=Reason.STORAGE_ONLY, detail=f"{step.name}: {s.memory.said.get(step.key, '')}"[:500])


def disks_of(guest: GuestView) -> tuple[Disk, ...]:
    """Return the guest's disks that keep data; swap and config drive keep none."""
    own = [Disk(DiskKind.ROOT, guest.uuid)] if guest.image else []
    own += [Disk(DiskKind.EPHEMERAL, guest.uuid)] if guest.has_ephemeral else []
    return (*own, *(Disk(DiskKind.VOLUME, volume) for volume in guest.volumes))


def is_open_again(s: Situation) -> bool:
    """Whether the storage lets the host in, by its own word."""
    return s.look.storage is not None and s.look.storage.state is StorageState.OPEN


def signs_of_life(s: Situation, view: StorageView) -> Reason | Pending | None:
    """Whether clients of the host live, by what they hold open. The storage ends the watch of a client that is silent;
    one that stands for longer than that after the host was given up was renewed since."""
    if view.watchers is None:
        return Pending()
    if not view.watchers:
        return None
    stood = between(s.order.opened_at, s.broker_now) - between(view.at, s.now)
    return Reason.STORAGE_ALIVE if stood >= view.watch_ends + MARGIN else Pending()


def patience(s: Situation) -> Millis:
    """Return how long a decision may grow older than others because this owner waits for watches to end: it goes on
    looking at the host meanwhile."""
    view = s.look.storage
    if view is None or s.has_begun:
        return Millis(0)
    return Millis(min(between(s.memory.owner_since, s.now), view.watch_ends + 2 * MARGIN))


def lapsed(s: Situation) -> Blocked | Pending | None:
    """Return what to do where the fence stood on closed storage: None while it is closed."""
    if is_closed(s):
        return None
    if is_open_again(s):
        return Blocked(reason=Reason.SOURCE_RETURNED, detail="its storage is open to it again")
    if between(max(s.memory.owner_since, s.memory.closed_at), s.now) <= s.timing.fence:
        return Pending()
    return Blocked(reason=Reason.FENCE_REFUSED, detail="its storage cannot be asked any more")


def ours(record: StepRecord | None) -> tuple[str, ...]:
    """Return the addresses that a fence of ours has closed the storage to, or may have."""
    return tuple(record.notes.get(CLOSED, "").split()) if record is not None else ()
