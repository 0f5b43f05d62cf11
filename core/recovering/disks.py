"""What an evacuation would do to a guest's disks, and what becomes of guests whose data it would leave behind."""

from collections import Counter

from kasugai.core.recovering.look import PowerState
from kasugai.core.recovering.moves import Blocked
from kasugai.core.recovering.nova_views import GuestView
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.steps.force_down import mark_of
from kasugai.core.words.disks import LOST_ELSEWHERE, DiskClass, RootDisks
from kasugai.core.words.frozen import FrozenMap
from kasugai.core.words.plan import DISKS, Plan, Step
from kasugai.core.words.timing import Millis, between
from kasugai.core.words.verdicts import Reason


def disk_class(guest: GuestView, root_disks: RootDisks) -> DiskClass:
    """Return on what the guest's data lies. A guest without an image boots from a volume (nova.md); the disks beside it
    lie where all disks of its host do."""
    if guest.image:
        return _ROOT[root_disks]
    if guest.has_ephemeral and root_disks is not RootDisks.SHARED:
        return DiskClass.EPHEMERAL if root_disks is RootDisks.LOCAL else DiskClass.UNKNOWN
    if guest.has_swap and root_disks is not RootDisks.SHARED:
        return DiskClass.SWAP
    return DiskClass.CONFIG_DRIVE if guest.has_config_drive else DiskClass.VOLUME


_ROOT = {
    RootDisks.SHARED: DiskClass.SHARED,
    RootDisks.LOCAL: DiskClass.LOCAL,
    RootDisks.UNSAID: DiskClass.UNKNOWN,
}


def told(disks: DiskClass) -> FrozenMap[str]:
    """Return the parameters of a guest's steps."""
    return FrozenMap({DISKS: str(disks)})


def waits_for_its_host(s: Situation, step: Step) -> Blocked | None:
    """Return why a guest is not rebuilt yet whose data would be left behind: its own host may come back."""
    if step.params.get(DISKS) not in LOST_ELSEWHERE:
        return None
    waited, wait = _waited(s), s.order.policy.local_wait
    if s.has_device and s.look.power is PowerState.ON:
        return Blocked(
            reason=Reason.LOCAL_WAIT, detail=f"{step.name}: its disk is on {s.order.host}, which is on again"
        )
    if waited >= wait:
        return None
    return Blocked(
        reason=Reason.LOCAL_WAIT,
        detail=f"{step.name}: its disk is on {s.order.host}; rebuilt elsewhere after {wait // 1000} s",
    )


def _waited(s: Situation) -> Millis:
    """How long the host has been away: since the incident was opened, or since Nova's record moved after the force-down
    (whoever moved it, the host may have been back). Where the fence stood on an older word, that is over, and told."""
    waited, service = between(s.order.opened_at, s.broker_now), s.look.service
    if service is None or mark_of(s.entry, s.order.host) in ("", service.updated_at):
        return waited
    stood, said = Millis(int(service.age * 1000)), s.order.asserted_at
    is_off = s.has_device and s.power_is_off()
    if said is not None and not is_off and stood < between(said, s.broker_now) - s.timing.assertion_slack:
        return waited
    return min(waited, stood)


def summary(plan: Plan) -> str:
    """Say on what the data of the moved guests lies, and why others were left; empty where all of it is in volumes and
    nobody was left."""
    moved = Counter(step.params.get(DISKS, DiskClass.VOLUME) for step in plan.guests)
    left = Counter(why for _, why in plan.excluded)
    parts = [f"{len(plan.guests)} moved ({_counted(moved)})"] if moved.keys() - {DiskClass.VOLUME} else []
    parts += [f"{len(plan.excluded)} left ({_counted(left)})"] if left else []
    return "; ".join(parts)


def _counted(words: Counter[str]) -> str:
    return ", ".join(f"{number} {word}" for word, number in sorted(words.items()))
