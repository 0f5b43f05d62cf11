"""The state that all parts of the simulated cloud share, its time and its chance.

Time comes from a scheduler (any asyncio loop: virtual in the simulator, real behind HTTP); chance from a seed, so that
the same seed gives the same run. Nothing here knows a rule of Nova.
"""

import math
import random  # noqa: TID251 - seeded: the same seed gives the same run
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

from kasugai.core.words.identity import derive
from kasugai.sim.cloud.controllers import Controllers
from kasugai.sim.cloud.diary import Diary
from kasugai.sim.cloud.model import Aggregate, Guest, Host, Image, Migration, Refused
from kasugai.sim.cloud.pace import Pace, Span, large_cloud
from kasugai.sim.cloud.voice import Voice

NEW_YEAR = 1_767_225_600.0
"""2026-01-01T00:00:00Z in seconds since 1970: the cloud's wall clock at second 0 of a virtual loop."""


class Scheduler(Protocol):
    """What the cloud needs of an asyncio loop."""

    def time(self) -> float:
        """Return the seconds of a monotonic clock."""
        ...

    def call_later(self, delay: float, callback: Callable[[], object], /) -> Any:
        """Call back after `delay` seconds."""
        ...


class World:
    """Hosts, guests, records, diary and knobs. The knobs are plain attributes; change them at any time."""

    hides_actions = False
    """Nova refuses its user os_compute_api:os-instance-actions:list."""
    hides_project_tags = False
    """Keystone refuses its user identity:list_project_tags."""
    clock_offset = 0.0
    """Seconds by which the cloud's own clock is wrong."""
    tells_room = True
    """Whether flavors say what Placement has to be asked about, so that clients can."""
    sends_date = True
    """Whether replies carry a Date header (uWSGI's own HTTP sends none: nova.md)."""
    conductor_delay = 0.0
    """A call accepted from now on is carried out so many seconds later."""
    no_valid_host = False
    """The scheduler finds nothing."""
    flaky_stops = 0.0
    """Which share of the stops of guests on dead hosts is answered 500 (nova.md: now and then)."""
    syncs_power = True
    """Whether Nova compares its records with the hypervisors, and stops what is off though it should run (`sync`)."""
    autostart = False
    """Guests that ran when the power went off run again when their host has booted."""

    compares_boots = False
    """Whether a nova-compute that starts also sees which guests a boot has left off, and stops them, as Nova does."""

    def __init__(self, scheduler: Scheduler, *, seed: int = 0, pace: Pace, epoch: float = NEW_YEAR) -> None:
        """Begin empty. `epoch`: seconds since 1970 at second 0 of the scheduler's clock."""
        self._scheduler = scheduler
        self._epoch = epoch
        self.chance = random.Random(seed)
        self.pace = pace
        self.hosts: dict[str, Host] = {}
        self.guests: dict[str, Guest] = {}
        self.migrations: list[Migration] = []
        self.aggregates: dict[int, Aggregate] = {}
        self.projects: dict[str, tuple[str, ...] | None] = {}
        """Keystone's tags by project, none for those that are not named; None: Keystone does not know the project."""
        self.images: dict[str, Image] = {}
        """Glance's, by id."""
        self.diary = Diary(scheduler.time)
        self.stalled: set[str] = set()
        """Guests whose hypervisors let them stand still: paused, or halted by an error of their disk."""
        self.congestion: Callable[[int], float] = large_cloud
        """Evacuations in progress -> how much longer each of their phases takes."""
        self.groups: dict[str, frozenset[str]] = {}
        """Anti-affinity server groups: their members' uuids by name."""
        self.fails_next: dict[str, int] = {}
        """By action: so many of the next calls are answered 500 in the middle of their work."""
        self.controllers = Controllers(scheduler.time)
        self.voice = Voice(self.wall, self.derive)
        self.silent_cells: dict[str, bool] = {}
        """Silent cells: their records are missing from lists. True: ids are readable all the same."""

    def now(self) -> float:
        """Return the scheduler's seconds."""
        return self._scheduler.time()

    def wall(self, t: float | None = None) -> float:
        """Return the cloud's own wall clock (seconds since 1970) at second `t` of the scheduler, or now."""
        return self._epoch + self.clock_offset + (self.now() if t is None else t)

    def stamp(self, t: float) -> str:
        """Return second `t` of the scheduler as Nova writes it: whole seconds of the cloud's own clock, in UTC."""
        moment = datetime.fromtimestamp(math.floor(self.wall(t)), UTC)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.000000")

    def later(self, seconds: float, callback: Callable[[], None]) -> None:
        """Call back after so many seconds; nothing that a client does can cancel it."""
        self._scheduler.call_later(seconds, callback)

    def draw(self, span: Span) -> float:
        """Return a number between the two."""
        return self.chance.uniform(*span)

    def host(self, name: str) -> Host:
        """Return the host of exactly this name."""
        if name not in self.hosts:
            raise KeyError(f"no host {name!r}; there are: {', '.join(self.hosts)}")
        return self.hosts[name]

    def guest(self, ref: str) -> Guest:
        """Return the guest of this uuid or name; the living one if several had the name."""
        if ref in self.guests:
            return self.guests[ref]
        named = sorted(
            (guest for guest in self.guests.values() if guest.name == ref), key=lambda g: g.deleted
        )
        if not named:
            raise KeyError(f"no guest {ref!r}")
        return named[0]

    def guests_of(self, host: Host) -> int:
        """Return how many guests a nova-compute counts as its own: those that Nova records on it, and its claims."""
        recorded = {
            guest.uuid for guest in self.guests.values() if guest.host == host.name and not guest.deleted
        }
        return len(recorded | host.claimed)

    def is_silent(self, host: str | None) -> bool:
        """Whether the host's cell is missing from lists."""
        return host in self.hosts and self.hosts[host].cell in self.silent_cells

    def can_read(self, guest: Guest) -> None:
        """Refuse with 500 when the guest's cell is silent and ids are not readable (below 2.69 Nova says so)."""
        if guest.host in self.hosts and not self.silent_cells.get(self.hosts[guest.host].cell, True):
            raise Refused(500, "Unexpected API Error. (the cell does not respond)")

    def add_migration(self, guest: Guest, migration_type: str, dest: str | None = None) -> Migration:
        """Write a new record with the guest's present host as its source."""
        number = len(self.migrations) + 1
        now = self.now()
        record = Migration(
            migration_id=number,
            uuid=str(self.derive("migration", number)),
            guest=guest.uuid,
            source=guest.host or "",
            dest=dest,
            migration_type=migration_type,
            created_at=now,
            updated_at=now,
        )
        self.migrations.append(record)
        return record

    def fellows(self, guest: Guest) -> list[Guest]:
        """Return the other members of a guest's anti-affinity groups."""
        found = set().union(*(group for group in self.groups.values() if guest.uuid in group))
        return [self.guests[uuid] for uuid in sorted(found - {guest.uuid}) if not self.guests[uuid].deleted]

    def fails(self, action: str) -> bool:
        """Whether a call of this action is one of those that end in 500, and use that up."""
        left = self.fails_next.get(action, 0)
        self.fails_next[action] = max(0, left - 1)
        return left > 0

    def first_accepted(self, guest: Guest) -> Migration | None:
        """Return the guest's oldest record that is accepted, of whatever type: the one that a conductor takes."""
        return next((m for m in self.migrations if m.guest == guest.uuid and m.status == "accepted"), None)

    def set_status(self, record: Migration, status: str) -> None:
        """Move a migration record."""
        record.status = status
        record.updated_at = self.now()

    @staticmethod
    def derive(kind: str, name: str | int) -> UUID:
        """Return the id of a thing of the cloud: the same in every run."""
        return derive("sim", kind, name)
