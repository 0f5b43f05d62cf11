"""One ownership of one incident: from the epoch to the answer, or to the loss of the lease.

A loop around `core.advance`: look, ask, carry out, record. Everything that must survive is in the log before it
matters; what lives here only is the owner's memory, which a successor does without.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import assert_never

from kasugai.core.recovering.advance import advance, plan_of, procedure_of
from kasugai.core.recovering.ledger import Flag
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Act, Begin, Extend, Finish, Note, Wait
from kasugai.core.recovering.nova_views import ended_since
from kasugai.core.recovering.pace import Pace, answer, land, open_pace
from kasugai.core.recovering.situation import Memory, Situation
from kasugai.core.recovering.steps.kind import LookAfter, StepKind
from kasugai.core.recovering.steps.kinds import find, kind_of
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import Plan
from kasugai.core.words.timing import Millis, MonoTime, Timing, between
from kasugai.workers import custom
from kasugai.workers.clock import monotonic_ms
from kasugai.workers.effects import Halted, Tools, carry_out
from kasugai.workers.ending import end
from kasugai.workers.journal import Journal
from kasugai.workers.observing import Observer, Peek, Wanted
from kasugai.workers.outages import Outages
from kasugai.workers.ports import CloudAway, CloudRefused, CloudUnsure


@dataclass(slots=True)
class Assignment:
    """What may change under an owner: the newest publication of its order, and the stop flag."""

    order: Open
    flag: Flag | None = None
    answered: bool = False
    """The answer is on its way: a newer publication needs one of its own."""
    retiring: bool = False
    """The process is leaving: begin nothing, let calls in flight end."""
    stir: asyncio.Event = field(default_factory=asyncio.Event)
    """Wakes the owner: something about it has changed, or a call was answered."""
    untold: set[str] = field(default_factory=set)
    """Guests that are moved and of whose landing no bystander has told: nobody else's is listened to, and each once, so
    that a flood of tales wakes nobody."""
    sighted: dict[str, MonoTime] = field(default_factory=dict)
    """By guest: when a bystander told that it has landed; the owner takes them."""

    def see(self, guest: str, at: MonoTime) -> None:
        """A bystander tells that the guest has landed."""
        if guest in self.untold:
            self.untold.discard(guest)
            self.sighted[guest] = at
            self.stir.set()


class Retired(Exception):
    """The owner left before an answer; a successor goes on."""


def nobody_waits() -> bool:
    """Return that there is room for all."""
    return False


class Ownership:
    """Carries one incident on under one epoch."""

    def __init__(
        self,
        assignment: Assignment,
        tools: Tools,
        observer: Observer,
        outages: Outages,
        is_crowded: Callable[[], bool] = nobody_waits,
    ) -> None:
        """Take over with a journal that has adopted the incident; nothing is read yet. `is_crowded`: whether others
        wait for this owner's place."""
        self._is_crowded = is_crowded
        self._assignment = assignment
        self._tools = tools
        self._observer = observer
        self._outages = outages
        self._procedure = procedure_of(assignment.order)
        self._memory = Memory(
            owner_since=monotonic_ms(),
            epoch=tools.lease.epoch,
            pace=open_pace(assignment.order.policy.window),
        )
        tools.journal.window = self.pace.window
        self._calls: dict[str, asyncio.Task[None]] = {}
        self._sent = 0
        self._look_now = False
        self._host_alone = False
        self._newest: Look | None = None
        self._peek: Peek | None = None

    @property
    def pace(self) -> Pace:
        """The window of effects in progress, and how long guests take to land: for whoever measures."""
        return self._memory.pace

    @property
    def _journal(self) -> Journal:
        return self._tools.journal

    @property
    def _timing(self) -> Timing:
        return self._tools.timing

    async def run(self) -> Finish:
        """Return the answer once it is recorded. Raises what ended the ownership: LeaseLost, LedgerAway, LogAway,
        Retired."""
        try:
            finish = await self._work()
            order = self._assignment.order
            self._assignment.answered = True
            try:
                await self._journal.answer(order, finish.kind, finish.reason, finish.result, finish.detail)
            except BaseException:
                self._assignment.answered = False
                raise
            return finish
        finally:
            await self._drop_calls()

    async def _work(self) -> Finish:
        plan, look = await self._plan()
        self._listen(plan, frozenset())
        while True:
            self._raise_failed_calls()
            self._leave_if_retiring()
            step = advance(self._situation(plan, look))
            match step:
                case Act(notes=notes, begins=begins):
                    await self._note(notes, look)
                    self._begin(begins, look)
                    if self._assignment.retiring:
                        await self._sleep(monotonic_ms() + self._timing.look_interval)
                case Extend(plan=longer):
                    await self._journal.plan(self._assignment.order, longer)
                    self._listen(longer, _moved(plan))
                    plan = longer
                case Wait():
                    if await self._sleep(step.until) and not await self._too_few_ended(step, look):
                        then = self._observer.then(self._assignment.order, self._journal.entry, step)
                        seen = look if self._may_glance(step, look) else None
                        look = await self._look(then, step.custom, seen)
                case Finish():
                    return step
                case _:
                    assert_never(step)

    async def _too_few_ended(self, wait: Wait, look: Look) -> bool:
        """Peek, where nothing but landings is waited for: whether Nova has ended too few of them since `look` for the
        rest to be worth reading, and none in failure. What was read is the beginning of the next look."""
        self._peek = None
        if not wait.awaited or monotonic_ms() >= wait.latest:
            return False
        try:
            self._peek = await self._observer.peek()
        except (CloudAway, CloudRefused, CloudUnsure):
            return False
        if self._peek is None:
            return False
        ended = ended_since(wait.awaited, look.migrations, self._peek.migrations)
        self._memory = replace(self._memory, peeked=self._peek.at, ended=len(ended))
        return len(ended) < wait.enough and not any(record.has_failed for record in ended)

    def _situation(self, plan: Plan, look: Look) -> Situation:
        self._hear()
        now = monotonic_ms()
        return Situation(
            order=self._assignment.order,
            entry=self._journal.entry,
            plan=plan,
            look=look,
            memory=self._memory,
            flag=self._flag(),
            has_device=self._observer.has_device,
            timing=self._timing,
            now=now,
            broker_now=self._journal.broker_now,
            crowded=self._is_crowded(),
        )

    def _listen(self, plan: Plan, before: frozenset[str]) -> None:
        """Have bystanders listened to about those whom the plan moves and whom none moved `before`."""
        self._assignment.untold |= _moved(plan) - before

    def _hear(self) -> None:
        """Take what bystanders have told meanwhile."""
        if self._assignment.sighted:
            told, self._assignment.sighted = self._assignment.sighted, {}
            self._memory = self._memory.hear(told)

    def _flag(self) -> Flag | None:
        return self._assignment.flag

    async def _plan(self) -> tuple[Plan, Look]:
        """Adopt the attempt's plan if any effect stands on it; else make one from a look that is believed."""
        entry, order = self._journal.entry, self._assignment.order
        if entry.plan is not None and entry.plan.attempt == order.attempt and entry.has_begun(order.attempt):
            return entry.plan, await self._look(self._observer.first(order, entry, has_plan=True))
        first = self._observer.first(order, entry, has_plan=False)
        look = await self._look(first)
        while not self._procedure.can_plan(look, self._memory.before):
            await self._sleep(monotonic_ms() + self._timing.look_interval)
            look = await self._look(first)
        plan = plan_of(order, look, entry, self._memory.epoch)
        await self._journal.plan(order, plan)
        return plan, look

    def _may_glance(self, wait: Wait, look: Look) -> bool:
        """Whether the host alone need be looked at: nothing else is waited for, or it alone was called about and what
        was seen of its guests is young. An empty list is looked at with the host's record, or is not believed."""
        host_alone, self._host_alone = self._host_alone, False
        is_young = between(look.asked_at, monotonic_ms()) <= self._timing.look_interval
        return bool(look.guests) and (wait.is_glance or (host_alone and is_young))

    async def _look(
        self, wanted: Wanted, asked: frozenset[str] = frozenset(), seen: Look | None = None
    ) -> Look:
        """Look until Nova answers: while it is away, or refuses to let us look, nothing is done or concluded. `asked`:
        keys of the custom steps whose state is asked for first: that may take long, and makes no look at Nova old. With
        `seen`, the host alone is looked at anew."""
        while True:
            self._leave_if_retiring()
            told = await custom.ask(self._tools.custom, self._assignment.order, asked)
            peek, self._peek = self._peek, None
            try:
                looking = (
                    self._observer.look(wanted, peek) if seen is None else self._observer.glance(seen, wanted)
                )
                look = await looking
            except (CloudAway, CloudRefused, CloudUnsure) as away:
                self._outages.tell("nova", str(away))
                await asyncio.sleep(self._timing.look_interval / 1000)
                continue
            self._outages.over("nova")
            look = replace(look, custom=told)
            mark = self._procedure.mark(self._journal.entry, self._assignment.order)
            before = self._newest if seen is None else self._memory.before
            self._memory = replace(self._memory.observe(look, mark), before=before, ended=0)
            self._newest = look
            return look

    async def _note(self, notes: tuple[Note, ...], look: Look) -> None:
        order = self._assignment.order
        for note in notes:
            took = _took(note, look)
            if took is not None and note.step.key in self._memory.begun:
                self._set_pace(land(self.pace, self._memory.begun[note.step.key], took, monotonic_ms()))
        await asyncio.gather(
            *(self._journal.step(order, note.step, note.kind, note.record) for note in notes)
        )

    def _set_pace(self, pace: Pace) -> None:
        self._memory = replace(self._memory, pace=pace)
        self._journal.window = pace.window

    def _begin(self, begins: tuple[Begin, ...], look: Look) -> None:
        self._leave_if_retiring()
        if self._assignment.retiring:
            return
        now = monotonic_ms()
        for begin in begins:
            key = begin.step.key
            self._memory = replace(
                self._memory,
                begun=MappingProxyType({**self._memory.begun, key: now}),
                in_flight=self._memory.in_flight | {key},
                accepted=self._memory.accepted - {key},
                aims=MappingProxyType({**self._memory.aims, key: begin.record.target}),
            )
            self._sent += kind_of(begin.step.action).landing is not None
            task = asyncio.create_task(self._call(begin, look, self._sent))
            task.add_done_callback(lambda _: self._assignment.stir.set())
            self._calls[key] = task

    async def _call(self, begin: Begin, look: Look, place: int) -> None:
        key, kind = begin.step.key, kind_of(begin.step.action)
        try:
            took = await carry_out(self._tools, self._assignment.order, begin, look)
        except Halted:
            took = None
            order = self._assignment.order
            self._assignment.flag = await self._tools.ledger.stopped(order.subject, order.incident)
        self._memory = replace(
            self._memory,
            begun=MappingProxyType({**self._memory.begun, key: monotonic_ms()}),
            in_flight=self._memory.in_flight - {key},
            accepted=self._memory.accepted if took is None else self._memory.accepted | {key},
        )
        if took is not None and kind.landing is not None:
            at_nova = Millis(max(1, took - (self._observer.road or 0)))
            self._set_pace(answer(self.pace, place, at_nova, monotonic_ms()))
        said = self._tools.refusals.pop(key, "")
        if said:
            self._memory = replace(self._memory, said=MappingProxyType({**self._memory.said, key: said}))
        if kind.look_after is LookAfter.POWER:
            self._memory = replace(self._memory, refusal=said)
            self._observer.forget_power()
        if kind.look_after is not LookAfter.IN_TURN:
            self._look_now = True
            self._host_alone = kind.look_after is LookAfter.HOST

    def _raise_failed_calls(self) -> None:
        for key, task in list(self._calls.items()):
            if task.done():
                del self._calls[key]
                task.result()

    async def _sleep(self, until: int) -> bool:
        """Sleep until the next look is due or a call was answered; return whether to look. What one guest's call
        answered is no reason to read the lists again; what the host's did is."""
        seconds = (until - monotonic_ms()) / 1000
        if seconds > 0 and not self._look_now:
            self._assignment.stir.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._assignment.stir.wait()
        look = self._look_now or monotonic_ms() >= until
        self._look_now = False
        return look

    def _leave_if_retiring(self) -> None:
        if self._assignment.retiring and not self._memory.in_flight:
            raise Retired

    async def _drop_calls(self) -> None:
        """The lease is gone or the answer is given: nothing of ours may write any more."""
        await end(self._calls.values())


def _moved(plan: Plan) -> frozenset[str]:
    return frozenset(step.subject for step in plan.guests)


def _took(note: Note, look: Look) -> Millis | None:
    """Return how long the effect took that a note ends, where that says something of Nova's pace."""
    kind = find(note.step.action)
    return kind.landing(note, look) if isinstance(kind, StepKind) and kind.landing else None
