"""What a witness of everything writes down: calls that nobody should ever have made, and guests that ran twice.

It is told of every request as Nova carries it out and of every entry of the diary, so that nothing escapes between two
looks. It knows which calls are forbidden, and neither who made them nor why.
"""

from dataclasses import dataclass
from enum import StrEnum

from kasugai.sim.cloud.diary import Entry
from kasugai.sim.cloud.evacuate import Evacuations
from kasugai.sim.cloud.storage import Storage
from kasugai.sim.cloud.wire import Request, Wire
from kasugai.sim.cloud.world import World


class Wrong(StrEnum):
    """What must never happen."""

    SHOT = "shot"
    """A host was forced down, or a guest of it evacuated, while its power was on; or a device was told to switch one
    off that reported to Nova."""
    FENCED = "fenced"
    """A device was told to switch off a host that was on and did not report to Nova: right or wrong by its evidence."""
    DOUBLED = "doubled"
    """A guest was evacuated again while an earlier call of it could still be carried out, whatever its record said."""
    RAN_TWICE = "ran-twice"
    """A guest ran on two hosts, and could write on both."""


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

    def __init__(self, world: World, wire: Wire, evacuations: Evacuations, storage: Storage) -> None:
        """Begin to watch."""
        self._storage = storage
        storage.opened.append(self._let_in)
        self._evacuations = evacuations
        self.breaches: list[Breach] = []
        self._world = world
        wire.watchers.append(self._see)
        world.diary.watchers.append(self._hear)

    def _see(self, request: Request) -> None:
        if request.action == "fence" and request.arrived is None and request.subject in self._world.hosts:
            self._check_fence(request.subject)
        if request.arrived is None or request.status != 200:
            return
        if request.action == "force-down":
            self._check_power(request.subject, "forced down", request.subject)
        elif request.action == "evacuate":
            self._check_evacuation(request.subject)

    def _check_evacuation(self, guest: str) -> None:
        *earlier, call = [e for e in self._evacuations.in_progress if e.guest.uuid == guest]
        self._check_power(call.source, f"evacuated from {call.source}", guest)
        for before in earlier:
            if before.may_go_on:
                where = before.dest.name if before.dest else "somewhere"
                self._note(Wrong.DOUBLED, guest, f"{call.source}: a call while another builds it on {where}")

    def writing_on(self, guest: str) -> frozenset[str]:
        """Return the hosts on which a guest runs and can write to its disks."""
        hosts = self._world.diary.running_on(guest)
        return frozenset(host for host in hosts if self._storage.can_write(guest, host))

    def _let_in(self, host: str) -> None:
        for guest in self._world.diary.guests_on(host):
            if len(hosts := self.writing_on(guest)) > 1:
                self._note(Wrong.RAN_TWICE, guest, f"on {' and '.join(sorted(hosts))}, as {host} was let in")

    def _check_fence(self, name: str) -> None:
        host = self._world.host(name)
        if host.answers:
            self._note(Wrong.SHOT, name, "switched off while it reported to Nova")
        elif host.power_on:
            self._note(Wrong.FENCED, name, "switched off while its power was on")

    def _check_power(self, host: str, what: str, subject: str) -> None:
        is_closed = subject not in self._storage.elsewhere and self._storage.is_closed(host)
        if self._world.host(host).power_on and not is_closed:
            self._note(Wrong.SHOT, subject, f"{what} while its power was on")

    def _hear(self, entry: Entry) -> None:
        hosts = self.writing_on(entry.guest)
        if entry.event == "started" and len(hosts) > 1:
            self._note(Wrong.RAN_TWICE, entry.guest, f"on {' and '.join(sorted(hosts))}")

    def _note(self, wrong: Wrong, subject: str, detail: str) -> None:
        self.breaches.append(Breach(self._world.now(), wrong, subject, detail))
