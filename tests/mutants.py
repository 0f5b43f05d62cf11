"""The mistakes that a first design makes, each as a patch of the production code, and the scenario that must catch it.

A mutant is caught when its scenario breaks an invariant, ends in a census that is not allowed, or tells another log.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

from kasugai.core.deciding import destinations, evidence, mailbox, opening, outcomes, reserves, tending
from kasugai.core.deciding.asked import Asked
from kasugai.core.deciding.draft import Draft
from kasugai.core.deciding.gates import Gate
from kasugai.core.deciding.kinds import HOST, KINDS
from kasugai.core.deciding.permits import HELD
from kasugai.core.deciding.rows import ClockRow, Moment
from kasugai.core.deciding.steady import Times
from kasugai.core.deciding.steady import times as production_times
from kasugai.core.deciding.storm import CALM
from kasugai.core.recovering import choosing, engine, host, lastlook, states
from kasugai.core.recovering.ledger import apply
from kasugai.core.recovering.look import Look, MigrationView
from kasugai.core.recovering.moves import Begin, Move, Note, Pending
from kasugai.core.recovering.planning import plan
from kasugai.core.recovering.procedure import Procedure
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.states import During
from kasugai.core.recovering.steps import evacuate, evacuations, resolving
from kasugai.core.recovering.steps.records import begin, note
from kasugai.core.recovering.targets import SCHEDULER
from kasugai.core.words.actions import Action
from kasugai.core.words.disks import DiskClass
from kasugai.core.words.facts import Fact, FactKind, make_fact
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import Step
from kasugai.core.words.signals import Fault
from kasugai.core.words.timing import BrokerTime, SteadyTime
from kasugai.core.words.verdicts import Reason, Verb
from kasugai.sim.lab import variants
from kasugai.sim.lab.grammar import Scenario
from kasugai.sim.lab.laboratory import Variant
from kasugai.sim.lab.runner import AS_WRITTEN, play
from kasugai.streams import correlate
from kasugai.workers import effects, journal, lane, ownership
from kasugai.workers.effects import Tools
from kasugai.workers.journal import Journal
from kasugai.workers.observe import NOTHING_MORE
from kasugai.workers.ownership import Ownership
from kasugai.workers.ports import Folded, Lease, Ledger, Log

Variants = Callable[[Scenario], Iterator[Variant]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One mistake."""

    name: str
    scenario: str
    """The story that catches it."""
    patch: Callable[[], AbstractContextManager[Any]]
    variants: Variants


def written(scenario: Scenario) -> Iterator[Variant]:
    """Play it as written."""
    yield AS_WRITTEN


def worker_deaths(scenario: Scenario) -> Iterator[Variant]:
    """Play it with the worker dying at each of its effects."""
    yield from variants.of_worker_deaths(scenario, play(scenario))


def correlate_deaths(scenario: Scenario) -> Iterator[Variant]:
    """Play it with correlate dying at each effect."""
    yield from variants.of_correlate_deaths(scenario, play(scenario))


def catch(mutant: Mutant, scenario: Scenario) -> str | None:
    """Return how the scenario catches the mutant; None when it does not."""
    with mutant.patch():
        choices = list(mutant.variants(scenario))
    for variant in choices:
        with mutant.patch():
            run = play(scenario, variant)
        problems = list(variants.problems(scenario, run))
        if variant == AS_WRITTEN and run.log != scenario.log:
            problems.append("another log")
        if problems:
            return f"{variant.name}: {problems[0].splitlines()[0]}"
    return None


async def _call_then_record(tools: Tools, order: Open, begin: Begin, seen: Look) -> int | None:
    accepted = await effects._call_and_tell(tools, order, begin, seen)
    await tools.journal.step(order, begin.step, FactKind.STARTED, begin.record)
    return accepted


async def _plan_anew(self: Ownership) -> Any:
    look = await self._look(NOTHING_MORE)
    order = self._assignment.order
    made = plan(order, look, self._memory.epoch, self._journal.entry.priors)
    await self._journal.plan(order, made)
    return made, look


def _whatever_is_reserved(asked: Asked) -> tuple[str, ...]:
    return tuple(name for name, host in sorted(asked.hosts.items()) if host.record.reserved)


def _without(gate: Gate) -> AbstractContextManager[Any]:
    gates = tuple(each for each in HOST.gates if each is not gate)
    return patch.dict(KINDS, {HOST.name: replace(HOST, gates=gates)})


def _all_at_once(s: Situation, begins: list[Begin]) -> tuple[Begin, ...]:
    return tuple(begins)


def _call_again(s: Situation, step: Step, migration: MigrationView) -> Move:
    if s.now - s.intent_at(step.key) > s.timing.landing:
        return begin(s, step, evacuations.Notes(seen_migration=s.look.newest_migration(step.subject)).texts)
    return Pending(reads=(step.subject,))


def _without_settle(s: Situation, step: Step) -> Move:
    if step.subject in s.look.guests:
        return note(s, step, FactKind.ABSOLVED, "no trace")
    return Pending(reads=(step.subject,))


def _by_the_wall(clock: ClockRow, before: ClockRow | None = None) -> Times:
    now = production_times(clock, before)
    by_the_wall = SteadyTime(clock.now)
    return replace(now, moment=Moment(at=clock.now, steady=by_the_wall), deadline=by_the_wall)


async def _rows_first(self: correlate.Rest, write: correlate.WriteRow) -> None:
    for row in self.rows:
        await write(row)
    if self.publishing is not None:
        await self.publishing


async def _ledger_first(self: Journal, draft: Fact, *, effect: bool = False) -> bool:
    fact = make_fact(draft)
    async with self._turn:
        self.entry = apply(self.entry, fact)
        taken = await self._ledger.record(self._lease, self.entry, effect=effect)
    await self._log.publish(fact)
    return taken


def _close_at_once(draft: Draft, reason: Reason) -> None:
    draft.tell(Verb.CLOSE, Reason.SIGN_OF_LIFE)
    draft.row = replace(draft.row, incident=None)


async def _load_only(log: Log, ledger: Ledger, lease: Lease) -> Folded:
    folded = await ledger.load(lease.subject)
    await ledger.save(lease, folded)
    return folded


def _believes_the_word(s: Situation) -> Reason | Pending | None:
    return None if s.order.asserted_at is not None else _SOURCE_AGE(s)


_SOURCE_AGE = lastlook.source_age


def _by_the_senders_clock(fault: Fault, now: Moment) -> BrokerTime:
    return BrokerTime(min(now.at, fault.observed_at or now.at))


def _never_refuse(draft: Draft, fact: Fact) -> Reason | None:
    return Reason.NOT_OPEN if draft.row.incident is None else None


def _silent_resume(draft: Draft) -> None:
    order = draft.incident.order
    draft.change(replace(draft.incident, stopped=False, order=replace(order, attempt=order.attempt + 1)))


def _own_put_counts(s: Situation, move: Move) -> bool:
    return isinstance(move, Note | Begin) and move.step.action == Action.FORCE_DOWN


def _without_restorations(procedure: Procedure, s: Situation) -> list[Step]:
    return [step for step in _PRODUCTION_READY(procedure, s) if step.action != Action.RESTORE]


_PRODUCTION_READY = engine._ready


def _by_the_record(s: Situation, step: Step, own: list[MigrationView]) -> Move:
    return evacuations.done(s, step, destination=own[0].dest)


MUTANTS = (
    Mutant(
        name="record after the call",
        scenario="slow-to-spawn",
        patch=lambda: patch.object(effects, "_carry_out", _call_then_record),
        variants=worker_deaths,
    ),
    Mutant(
        name="no settle",
        scenario="slow-to-spawn",
        patch=lambda: patch.object(resolving, "_without_trace", _without_settle),
        variants=worker_deaths,
    ),
    Mutant(
        name="no last look",
        scenario="outbox-sends-late",
        patch=lambda: patch.object(host, "last_look", lambda s: None),
        variants=written,
    ),
    Mutant(
        name="plan anew at takeover",
        scenario="paused-guest",
        patch=lambda: patch.object(ownership.Ownership, "_plan", _plan_anew),
        variants=worker_deaths,
    ),
    Mutant(
        name="retry on deadline",
        scenario="conductor-out",
        patch=lambda: patch.object(resolving, "_await_own", _call_again),
        variants=written,
    ),
    Mutant(
        name="ticks from outside the mailbox",
        scenario="correlate-away-for-25s",
        patch=lambda: patch.object(mailbox, "times", _by_the_wall),
        variants=written,
    ),
    Mutant(
        name="mark before publish",
        scenario="reported-as-fenced",
        patch=lambda: patch.object(correlate.Rest, "finish", _rows_first),
        variants=correlate_deaths,
    ),
    Mutant(
        name="ledger before Kafka",
        scenario="host-loses-power",
        patch=lambda: patch.object(journal.Journal, "_record", _ledger_first),
        variants=written,
    ),
    Mutant(
        name="close without an outcome",
        scenario="returns-before-anything-was-done",
        patch=lambda: patch.object(tending, "stop", _close_at_once),
        variants=written,
    ),
    Mutant(
        name="obey a fenced zombie",
        scenario="zombie-speaks-during-the-retry",
        patch=lambda: patch.object(outcomes, "_refusal", _never_refuse),
        variants=written,
    ),
    Mutant(
        name="no fold at takeover",
        scenario="redis-flushed-in-50-evacuations",
        patch=lambda: patch.object(lane, "fold_log", _load_only),
        variants=written,
    ),
    Mutant(
        name="one reserve for two hosts",
        scenario="two-hosts-one-reserve",
        patch=lambda: patch.object(reserves, "free", _whatever_is_reserved),
        variants=written,
    ),
    Mutant(
        name="resets and all through no window",
        scenario="important-guests-first",
        patch=lambda: patch.object(engine, "_within_window", _all_at_once),
        variants=written,
    ),
    Mutant(
        name="fence a host whose guests have nowhere to go",
        scenario="nowhere-to-go",
        patch=lambda: patch.object(host, "_has_room", lambda _: True),
        variants=written,
    ),
    Mutant(
        name="last look blind to our own PUT",
        scenario="own-force-down-and-the-last-look",
        patch=lambda: patch.object(host, "_rests_on_silence", _own_put_counts),
        variants=written,
    ),
    Mutant(
        name="two incidents of one host",
        scenario="two-unfinished-incidents-of-one-host",
        patch=lambda: patch.object(lane, "_other", lambda *_: None),
        variants=written,
    ),
    Mutant(
        name="no storm",
        scenario="storm-of-20-for-60s",
        patch=lambda: _without(CALM),
        variants=written,
    ),
    Mutant(
        name="resume without a word to the workers",
        scenario="disarmed-and-armed-in-mid-plan",
        patch=lambda: patch.object(tending, "_resume", _silent_resume),
        variants=written,
    ),
    Mutant(
        name="a hold that stops nothing",
        scenario="operator-holds-then-approves",
        patch=lambda: _without(HELD),
        variants=written,
    ),
    Mutant(
        name="arrival taken for the word's time",
        scenario="word-that-was-kept-on-the-way",
        patch=lambda: patch.object(evidence, "_said_at", lambda fault, now: now.at),
        variants=written,
    ),
    Mutant(
        name="a word of anybody is an assertion",
        scenario="untrusted-word-about-an-unplugged-host",
        patch=lambda: patch.object(evidence, "_doubt", lambda row, fault, now: None),
        variants=written,
    ),
    Mutant(
        name="an assertion that a device contradicts is believed",
        scenario="unplugged-host-reads-on-and-three-must-agree",
        patch=lambda: patch.object(lastlook, "BY_LOOKING", 9),
        variants=written,
    ),
    Mutant(
        name="a record that moves after the word is believed",
        scenario="trusted-word-about-a-living-host",
        patch=lambda: patch.object(lastlook, "source_age", _believes_the_word),
        variants=written,
    ),
    Mutant(
        name="any report is the mark of a force-down without an answer",
        scenario="lost-reply-and-the-host-reboots",
        patch=lambda: patch.object(host, "put_alone", lambda *_: None),
        variants=written,
    ),
    Mutant(
        name="a second outage is the first one",
        scenario="local-disk-and-a-second-outage",
        patch=lambda: patch.object(opening, "_opened_at", lambda _, order: order.opened_at),
        variants=written,
    ),
    Mutant(
        name="a suspected host is a destination",
        scenario="second-host-dies-within-a-minute",
        patch=lambda: patch.object(destinations, "avoided", lambda _: ()),
        variants=written,
    ),
    Mutant(
        name="the retry goes where it failed",
        scenario="destination-starts-nothing",
        patch=lambda: patch.object(evacuate, "choose", lambda *_: SCHEDULER),
        variants=written,
    ),
    Mutant(
        name="a dangling record is waited for",
        scenario="scheduler-away-for-90s",
        patch=lambda: patch.object(resolving, "has_given_up", lambda *_: False),
        variants=written,
    ),
    Mutant(
        name="completed taken for a landing",
        scenario="source-returns-before-the-conductor",
        patch=lambda: patch.object(resolving, "_landed", _by_the_record),
        variants=written,
    ),
    Mutant(
        name="a deleting guest evacuated",
        scenario="deleting-guest-is-left",
        patch=lambda: patch.object(states, "during", lambda _: During.DIED),
        variants=written,
    ),
    Mutant(
        name="disk class not asked",
        scenario="local-disk-is-left",
        patch=lambda: patch.object(choosing, "disk_class", lambda *_: DiskClass.UNKNOWN),
        variants=written,
    ),
    Mutant(
        name="a veto without end",
        scenario="word-with-a-slow-clock",
        patch=lambda: patch.object(evidence, "_said_at", _by_the_senders_clock),
        variants=written,
    ),
    Mutant(
        name="a step kind that nobody schedules",
        scenario="paused-guest",
        patch=lambda: patch.object(engine, "_ready", _without_restorations),
        variants=written,
    ),
)
"""All of scenarios.md, and the loop's own."""
