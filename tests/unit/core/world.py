"""A small world for `advance`: three guests on a dead host, a Nova that loses and delays calls, cells that fall silent,
owners that die. It holds what is true; an owner knows only what its looks and the ledger say.

Every rule of architecture.md 5 about what must never begin is asserted here against the truth.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from kasugai.core.recovering.host import HOST as PROCEDURE
from kasugai.core.recovering.look import Look, PowerState
from kasugai.core.recovering.moves import Begin, Finish, Wait
from kasugai.core.recovering.nova_views import (
    EVACUATION,
    EvacuationView,
    GuestView,
    MigrationView,
    ServiceView,
)
from kasugai.core.recovering.situation import Situation
from kasugai.core.words.actions import Action
from kasugai.core.words.facts import FactKind, Result
from kasugai.core.words.policy import Policy
from kasugai.core.words.timing import MonoTime
from tests.unit.core.makers import guest, migration, order, service
from tests.unit.core.owners import Owners

HOST, OTHER = "cmp1", "cmp2"


@dataclass
class Server:
    """A guest as it is."""

    view: GuestView
    records: list[MigrationView] = field(default_factory=list)
    is_started_since: bool = False
    """Whether its user has asked that it run since it was last evacuated."""

    @property
    def is_evacuating(self) -> bool:
        """Whether Nova has not ended an evacuation of it."""
        return any(not r.is_ended for r in self.records if r.migration_type == EVACUATION)


@dataclass
class Nova:
    """What is true."""

    now: int = 1_000_000
    servers: dict[str, Server] = field(default_factory=dict)
    wire: list[tuple[int, str, str]] = field(default_factory=list)
    """Requests on their way: when they arrive, action, subject."""
    power: PowerState = PowerState.ON
    version: int = 0
    forced_down: bool = False
    numbers: int = 0
    mood: str = "clear"
    """What its lists leave out for now."""

    def pass_time(self, millis: int) -> None:
        """Let requests arrive."""
        self.now += millis
        for request in sorted(r for r in self.wire if r[0] <= self.now):
            self.wire.remove(request)
            self.arrive(request[1], request[2])

    def arrive(self, action: str, subject: str) -> None:
        """Carry a request out, as Nova does."""
        match action:
            case Action.FENCE:
                self.power = PowerState.OFF
            case Action.FORCE_DOWN:
                self.version += not self.forced_down
                self.forced_down = True
            case Action.EVACUATE:
                self.evacuate(subject)
            case _:
                self._set(subject, vm_state="stopped" if action == Action.RESTORE else "error")

    def evacuate(self, uuid: str) -> None:
        """Take an evacuation: not idempotent, and a second one builds the guest on two hosts."""
        server = self.servers[uuid]
        if server.view.deleted or server.view.host != HOST:
            return
        assert not server.is_evacuating, f"{uuid} is built on two hosts"
        self.numbers += 1
        server.records.append(migration(self.numbers, uuid, dest=""))
        server.is_started_since = False
        self._set(uuid, task_state="rebuilding")

    def progress(self, uuid: str, word: str) -> None:
        """Let Nova go on with a guest's evacuation: record first, host last."""
        server = self.servers[uuid]
        if server.is_evacuating:
            server.records[-1] = replace(server.records[-1], status=word, dest=OTHER)
            ends = server.records[-1].is_ended
            self._set(uuid, task_state=None if ends else "rebuilding")
        elif server.records and server.records[-1].status == "done" and server.view.host == HOST:
            self._set(uuid, host=OTHER, vm_state="active")

    def start(self, uuid: str) -> None:
        """Start a guest that has landed, or reboot it, because its user asks for it."""
        server = self.servers[uuid]
        if server.view.host == OTHER and not server.view.deleted:
            server.is_started_since = True
            self._set(uuid, vm_state="active")

    def account(self, uuid: str) -> EvacuationView | None:
        """What it tells of the guest's last evacuation."""
        server = self.servers[uuid]
        numbers = [r.migration_id for r in server.records if r.migration_type == EVACUATION]
        if not numbers:
            return None
        return EvacuationView(
            request=f"r{numbers[-1]}", has_failed=False, started_since=server.is_started_since
        )

    def _set(self, uuid: str, **given: object) -> None:
        server = self.servers[uuid]
        server.view = replace(server.view, **given)  # type: ignore[arg-type]

    def record(self) -> ServiceView:
        """The host's service record; it has been silent for an hour."""
        return service(updated_at=f"t{self.version}", forced_down=self.forced_down)


class Held(Exception):
    """The script has come to where nobody acts until an order comes."""


@dataclass(kw_only=True)
class Worker(Owners):
    """Owners of the host's incident."""

    nova: Nova
    reads: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()
    begun: int = 0

    @property
    def now(self) -> int:
        """Nova's time."""
        return self.nova.now

    def own(self) -> None:
        """Get the next epoch, and ask for no guest by its id."""
        self.reads = self.accounts = frozenset()
        super().own()

    def wait(self, wait: Wait) -> None:
        """Keep whom the next look has to read by id, and of whom Nova's account is wanted."""
        self.reads, self.accounts = wait.reads, wait.evacuations

    def check(self, s: Situation, begins: tuple[Begin, ...]) -> None:
        """Nothing begins that architecture.md 5 forbids."""
        self._check_window(s, begins)
        for begin in begins:
            self._check(s, begin)
        self.begun += len(begins)

    def _check(self, s: Situation, begin: Begin) -> None:
        step, nova = begin.step, self.nova
        assert not s.stopped, "it begins under a stop"
        assert not (old := s.record(step)) or not old.state.is_open, "it begins what may be under way"
        assert step.key not in self.calls
        if step.action == Action.EVACUATE:
            self._check_evacuation(s, begin)
        if step.action in (Action.EVACUATE, Action.RESET):
            self._check_source(s)
        if step.action == Action.RESTORE:
            server = nova.servers[step.subject]
            assert server.view.host == OTHER, "it stops a guest that has not moved"
            assert not server.is_started_since, "it stops a guest that its user has started since"

    def check_end(self, s: Situation, answer: Finish) -> None:
        """Recovered hosts have no guests left, and what says that nothing was done has done nothing."""
        if answer.result is Result.RECOVERED:
            left = [g.subject for g in s.plan.guests if self._is_left(g.subject)]
            assert not left, f"recovered, and {left} are on the dead host"
        if answer.result is Result.WITHDRAWN:
            assert self.begun == 0, "withdrawn after an effect"
        if answer.kind is FactKind.VETOED:
            assert not any(r.attempt == self.order.attempt and r.tries for r in self.entry.steps.values())

    def see(self, *, row: bool, lists: bool, row_after: bool) -> None:
        """Look, with some of the replies lacking what a silent cell holds."""
        nova, at = self.nova, self.nova.now
        servers = nova.servers if lists else {}
        here = {u: s.view for u, s in servers.items() if s.view.host == HOST and not s.view.deleted}
        read = {u: self._by_id(u) for u in self.reads if u not in here}
        look = Look(
            at=MonoTime(at),
            service=nova.record() if row else None,
            service_after=nova.record() if row_after else None,
            guests=here,
            read=read,
            migrations={u: tuple(s.records) for u, s in servers.items() if s.records},
            evacuations={u: nova.account(u) for u in self.accounts},
            power=nova.power if self.has_device else PowerState.UNKNOWN,
            power_at=MonoTime(at) if self.has_device else None,
        )
        self.take(look)

    def _by_id(self, uuid: str) -> GuestView | None:
        view = self.nova.servers[uuid].view
        return None if view.deleted else view

    def reply(self, key: str, fate: str, late: int) -> None:
        """End a call: `accepted`, `refused`, `away`, `lost` (it never arrives), `late` (it arrives so much later)."""
        begin = self.calls.pop(key)
        request = (begin.step.action, begin.step.subject)
        if fate == "accepted":
            self.nova.arrive(*request)
        elif fate == "late":
            self.nova.wire.append((self.nova.now + late, *request))
        match fate:
            case "accepted":
                self.end(key, None)
            case "lost" | "late":
                self.end(key, FactKind.UNSURE)
            case _:
                self.end(key, FactKind.ABSOLVED, fate)
        self.go_on()

    def die(self, late: int) -> None:
        """The owner is gone; its calls may still arrive."""
        for number, begin in enumerate(self.calls.values()):
            if (late + number) % 2:
                self.nova.wire.append((self.nova.now + late, begin.step.action, begin.step.subject))
        self.own()

    def _check_evacuation(self, s: Situation, begin: Begin) -> None:
        uuid = begin.step.subject
        server = self.nova.servers[uuid]
        assert s.look.sees_on_source(uuid, HOST), "it evacuates what it has not seen"
        assert not server.is_evacuating, "it evacuates what Nova is evacuating"
        assert (Action.EVACUATE, uuid) not in {r[1:] for r in self.nova.wire}, "a call is on the wire"
        newest = max((r.migration_id for r in server.records), default=0)
        assert int(begin.record.notes.get("seen_migration", 0)) == newest, (
            "it would take an older record for its own"
        )
        assert not server.view.in_migration, "it evacuates what may already run elsewhere"

    def _check_source(self, s: Situation) -> None:
        if self.has_device:
            assert s.look.power is PowerState.OFF and s.look.power_at is not None
            assert s.now - s.look.power_at <= s.timing.power_fresh, "the power was read too long ago"
        else:
            assert s.order.asserted_at is not None, "nobody vouches for the fence"
        assert s.look.service is not None
        if s.look.service.updated_at != PROCEDURE.mark(s.entry, s.order):
            assert s.memory.moves <= 1, "the source has shown life"
            assert s.look.at - s.memory.record_since >= s.timing.stale_after

    def _check_window(self, s: Situation, begins: tuple[Begin, ...]) -> None:
        moving = {b.step.key for b in begins if b.step.action == Action.EVACUATE}
        moving |= {k for k, r in s.entry.steps.items() if r.state.is_open and self._counts(s, k)}
        new = [b for b in begins if b.step.action == Action.EVACUATE]
        assert not new or len(moving) <= s.window, "more in progress than the window allows"

    def _counts(self, s: Situation, key: str) -> bool:
        """Calls of this owner, and those of dead ones that its look shows under way."""
        action, guest = key.split(":")
        shown = any(not m.is_ended for m in s.look.migrations.get(guest, ()))
        return action == "evacuate" and (key in s.memory.begun or shown)

    def _is_left(self, uuid: str) -> bool:
        view = self.nova.servers[uuid].view
        return view.host == HOST and not view.deleted


def dead_host(states: Iterable[str], *, window: int, has_device: bool, asserted: bool) -> Worker:
    """Return an owner of the incident of a host with guests in these states."""
    nova = Nova()
    for number, state in enumerate(states, 1):
        uuid = f"g{number}"
        nova.servers[uuid] = Server(guest(uuid, vm_state=state, power_state=1 if state == "active" else 4))
    vouched = nova.now - 60_000 if asserted else None
    incident = order(decided_at=nova.now, asserted_at=vouched, policy=Policy(window=window))
    worker = Worker(nova=nova, order=incident, has_device=has_device)
    worker.own()
    return worker
