"""What a witness of everything writes down: calls that nobody should ever have made, and guests that ran twice.

It is told of every request as Nova carries it out and of every entry of the diary, so that nothing escapes between two
looks. It knows which calls are forbidden, and neither who made them nor why.
"""

from dataclasses import dataclass
from enum import StrEnum

from kasugai.core.recovering.look import EVACUATION
from kasugai.sim.cloud.diary import Entry
from kasugai.sim.cloud.model import Migration
from kasugai.sim.cloud.wire import Request, Wire
from kasugai.sim.cloud.world import World

FAILED = ("error", "failed")
"""How an evacuation ends after which another one of the same guest is right."""


class Wrong(StrEnum):
    """What must never happen."""

    SHOT = "shot"
    """A host was forced down, or a guest of it evacuated, while its power was on."""
    DOUBLED = "doubled"
    """A guest was evacuated again after the same loss of its host although the earlier call had not failed."""
    RAN_TWICE = "ran-twice"
    """A guest ran on two hosts."""


@dataclass(frozen=True, slots=True)
class Breach:
    """One wrong thing, at second `t` of the cloud's clock."""

    t: float
    wrong: Wrong
    subject: str
    """The host's name or the guest's uuid."""
    detail: str


class Witness:
    """Watches one cloud from the beginning."""

    def __init__(self, world: World, wire: Wire) -> None:
        """Begin to watch."""
        self.breaches: list[Breach] = []
        self._world = world
        self._losses: dict[int, int] = {}
        """By migration id: which loss of its source an evacuation belongs to."""
        wire.watchers.append(self._see)
        world.diary.watchers.append(self._hear)

    def _see(self, request: Request) -> None:
        if request.arrived is None or request.status != 200:
            return
        if request.action == "force-down":
            self._check_power(request.subject, "forced down", request.subject)
        elif request.action == "evacuate":
            self._check_evacuation(request.subject)

    def _check_evacuation(self, guest: str) -> None:
        records = [m for m in self._world.migrations if m.guest == guest and m.migration_type == EVACUATION]
        *earlier, record = records
        self._losses[record.migration_id] = self._world.host(record.source).life
        self._check_power(record.source, f"evacuated from {record.source}", guest)
        for before in earlier:
            if self._is_same_loss(before, record) and before.status not in FAILED:
                numbers = f"{record.migration_id} while {before.migration_id} is {before.status}"
                detail = f"{record.source}: migration {numbers}"
                self._note(Wrong.DOUBLED, guest, detail)

    def _is_same_loss(self, one: Migration, other: Migration) -> bool:
        lost = [self._losses.get(record.migration_id) for record in (one, other)]
        return one.source == other.source and lost[0] == lost[1]

    def _check_power(self, host: str, what: str, subject: str) -> None:
        if self._world.host(host).power_on:
            self._note(Wrong.SHOT, subject, f"{what} while its power was on")

    def _hear(self, entry: Entry) -> None:
        hosts = self._world.diary.running_on(entry.guest)
        if entry.event == "started" and len(hosts) > 1:
            self._note(Wrong.RAN_TWICE, entry.guest, f"on {' and '.join(sorted(hosts))}")

    def _note(self, wrong: Wrong, subject: str, detail: str) -> None:
        self.breaches.append(Breach(self._world.now(), wrong, subject, detail))
