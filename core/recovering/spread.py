"""To which host a guest is sent where the choice is ours: one that lives, has room, and has the fewest to build.

Nova's scheduler is deterministic and learns nothing from a rebuild that failed, nor does it know of a host that is
suspected (nova.md): it sends guests to dead and to broken hosts, and fifty at once to one. A host that we name is still
checked by Nova. Where we know too little (Placement does not tell who has room), Nova chooses, unless it might choose a
host that nobody may be sent to.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

from kasugai.core.recovering.ledger import Entry
from kasugai.core.recovering.nova_views import GuestView
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.steps.evacuations import Notes
from kasugai.core.recovering.targets import SCHEDULER, doubtful, usable
from kasugai.core.words.actions import Meaning
from kasugai.core.words.plan import Step
from kasugai.core.words.timing import MonoTime

ANYWHERE = "*"
"""How a record names Nova's own choice among the places that were tried."""
NAMED_TRIES = 3
"""So many hosts of ours may Nova refuse for a guest before it chooses itself: it knows more than Placement tells."""
HOLE = 2
"""A host on which so many different guests of an incident could not be started gets no more of them."""


@dataclass(frozen=True, slots=True)
class Load:
    """How many guests of the incident were sent to which host."""

    sent: Counter[str] = field(default_factory=Counter)
    """All that are there, or on their way."""
    untold: Counter[str] = field(default_factory=Counter)
    """Those of them that what Placement said may not have counted."""

    def add(self, host: str, *, is_told: bool = False) -> None:
        """Count one more."""
        self.sent[host] += 1
        self.untold[host] += not is_told


def choose(
    s: Situation, guest: GuestView, tried: Collection[str], failed: Collection[str], load: Load
) -> str | None:
    """Return the host to name, SCHEDULER to let Nova choose, or None where there is no place for now. `tried`: where
    this owner has asked in vain; `failed`: where the guest could not be started, ever."""
    if s.order.host not in (s.look.computes or {}):  # not read, or without a silent cell's hosts
        return None if ANYWHERE in tried else SCHEDULER
    hosts_of_nova = usable(s.order, s.look)
    unsure = doubtful(hosts_of_nova, s.look, s.timing)
    holes, fit = black_holes(s.entry), hosts_of_nova - set(s.order.avoid) - unsure
    hosts = _with_room(s, guest, fit - holes - set(tried), load)
    hosts = hosts or _with_room(s, guest, _worth_a_try(s, fit & holes, load), load)
    fresh = [host for host in hosts if host not in failed]
    refusing = _refusing(s)
    ranked = sorted(
        fresh or hosts, key=lambda host: (host in refusing, _strangeness(s, host), load.sent[host], host)
    )
    named = len(set(tried) - {ANYWHERE, *s.order.reserves})
    if (hosts_of_nova | set(s.order.reserves)) & (set(s.order.avoid) | holes | set(failed)):
        return ranked[0] if ranked and named < 2 * NAMED_TRIES else None
    if ANYWHERE in tried or (unsure and not ranked):
        return None
    if unsure and named < NAMED_TRIES:
        return ranked[0]
    is_sure = s.look.room_for(guest) is not None and named < NAMED_TRIES
    return ranked[0] if is_sure and ranked and not _strangeness(s, ranked[0]) else SCHEDULER


def load_of(s: Situation) -> Load:
    """Return how many of the incident's guests were sent to which host and are still there, or on their way."""
    load = Load()
    for step in s.plan.guests:
        if host := _sent_to(s, step):
            load.add(host, is_told=_is_told(s, step))
    return load


def _is_told(s: Situation, step: Step) -> bool:
    """Whether Placement has counted the guest: Nova claims its room before it lands, and asked was after the call."""
    record = s.record(step)
    is_open = step.key in s.memory.in_flight or record is None or record.state.is_open
    return not is_open and s.memory.begun.get(step.key, MonoTime(0)) < s.look.room_at


def _sent_to(s: Situation, step: Step) -> str:
    """Where a guest is, or may be on its way to; empty for neither."""
    record = s.record(step)
    if step.key in s.memory.in_flight:
        return s.memory.aims.get(step.key, "")
    if record is None or not (record.state.is_open or record.destination):
        return ""
    return record.destination or record.target


def black_holes(entry: Entry) -> frozenset[str]:
    """Return the hosts on which several guests of the incident could not be started, unless one of these was started
    there after all under the newest owner: then it was mended."""
    moves = [record for record in entry.steps.values() if record.words.meaning is Meaning.MOVED]
    failures = Counter(host for record in moves for host in set(Notes.of(record).failed_on))
    mended = {
        r.destination for r in moves if r.epoch == entry.epoch and r.destination in Notes.of(r).failed_on
    }
    return frozenset(host for host, count in failures.items() if count >= HOLE and host not in mended)


def _refusing(s: Situation) -> frozenset[str]:
    """Return the hosts on which Nova let several guests of the incident not go, and none, under this owner: what keeps
    them away keeps others away too, and a host that gets nobody would always have the fewest."""
    own = [r for step in s.plan.guests if (r := s.record(step)) is not None and r.epoch == s.memory.epoch]
    refusals = Counter(host for record in own for host in set(Notes.of(record).tried))
    taken = {record.destination for record in own}
    return frozenset(host for host, count in refusals.items() if count >= HOLE and host not in taken)


def _worth_a_try(s: Situation, holes: Collection[str], load: Load) -> set[str]:
    """Where there is nowhere else, each owner sends guests to a host that failed before, one at a time and until one
    fails again: it may have been mended."""
    if not holes:
        return set()
    moves = [(step, s.record(step)) for step in s.plan.guests]
    own = [record for _, record in moves if record is not None and record.epoch == s.memory.epoch]
    again = {host for record in own for host in Notes.of(record).tried}
    on_its_way = {_sent_to(s, step) for step, record in moves if not (record and record.destination)}
    begun = load_of(s).sent
    dealt = {host for host in holes if load.sent[host] > begun[host]}
    return set(holes) - again - on_its_way - dealt


def _with_room(s: Situation, guest: GuestView, hosts: Collection[str], load: Load) -> list[str]:
    """Those that Placement says could take one more; all where it says nothing. What is on its way there may be
    counted twice: then a host looks full until it has landed."""
    room = s.look.room_for(guest)
    return [host for host in hosts if room is None or room.get(host, 0) > load.untold[host]]


def _strangeness(s: Situation, host: str) -> int:
    """How a host differs from the source: 0 for one of its zone that is in all of its aggregates. A guest may be bound
    to either, which is for Nova to know."""
    computes = s.look.computes or {}
    own, other = computes[s.order.host], computes[host]
    aggregates = s.look.aggregates or ()
    lacks = any(s.order.host in each.hosts and host not in each.hosts for each in aggregates)
    return 2 * (own.zone != other.zone) + lacks
