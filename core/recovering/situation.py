"""All that one assessment of a recovery stands on: the order, the ledger, the newest look, and the owner's memory.

Times are the owner's monotonic milliseconds unless they say "broker". The owner's memory is what no record holds:
since when it is the owner, which calls are under way, when it saw Nova's record move.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from kasugai.core.recovering.ledger import Entry, Flag
from kasugai.core.recovering.look import Look, PowerState
from kasugai.core.recovering.pace import Pace
from kasugai.core.recovering.storage import StorageState
from kasugai.core.words.actions import About
from kasugai.core.words.facts import StepRecord, StepState
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import Plan, Step
from kasugai.core.words.timing import BrokerTime, Millis, MonoTime, Timing

RECORDED: Millis = Millis(300)
"""Nova tells of a landing (rebuild.end) before it ends the record of the evacuation; the next look after a tale waits
as long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What an owner remembers of its own ownership."""

    owner_since: MonoTime
    """When it got its epoch."""
    epoch: int
    begun: Mapping[str, MonoTime] = field(default_factory=lambda: MappingProxyType({}))
    """By step: when this owner sent its call."""
    in_flight: frozenset[str] = frozenset()
    """Steps whose call has not been answered yet."""
    aims: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """By step that this owner has begun: where its last call is directed. The ledger knows it a moment later."""
    accepted: frozenset[str] = frozenset()
    """Steps whose call this owner saw accepted: they can never be absolved."""
    record_value: str = ""
    """Nova's updated_at as last seen."""
    record_since: MonoTime = MonoTime(0)
    """Since when this owner has seen that value."""
    changes: int = 0
    """How often this owner saw it change."""
    reports: int = 0
    """How often it changed and nothing else about the service did, as it does when nova-compute reports; a person's PUT
    changes more."""
    puts: int = 0
    """How often it changed together with what a PUT changes."""
    state: tuple[bool, bool, str] | None = None
    """What else Nova's record of the service said when it was last seen: enabled, forced down, and why disabled."""
    moves: int = 0
    """How often it was seen to move since the mark."""
    off_since: MonoTime | None = None
    """Since when every reading of the power that said something has said off, as this owner read it."""
    off_at: MonoTime | None = None
    """When this owner last read the power as off."""
    closed_at: MonoTime = MonoTime(0)
    """When this owner last saw the host's storage closed to it; 0: never."""
    idle: Mapping[str, MonoTime] = field(default_factory=lambda: MappingProxyType({}))
    """By guest: since when every look has shown it on the source without a task."""
    rebuilt: Mapping[str, MonoTime] = field(default_factory=lambda: MappingProxyType({}))
    """By guest: since when every look has shown it on the source as being rebuilt, by no evacuation of which Nova
    shows a record."""
    taken: Mapping[int, MonoTime] = field(default_factory=lambda: MappingProxyType({}))
    """By migration: since when every look has shown that a destination has begun with it and nobody has ended it."""
    before: Look | None = None
    """The look before the newest."""
    peeked: MonoTime = MonoTime(0)
    """When this owner last read the migration records alone."""
    ended: int = 0
    """How many evacuations had ended by then that no whole look has shown yet."""
    sighted: Mapping[str, MonoTime] = field(default_factory=lambda: MappingProxyType({}))
    """By guest: when a bystander told that it has landed, where no look has been asked for since."""
    answered: Mapping[str, bool] = field(default_factory=lambda: MappingProxyType({}))
    """By guest: whether the look after that tale has shown it to be true. Nobody listens to a second one."""
    said: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """By step: what was said when its call was last refused."""
    refusal: str = ""
    """What each power device said when the last fence failed."""
    pace: Pace = field(default_factory=Pace)
    """How many effects on guests may be in progress."""

    def observe(self, look: Look, mark: str) -> "Memory":
        """Return the memory after `look`; `mark` is the value that Nova's record should have kept, "" for none."""
        value = look.service.updated_at if look.service else ""
        state = look.service.state if look.service else self.state
        off_at = look.power_at if look.power is PowerState.OFF else self.off_at
        seen = replace(
            self,
            off_since=self._off_since(look),
            off_at=off_at,
            closed_at=self._closed_at(look),
            idle=self._idle(look),
            rebuilt=self._rebuilt(look),
            taken=self._taken(look),
            sighted=self._unasked(look),
            answered=MappingProxyType({**self.answered, **self._answers(look)}),
        )
        if not value or value == self.record_value:
            return replace(seen, state=state if value else self.state)
        return replace(
            seen,
            record_value=value,
            record_since=look.host_at,
            changes=self.changes + bool(self.record_value),
            reports=self.reports + (bool(self.record_value) and state == self.state),
            puts=self.puts + (bool(self.record_value) and state != self.state),
            state=state,
            moves=self.moves + (bool(mark) and value != mark),
        )

    def _idle(self, look: Look) -> Mapping[str, MonoTime]:
        listed = (guest.uuid for guest in look.guests.values() if guest.task_state is None)
        return MappingProxyType({uuid: self.idle.get(uuid, look.at) for uuid in listed})

    def _rebuilt(self, look: Look) -> Mapping[str, MonoTime]:
        hidden = (g.uuid for g in look.guests.values() if g.in_evacuation and not look.evacuations_of(g.uuid))
        return MappingProxyType({uuid: self.rebuilt.get(uuid, look.at) for uuid in hidden})

    def _taken(self, look: Look) -> Mapping[int, MonoTime]:
        shown = (m.migration_id for records in look.migrations.values() for m in records if m.is_taken)
        return MappingProxyType({number: self.taken.get(number, look.at) for number in shown})

    def hear(self, told: Mapping[str, MonoTime]) -> "Memory":
        """Return the memory once bystanders have told that these guests have landed, and when: of each the first tale
        counts."""
        news = {guest: at for guest, at in told.items() if guest not in self.answered}
        return replace(self, sighted=MappingProxyType({**news, **self.sighted}))

    @property
    def is_well_told(self) -> bool:
        """Whether bystanders tell of this recovery's landings, and every tale has been true."""
        return bool(self.answered) and all(self.answered.values())

    def _unasked(self, look: Look) -> Mapping[str, MonoTime]:
        left = {guest: told for guest, told in self.sighted.items() if not _shows(look, told)}
        return MappingProxyType(left)

    def _answers(self, look: Look) -> Mapping[str, bool]:
        shown = [guest for guest, told in self.sighted.items() if _shows(look, told)]
        return {guest: any(m.is_ended for m in look.evacuations_of(guest)[-1:]) for guest in shown}

    def _closed_at(self, look: Look) -> MonoTime:
        view = look.storage
        return view.at if view is not None and view.state is StorageState.CLOSED else self.closed_at

    def _off_since(self, look: Look) -> MonoTime | None:
        match look.power:
            case PowerState.OFF:
                return self.off_since if self.off_since is not None else look.power_at
            case PowerState.ON:
                return None
            case _:
                return self.off_since


def _shows(look: Look, told: MonoTime) -> bool:
    """Whether the look was asked for so long after the tale that Nova's record must show what is true of it."""
    return look.asked_at >= told + RECORDED


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """The input of `advance`."""

    order: Open
    entry: Entry
    plan: Plan
    look: Look
    memory: Memory
    flag: Flag | None
    has_device: bool
    """Whether a power device is configured for the host."""
    timing: Timing
    now: MonoTime
    broker_now: BrokerTime
    """The broker's clock as this owner knows it."""
    crowded: bool = False
    """Whether others wait for the place that this owner takes in its worker."""

    @property
    def has_begun(self) -> bool:
        """Whether this attempt has begun any effect."""
        return self.entry.has_begun(self.order.attempt)

    @property
    def stopped(self) -> bool:
        """Whether effects may not begin any more."""
        return self.flag is not None and self.flag.stop

    @property
    def patience(self) -> Millis:
        """How long the end of one of Nova's tasks is waited for: the time of a landing, unless others wait for the
        place. A stop lets the guest shut down for a minute (Nova's shutdown_timeout), which is less than either."""
        return self.timing.settle if self.crowded else self.timing.landing

    @property
    def window(self) -> int:
        """How many effects on guests may be in progress now."""
        return min(self.plan.window, self.memory.pace.window)

    def record(self, step: Step) -> StepRecord | None:
        """Return the ledger's record of a step, of whatever attempt."""
        return self.entry.steps.get(step.key)

    def is_done(self, key: str) -> bool:
        """Whether the step of that key is done in this attempt."""
        record = self.entry.steps.get(key)
        return record is not None and record.state is StepState.DONE and record.attempt == self.order.attempt

    def is_final(self, step: Step) -> bool:
        """Whether this attempt has no more to do for the step."""
        record = self.record(step)
        return record is not None and record.state.is_final and record.attempt == self.order.attempt

    def intent_at(self, key: str) -> MonoTime:
        """Since when an open step's effect may be under way, as far as this owner can know: the later of its own call
        and the moment it got its epoch (a dead owner's request may still be on the wire)."""
        return MonoTime(max(self.memory.owner_since, self.memory.begun.get(key, 0)))

    def seen_at(self, step: Step) -> MonoTime:
        """When whom the step is about was looked at: what was called since may not show yet."""
        return self.look.host_at if step.words.about is About.HOST else self.look.at

    def power_is_off(self) -> bool:
        """Whether the power was read as off recently enough to act on it."""
        at = self.look.power_at
        fresh = at is not None and self.now - at <= self.timing.power_fresh
        return fresh and self.look.power is PowerState.OFF
