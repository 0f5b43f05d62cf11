"""A worker's doors in the laboratory: each effect passes through the process that it belongs to."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from uuid import UUID

from kasugai.adapters.kafka.decoding import decoded
from kasugai.core.recovering.doors import Flagged, Folded, Lease, LogAway, Logged, Offsets
from kasugai.core.recovering.ledger import Entry, Flag, flag_of
from kasugai.core.recovering.look import PowerState
from kasugai.core.recovering.nova_views import (
    ActionView,
    AggregateView,
    EvacuationView,
    GuestView,
    ImageView,
    MigrationView,
    Needs,
    ServicesView,
    ServiceView,
)
from kasugai.core.recovering.storage import Disk, StorageView
from kasugai.core.words.facts import Fact
from kasugai.core.words.incident import Open, Resume, Stop
from kasugai.core.words.signals import Stamp
from kasugai.core.words.subject import Subject
from kasugai.schemas.codec import encode
from kasugai.sim.door import CloudDoor
from kasugai.sim.lab.broker import ORDERS, RECOVERY, Away, Broker
from kasugai.sim.lab.mortal import Process
from kasugai.sim.lab.records import Record
from kasugai.sim.ledger import MemoryLedger
from kasugai.sim.power_door import PowerDoor
from kasugai.sim.storage_door import StorageDoor
from kasugai.workers.ports import CustomStep


class SimLog:
    """The Log port."""

    def __init__(self, broker: Broker, process: Process) -> None:
        """Publish as `process`."""
        self._broker = broker
        self._process = process

    async def publish(self, fact: Fact) -> Stamp:
        """Publish a fact."""
        name = f"publish {fact.kind} {fact.step.key if fact.step else fact.host}"
        return await self._process.effect(name, partial(self._publish, fact))

    async def _publish(self, fact: Fact) -> Stamp:
        """What was handed to the producer goes out, whatever becomes of the caller (as with librdkafka). Unencodable
        for what it does not take."""
        sending = asyncio.ensure_future(self._broker.publish(RECOVERY, fact.host, encode(fact)))
        try:
            return await asyncio.shield(sending)
        except Away as away:
            raise LogAway(str(away)) from away

    async def facts(self, subject: Subject, since: Offsets) -> tuple[Sequence[Logged], Offsets]:
        """Return the subject's facts."""
        if self._broker.is_away:
            raise LogAway(RECOVERY)
        records, read = self._read(RECOVERY, subject, since)
        return [Logged(fact=r.value, stamp=r.stamp) for r in records if isinstance(r.value, Fact)], read

    async def flags(self, subject: Subject, since: Offsets) -> tuple[Sequence[Flagged], Offsets]:
        """Return the subject's flags."""
        records, read = self._read(ORDERS[subject.kind], subject, since)
        found = [
            Flagged(incident=r.value.incident, flag=flag_of(r.value, r.stamp.offset))
            for r in records
            if isinstance(r.value, Stop | Resume)
        ]
        return found, read

    def _read(self, topic: str, subject: Subject, since: Offsets) -> tuple[list[Record], Offsets]:
        """Return the subject's records of its host's partition, and how far that has been read."""
        number = self._broker.partition_of(subject.host)
        place = f"{topic}/{number}"
        records = self._broker.log(topic, number, since.get(place, 0))
        named = [r for r in records if r.key == subject.host]
        for _ in decoded([r.incoming(topic) for r in named if r.value is None]):
            pass  # whatever it is, it says so
        name = subject.name
        own = [r for r in named if _is_about(r.value, name)]
        return own, {place: since.get(place, 0) + len(records)}


def _is_about(value: object, name: str) -> bool:
    return isinstance(value, Fact | Open | Stop | Resume) and value.subject.name == name


class SimLedger:
    """The Ledger port."""

    def __init__(self, ledger: MemoryLedger, process: Process, watch: Callable[[Entry, int], None]) -> None:
        """Write as `process`; `watch` sees each entry that the ledger took, with its writer's epoch."""
        self._watch = watch
        self._ledger = ledger
        self._process = process

    async def acquire(self, subject: Subject, owner: str) -> Lease | None:
        """See the port."""
        await self._process.alive("acquire")
        return await self._process.effect("ledger acquire", partial(self._ledger.acquire, subject, owner))

    async def renew(self, lease: Lease) -> None:
        """See the port. Not counted as an effect: nothing depends on which renewal was the last."""
        await self._process.alive("ledger renew")
        await self._ledger.renew(lease)
        await self._process.alive("")

    async def release(self, lease: Lease) -> None:
        """See the port."""
        await self._process.effect("ledger release", partial(self._ledger.release, lease))

    async def release_all(self, former: str) -> int:
        """See the port."""
        return await self._process.effect("ledger release", partial(self._ledger.release_all, former))

    async def load(self, subject: Subject) -> Folded:
        """See the port."""
        await self._process.alive("load")
        return await self._ledger.load(subject)

    async def save(self, lease: Lease, folded: Folded, *, doubted: int | None = None) -> None:
        """See the port."""
        save = partial(self._ledger.save, lease, folded, doubted=doubted)
        await self._process.effect("ledger save", save)

    async def adopt(self, lease: Lease, epoch: int) -> None:
        """See the port."""
        await self._process.effect("ledger adopt", partial(self._ledger.adopt, lease, epoch))

    async def begin(self, lease: Lease, incident: UUID) -> bool:
        """See the port."""
        return await self._process.effect("ledger begin", partial(self._ledger.begin, lease, incident))

    async def record(self, lease: Lease, entry: Entry, *, effect: bool = False) -> bool:
        """See the port."""

        async def write() -> bool:
            taken = await self._ledger.record(lease, entry, effect=effect)
            self._watch(entry, lease.epoch)
            return taken

        return await self._process.effect("ledger record", write)

    async def flag(self, subject: Subject, incident: UUID, flag: Flag) -> None:
        """See the port."""
        await self._process.effect("ledger flag", partial(self._ledger.flag, subject, incident, flag))

    async def stopped(self, subject: Subject, incident: UUID) -> Flag | None:
        """See the port."""
        await self._process.alive("stopped")
        return await self._ledger.stopped(subject, incident)

    async def is_leased(self, subject: Subject) -> bool:
        """See the port."""
        await self._process.alive("is_leased")
        return await self._ledger.is_leased(subject)

    async def leased(self, subjects: Sequence[Subject]) -> frozenset[Subject]:
        """See the port."""
        await self._process.alive("leased")
        return await self._ledger.leased(subjects)


class SimNova:
    """The Cloud port: calls are effects, looks are not."""

    def __init__(self, door: CloudDoor, process: Process) -> None:
        """Call as `process`."""
        self._door = door
        self._process = process

    async def service(self, host: str) -> ServiceView | None:
        """See the port."""
        await self._process.alive("look")
        return await self._door.service(host)

    async def services(self) -> ServicesView:
        """See the port."""
        await self._process.alive("look")
        return await self._door.services()

    async def room(self, needs: Needs) -> Mapping[str, int]:
        """See the port."""
        await self._process.alive("look")
        return await self._door.room(needs)

    async def actions(self, guest: str) -> tuple[ActionView, ...]:
        """See the port."""
        await self._process.alive("look")
        return await self._door.actions(guest)

    async def last_evacuation(self, guest: str) -> EvacuationView | None:
        """See the port."""
        await self._process.alive("look")
        return await self._door.last_evacuation(guest)

    async def aggregates(self) -> tuple[AggregateView, ...]:
        """See the port."""
        await self._process.alive("look")
        return await self._door.aggregates()

    async def guests(self, host: str) -> tuple[GuestView, ...]:
        """See the port."""
        await self._process.alive("look")
        return await self._door.guests(host)

    async def guest(self, uuid: str) -> GuestView | None:
        """See the port."""
        await self._process.alive("look")
        return await self._door.guest(uuid)

    async def migrations(self, host: str) -> tuple[MigrationView, ...]:
        """See the port."""
        await self._process.alive("look")
        return await self._door.migrations(host)

    async def image(self, image: str) -> ImageView:
        """See the port."""
        await self._process.alive("look")
        return await self._door.image(image)

    async def project_tags(self, project: str) -> tuple[str, ...]:
        """See the port."""
        await self._process.alive("look")
        return await self._door.project_tags(project)

    async def force_down(self, service_id: str, reason: str) -> None:
        """See the port."""
        await self._process.effect("call force-down", partial(self._door.force_down, service_id, reason))

    async def enable(self, service_id: str) -> None:
        """See the port."""
        await self._process.effect("call enable", partial(self._door.enable, service_id))

    async def disable(self, service_id: str, reason: str) -> None:
        """See the port."""
        await self._process.effect("call disable", partial(self._door.disable, service_id, reason))

    async def reenable(self, service_id: str, reason: str = "") -> None:
        """See the port."""
        await self._process.effect("call re-enable", partial(self._door.reenable, service_id, reason))

    async def delete_service(self, service_id: str) -> None:
        """See the port."""
        await self._process.effect("call delete-service", partial(self._door.delete_service, service_id))

    async def add_to_aggregate(self, aggregate_id: int, host: str) -> None:
        """See the port."""
        await self._process.effect("call aggregate", partial(self._door.add_to_aggregate, aggregate_id, host))

    async def evacuate(self, guest: str, target: str = "") -> None:
        """See the port."""
        await self._process.effect("call evacuate", partial(self._door.evacuate, guest, target))

    async def reset_state(self, guest: str) -> None:
        """See the port."""
        await self._process.effect("call reset", partial(self._door.reset_state, guest))

    async def stop(self, guest: str) -> None:
        """See the port."""
        await self._process.effect("call stop", partial(self._door.stop, guest))

    async def start(self, guest: str) -> None:
        """See the port."""
        await self._process.effect("call start", partial(self._door.start, guest))

    async def migrate(self, guest: str, target: str = "") -> None:
        """See the port."""
        await self._process.effect("call migrate", partial(self._door.migrate, guest, target))

    async def live_migrate(self, guest: str, target: str = "") -> None:
        """See the port."""
        await self._process.effect("call live-migrate", partial(self._door.live_migrate, guest, target))

    async def confirm_migration(self, guest: str) -> None:
        """See the port."""
        await self._process.effect("call confirm-migration", partial(self._door.confirm_migration, guest))


class SimPower:
    """The Power port."""

    def __init__(self, door: PowerDoor, process: Process) -> None:
        """Switch as `process`."""
        self._door = door
        self._process = process

    def has(self, host: str) -> bool:
        """See the port."""
        return self._door.has(host)

    async def read(self, host: str) -> PowerState:
        """See the port."""
        await self._process.alive("look")
        return await self._door.read(host)

    async def fence(self, host: str) -> None:
        """See the port."""
        await self._process.effect("call fence", partial(self._door.fence, host))

    async def switch_on(self, host: str) -> None:
        """See the port."""
        await self._process.effect("call power-on", partial(self._door.switch_on, host))


class SimStorage:
    """The Storage port."""

    def __init__(self, door: StorageDoor, process: Process) -> None:
        """Close and open as `process`."""
        self._door = door
        self._process = process

    def has(self, host: str) -> bool:
        """See the port."""
        return self._door.has(host)

    async def read(self, host: str, disks: Sequence[Disk]) -> StorageView:
        """See the port."""
        await self._process.alive("look")
        return await self._door.read(host, disks)

    async def close(self, host: str) -> None:
        """See the port."""
        await self._process.effect("call close-storage", partial(self._door.close, host))

    async def open(self, host: str, addresses: Sequence[str]) -> None:
        """See the port."""
        await self._process.effect("call open-storage", partial(self._door.open, host, addresses))

    async def free(self, host: str, disks: Sequence[Disk]) -> None:
        """See the port."""
        await self._process.effect("call free", partial(self._door.free, host, disks))


class SimCustomStep:
    """A step of the operator's own: what it does is an effect, its look is not."""

    def __init__(self, step: CustomStep, process: Process) -> None:
        """Ask it as `process`."""
        self._step = step
        self._process = process

    async def look(self, about: Mapping[str, str]) -> tuple[str, str]:
        """See the port."""
        await self._process.alive("look")
        return await self._step.look(about)

    async def act(self, about: Mapping[str, str]) -> None:
        """See the port."""
        await self._process.effect("call custom-step", partial(self._step.act, about))
