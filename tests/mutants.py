"""The mistakes that a first design makes, each as a patch of the production code, and the scenario that must catch it.

A mutant is caught when its scenario breaks an invariant, ends in a census that is not allowed, or tells another log.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence, Set
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

from kasugai.adapters.ceph import CephStorage
from kasugai.adapters.proving import checker
from kasugai.agents.watchdog.rule import Rule
from kasugai.bridge.reading import table
from kasugai.bridge.reading.conditions import turns
from kasugai.bridge.reading.heard import Heard
from kasugai.core.deciding import (
    asone,
    closing,
    destinations,
    draining,
    dumps,
    evidence,
    gray,
    mailbox,
    one_subject,
    opening,
    outcomes,
    quarantine,
    readiness,
    readmission,
    reserves,
    returning,
    tally,
    tending,
    testimony,
    undoing,
)
from kasugai.core.deciding.asked import Asked
from kasugai.core.deciding.budget import BUDGET
from kasugai.core.deciding.counted import FailedCaller
from kasugai.core.deciding.domainstorm import DOMAIN_CALM, DOMAIN_PACED
from kasugai.core.deciding.draft import Draft
from kasugai.core.deciding.draining import CALM_FIRST, LIMITED
from kasugai.core.deciding.dumps import DUMPED
from kasugai.core.deciding.gates import Gate
from kasugai.core.deciding.hostfirst import HOST_FIRST
from kasugai.core.deciding.kinds import HOST, INSTANCE, KINDS, PROCESS, SubjectKind
from kasugai.core.deciding.permits import HELD, SILENCED
from kasugai.core.deciding.plannedstop import ANNOUNCED
from kasugai.core.deciding.rows import ClockRow, Moment, SubjectRow
from kasugai.core.deciding.steady import Times
from kasugai.core.deciding.steady import times as production_times
from kasugai.core.deciding.storm import CALM
from kasugai.core.recovering import choosing, engine, host, instance, lastlook, spread, states
from kasugai.core.recovering.ledger import apply
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Begin, Finish, Move, Note, Pending
from kasugai.core.recovering.nova_views import GuestView, MigrationView, ServiceView
from kasugai.core.recovering.planning import plan
from kasugai.core.recovering.procedure import Procedure
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.states import During
from kasugai.core.recovering.steps import (
    accounts,
    cold_migrate,
    enable_again,
    evacuate,
    evacuations,
    hidden,
    kinds,
    live_migrate,
    open_storage,
    power_on,
    reenable,
    resolving,
    restore,
    services,
    storage_fence,
    traces,
)
from kasugai.core.recovering.steps.confirm_cold import CONFIRM_COLD
from kasugai.core.recovering.steps.guests import call
from kasugai.core.recovering.steps.records import begin, note
from kasugai.core.recovering.storage import StorageState
from kasugai.core.recovering.targets import SCHEDULER
from kasugai.core.recovering.wishes import Wish
from kasugai.core.watching.host import Host
from kasugai.core.watching.lifelines import Lifelines, Line
from kasugai.core.watching.partition import Partition, Said
from kasugai.core.watching.rules import Networks, Rules
from kasugai.core.words.actions import Action
from kasugai.core.words.disks import DiskClass
from kasugai.core.words.facts import Fact, FactKind, StepRecord, make_fact
from kasugai.core.words.incident import Open
from kasugai.core.words.lifelines import Lifeline
from kasugai.core.words.plan import Step
from kasugai.core.words.signals import Fault, Symptom
from kasugai.core.words.subject import Kind
from kasugai.core.words.timing import BrokerTime, Millis, SteadyTime
from kasugai.core.words.verdicts import Reason, Verb
from kasugai.observers import prometheus
from kasugai.observers.queries import QueryWatch
from kasugai.observers.seen import NoOpinion, Seen
from kasugai.observers.services import Records
from kasugai.sim.cloud.world import NEW_YEAR
from kasugai.sim.lab import variants
from kasugai.sim.lab.grammar import Scenario
from kasugai.sim.lab.laboratory import Variant
from kasugai.sim.lab.runner import AS_WRITTEN, play
from kasugai.streams import correlate, route
from kasugai.streams.replays import Replays
from kasugai.streams.speakers import Speakers
from kasugai.workers import effects, journal, lane, observe_host, ownership, pool, takeover
from kasugai.workers.effects import Tools
from kasugai.workers.journal import Journal
from kasugai.workers.observing import NOTHING_MORE
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


STOPS = replace(CONFIRM_COLD, ends_what_was_begun=False)
"""A confirmation that a Stop forbids."""


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


async def _nobody(*_: object) -> frozenset[str]:
    return frozenset()


def _whatever_is_reserved(asked: Asked) -> tuple[str, ...]:
    return tuple(name for name, host in sorted(asked.hosts.items()) if host.record.reserved)


def _parts_as_one(crowd: int, sick: Set[str], _: Collection[str], domains: Iterable[Set[str]]) -> int:
    parts = [members & sick for members in domains]
    return crowd - len(set().union(*parts)) + len(parts)


def _without(gate: Gate, kind: SubjectKind = HOST) -> AbstractContextManager[Any]:
    gates = tuple(each for each in kind.gates if each is not gate)
    return patch.dict(KINDS, {kind.name: replace(kind, gates=gates)})


_look = QueryWatch.look


async def _away_is_down(self: QueryWatch, hosts: Collection[str], now: float) -> Sequence[Seen]:
    try:
        return await _look(self, hosts, now)
    except NoOpinion:
        return [Seen(host=host, symptom=Symptom.DOWN, episode="away") for host in sorted(hosts)]


_aged = Records._aged


def _aged_by_us(self: Records, memory: Any) -> Any:
    reported = datetime.fromisoformat(memory.view.updated_at).replace(tzinfo=UTC).timestamp()
    age = NEW_YEAR + asyncio.get_running_loop().time() - reported
    return _aged(self, replace(memory, view=replace(memory.view, age=age)))


def _dead_by_the_mark(self: Records, memory: Any) -> Any:
    if memory.view.forced_down and not memory.down:
        return replace(memory, down=memory.view.updated_at)
    return _aged(self, memory)


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


def _late_as_seen_only(fault: Fault, now: Moment) -> bool:
    return _PRODUCTION_IS_LATE(fault, replace(now, at=fault.said_at))


def _late_as_its_record_only(fault: Fault, now: Moment) -> bool:
    return _PRODUCTION_IS_LATE(replace(fault, observed_at=0), now)


_PRODUCTION_IS_LATE = testimony.is_late


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


def _names_one_that_was_fenced(s: Situation, migration: MigrationView) -> bool:
    return resolving.is_fenced(s, migration.dest)


def _fenced_once(s: Situation, migration: MigrationView) -> bool:
    return migration.is_taken and resolving.is_fenced(s, migration.dest)


def _by_the_record(s: Situation, step: Step, own: list[MigrationView]) -> Move:
    return evacuations.done(s, step, destination=own[0].dest)


def _by_the_tale(
    production: Callable[[Situation, Step, StepRecord], Move],
) -> Callable[[Situation, Step, StepRecord], Move]:
    def resolve(s: Situation, step: Step, record: StepRecord) -> Move:
        told = {*s.memory.sighted, *s.memory.answered}
        return evacuations.done(s, step) if step.subject in told else production(s, step, record)

    return resolve


def _enable_all_the_same(s: Situation, step: Step, kind: FactKind, reason: str = "") -> Move:
    if reason == Reason.SERVICE_ENABLED_BY_OTHERS:
        return services.call(s, step, "enable")
    return note(s, step, kind, reason)


def _stops_whoever_runs(s: Situation, step: Step) -> Move:
    return call(s, step)


def _stops_enough(s: Situation, guest: GuestView) -> Finish | None:
    if guest.host != s.order.host:
        return instance._over(Reason.GUEST_ELSEWHERE, guest.host)
    return None


def _enable_whatever(s: Situation, step: Step, service: ServiceView) -> Move:
    if service.is_enabled:
        return note(s, step, FactKind.DONE)
    return services.call(s, step, "enable")


def _unhealthy_until_readmitted(row: SubjectRow) -> SteadyTime | None:
    return SteadyTime(1 << 62) if row.incident is not None or row.is_out else None


def _answers(row: SubjectRow, fault: Fault) -> bool:
    return row.is_out and fault.symptom is Symptom.ALIVE


def _hears_everything(self: Host, boot_id: str, uptime: Millis, at: BrokerTime) -> bool:
    return False


def _forgets_what_stood(self: Partition, said: Said, at: BrokerTime) -> None:
    return None


def _no_floor(self: Partition, host: Host) -> Millis:
    return Millis(self.pulsed_at - host.at)


def _of_any_networks(self: Rules, lost: Networks) -> bool:
    return True


def _with_all_clean(self: Line, since: BrokerTime, until: BrokerTime) -> bool:
    return True


def _as_if_armed(self: Lifelines, word: Lifeline, at: BrokerTime, real: Any = Lifelines.hear) -> bool:
    found = self.lines.get(word.host)
    if word.is_armed or found is None:
        return bool(real(self, word, at))
    return bool(real(self, replace(word, is_armed=True, neighbours=found.last.neighbours), at))


def _without_margins(self: Lifelines, line: Line, now: BrokerTime, floor: BrokerTime) -> bool:
    return line.last.is_armed and now - max(line.at, floor) >= line.last.timeout


def _is_stopped_by_anybody(heard: Heard) -> bool:
    return turns(heard, "stopped") and not heard.task


def _takes_callers_for_witnesses(draft: Draft, fault: Fault) -> None:
    draft.fresh = fault
    one_subject._take(draft, replace(fault, symptom=Symptom.DOWN), draft.row.recent, heard=False)
    one_subject._weigh(draft)


def _counts_failures(row: SubjectRow, fault: Fault, now: Moment) -> tuple[FailedCaller, ...]:
    return (*row.callers.failed, FailedCaller(observer=fault.episode, event_id=fault.event_id, at=now.steady))


LAST = datetime(2100, 1, 1, tzinfo=UTC)


def _no_patience(self: Host, rules: Rules, at: BrokerTime) -> Millis:
    return rules.silence


WATCHING = (
    Mutant(
        name="Nova's record is a witness and the fence at once",
        scenario="no-fence-and-only-novas-record",
        patch=lambda: patch.object(evidence, "_is_asked_anyway", lambda *_: False),
        variants=written,
    ),
    Mutant(
        name="liveness counts the time in which it was blind",
        scenario="kafka-is-away-and-nobody-is-silent",
        patch=lambda: patch.object(Partition, "silence", _no_floor),
        variants=written,
    ),
    Mutant(
        name="a new liveness gives nobody a whole silence",
        scenario="liveness-dies-and-is-taken-over",
        patch=lambda: patch.object(Partition, "silence", _no_floor),
        variants=written,
    ),
    Mutant(
        name="liveness concludes at old pulses of its own",
        scenario="liveness-stands-still",
        patch=lambda: patch.multiple("kasugai.streams.liveness", FRESH=1e9),
        variants=written,
    ),
    Mutant(
        name="an old beat said again is a sign of life",
        scenario="beats-of-the-dead-are-said-again",
        patch=lambda: patch.object(Host, "is_old", _hears_everything),
        variants=written,
    ),
    Mutant(
        name="a new liveness does not know what its predecessor said",
        scenario="what-liveness-said-stands-over-its-death",
        patch=lambda: patch.object(Partition, "stand", _forgets_what_stood),
        variants=written,
    ),
    Mutant(
        name="a new liveness hears the beats of the dead",
        scenario="beats-of-the-dead-are-said-again",
        patch=lambda: patch.object(Partition, "stand", _forgets_what_stood),
        variants=written,
    ),
    Mutant(
        name="a host that starts anew is dead",
        scenario="an-orderly-restart",
        patch=lambda: patch.object(Host, "patience", _no_patience),
        variants=written,
    ),
    Mutant(
        name="an agent that was wedged is believed as ever",
        scenario="an-agent-is-wedged",
        patch=lambda: patch.object(Host, "patience", _no_patience),
        variants=written,
    ),
    Mutant(
        name="an agent that ends is a host that dies",
        scenario="an-agent-ends-and-its-host-dies",
        patch=lambda: patch.object(Host, "is_watched", True),
        variants=written,
    ),
    Mutant(
        name="every isolation is a witness",
        scenario="an-observer-is-isolated",
        patch=lambda: patch.object(Rules, "is_witness", _of_any_networks),
        variants=written,
    ),
    Mutant(
        name="a storm of silent hosts is none",
        scenario="twenty-of-forty-hosts-fall-silent",
        patch=lambda: _without(CALM),
        variants=written,
    ),
)
"""Mistakes of a failure detector."""


async def _asks_nothing(*_: object) -> None:
    """A guest's disks lie where its host's do."""


def _closed_unless_open(s: Situation) -> bool:
    return s.look.storage is not None and s.look.storage.state is not StorageState.OPEN


def _close_whoever_holds(production: Callable[..., Move]) -> Callable[..., Move]:
    return lambda s, step, view: production(s, step, replace(view, strangers=()))


MUTANTS = (
    *WATCHING,
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
        name="a call without an answer is made again soon",
        scenario="a-call-arrives-late",
        patch=lambda: patch.object(resolving, "settles_after", lambda *_: Millis(40_000)),
        variants=written,
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
        patch=lambda: patch.object(lane, "other_of", lambda *_: None),
        variants=written,
    ),
    Mutant(
        name="no storm",
        scenario="storm-of-20-for-60s",
        patch=lambda: _without(CALM),
        variants=written,
    ),
    Mutant(
        name="agents alone make a blast",
        scenario="blast-that-one-hypervisor-claims",
        patch=lambda: patch.object(tally.Tally, "sick", tally.Tally.unwell),
        variants=written,
    ),
    Mutant(
        name="a part of a failure domain counts as one host",
        scenario="half-a-pdu-counts-for-all-of-its-hosts",
        patch=lambda: patch.object(asone, "as_one", _parts_as_one),
        variants=written,
    ),
    Mutant(
        name="no storm of a small failure domain",
        scenario="a-small-domain-in-a-storm-stops",
        patch=lambda: _without(DOMAIN_CALM),
        variants=written,
    ),
    Mutant(
        name="a large failure domain in a storm is recovered at once",
        scenario="a-large-domain-in-a-storm-slows-down",
        patch=lambda: _without(DOMAIN_PACED),
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
        patch=lambda: patch.object(testimony, "said_at", lambda fault, now: now.at),
        variants=written,
    ),
    Mutant(
        name="a word of anybody is an assertion",
        scenario="untrusted-word-about-an-unplugged-host",
        patch=lambda: patch.object(testimony, "_doubt", lambda row, fault, now: None),
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
        scenario="second-host-dies-right-before-the-calls",
        patch=lambda: patch.object(destinations, "avoided", lambda _: ()),
        variants=written,
    ),
    Mutant(
        name="a host of another segment that does not report any more is a destination",
        scenario="silent-host-of-another-segment",
        patch=lambda: patch.object(spread, "doubtful", lambda _, look, __: look.recovering),
        variants=written,
    ),
    Mutant(
        name="a host that another worker recovers is a destination",
        scenario="host-of-another-segment-is-being-recovered",
        patch=lambda: patch.multiple("kasugai.workers.places", recovered=_nobody),
        variants=written,
    ),
    Mutant(
        name="the records of a silent cell are not read again",
        scenario="silent-cell",
        patch=lambda: patch.object(observe_host, "_is_over", lambda _, guests: not guests),
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
        name="a rebuild without a record is waited for",
        scenario="nova-api-dies-behind-the-task",
        patch=lambda: patch.object(hidden, "_was_never_sent", lambda *_: False),
        variants=written,
    ),
    Mutant(
        name="a record that is not shown was never written",
        scenario="nova-api-dies-and-nothing-tells",
        patch=lambda: patch.object(hidden, "_was_never_sent", lambda *_: True),
        variants=written,
    ),
    Mutant(
        name="a guest that was built elsewhere lies idle",
        scenario="destination-is-slow-to-take-over",
        patch=lambda: patch.object(resolving, "_may_be_built", lambda *_: False),
        variants=written,
    ),
    Mutant(
        name="a call is over with the host that it names",
        scenario="destination-dies-before-it-hears-of-the-call",
        patch=lambda: patch.object(resolving, "_has_died", _names_one_that_was_fenced),
        variants=written,
    ),
    Mutant(
        name="completed taken for a landing",
        scenario="source-returns-before-the-conductor",
        patch=lambda: patch.object(resolving, "_landed", _by_the_record),
        variants=written,
    ),
    Mutant(
        name="a tale of a landing taken for a look",
        scenario="tales-of-landings-that-are-not-true",
        patch=lambda: patch.object(evacuate, "resolve", _by_the_tale(resolving.resolve)),
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
        patch=lambda: patch.object(testimony, "said_at", _by_the_senders_clock),
        variants=written,
    ),
    Mutant(
        name="a report is a witness without end",
        scenario="report-that-nobody-joins",
        patch=lambda: patch.object(evidence, "REPORT_LASTS", 1 << 40),
        variants=written,
    ),
    Mutant(
        name="what is read again is evidence again",
        scenario="route-loses-its-place",
        patch=lambda: patch.object(testimony, "is_late", _late_as_seen_only),
        variants=written,
    ),
    Mutant(
        name="whoever repeats himself sees it now",
        scenario="observer-repeats-what-it-saw-long-ago",
        patch=lambda: patch.object(testimony, "is_late", _late_as_its_record_only),
        variants=written,
    ),
    Mutant(
        name="an agent may say anything",
        scenario="an-agent-that-lies",
        patch=lambda: patch.object(route, "check_saying", lambda *_: None),
        variants=written,
    ),
    Mutant(
        name="nobody asks an agent for its proof",
        scenario="a-clear-in-anothers-name",
        patch=lambda: patch.object(Speakers, "check", lambda *_: None),
        variants=written,
    ),
    Mutant(
        name="whoever has a key speaks as every host",
        scenario="a-report-in-anothers-name",
        patch=lambda: patch.object(checker, "_foreign", lambda *_: ""),
        variants=written,
    ),
    Mutant(
        name="a proved word counts however often it is sent",
        scenario="an-agents-word-is-played-again",
        patch=lambda: patch.object(Replays, "take", lambda *_: ""),
        variants=written,
    ),
    Mutant(
        name="all that one agent suspects is unhealthy",
        scenario="an-agent-that-lies",
        patch=lambda: patch.object(tally, "only_accused", lambda _: False),
        variants=written,
    ),
    Mutant(
        name="restart without a look",
        scenario="an-old-word-after-a-restart",
        patch=lambda: patch.object(instance, "_against", lambda *_: None),
        variants=written,
    ),
    Mutant(
        name="what its user stopped is restarted",
        scenario="a-user-stopped-a-guest-long-ago",
        patch=lambda: patch.object(instance, "wish", lambda *_: Wish.RUNS),
        variants=written,
    ),
    Mutant(
        name="its user's stop in the middle is overruled",
        scenario="a-user-shelves-a-guest-in-the-middle",
        patch=lambda: patch.object(instance, "_against_more", lambda *_: None),
        variants=written,
    ),
    Mutant(
        name="a late word is as young as its arrival",
        scenario="an-old-word-after-a-restart",
        patch=lambda: patch.object(testimony, "_observed", lambda *_: BrokerTime(0)),
        variants=written,
    ),
    Mutant(
        name="restarts that nobody counts",
        scenario="the-budget-is-used-up",
        patch=lambda: _without(BUDGET, INSTANCE),
        variants=written,
    ),
    Mutant(
        name="a guest before its host",
        scenario="a-guest-crashes-on-a-host-that-is-held",
        patch=lambda: _without(HOST_FIRST, INSTANCE),
        variants=written,
    ),
    Mutant(
        name="a guest that we stopped is forgotten with its host",
        scenario="a-host-dies-behind-its-guests",
        patch=lambda: patch.object(instance, "_as_it_is", _stops_enough),
        variants=written,
    ),
    Mutant(
        name="a guest is started wherever it was moved to",
        scenario="a-guest-is-moved-to-a-host-that-is-lost",
        patch=lambda: patch.object(instance, "_unfit", lambda *_, **__: ""),
        variants=written,
    ),
    Mutant(
        name="a start since the evacuation is undone",
        scenario="a-user-starts-his-guest-behind-its-evacuation",
        patch=lambda: patch.object(restore, "_stop", _stops_whoever_runs),
        variants=written,
    ),
    Mutant(
        name="who waits for a stopped attempt's call is missed",
        scenario="the-owner-of-a-stopped-attempt-waits-for-its-call",
        patch=lambda: patch.object(outcomes, "_is_at_the_former", lambda *_: False),
        variants=written,
    ),
    Mutant(
        name="a place is kept for a task that does not end",
        scenario="who-waits-for-a-hanging-task-gives-his-place",
        patch=lambda: patch.object(pool.Pool, "_is_crowded", lambda _: False),
        variants=written,
    ),
    Mutant(
        name="what somebody else disabled is enabled",
        scenario="an-operator-disables-the-host-behind-us",
        patch=lambda: patch.object(enable_again, "note", _enable_all_the_same),
        variants=written,
    ),
    Mutant(
        name="a process that is back is not undone",
        scenario="nova-compute-stops-and-is-back",
        patch=lambda: patch.object(undoing, "due", lambda _: None),
        variants=written,
    ),
    Mutant(
        name="a report is swallowed by the close",
        scenario="a-guest-crashes-as-its-incident-closes",
        patch=lambda: patch.object(closing, "_is_news", lambda *_: False),
        variants=written,
    ),
    Mutant(
        name="a lost answer to a stop is no answer",
        scenario="a-stop-arrives-late",
        patch=lambda: patch.object(traces, "settles_after", lambda *_: Millis(1_000)),
        variants=written,
    ),
    Mutant(
        name="a destination that returned counts as dead",
        scenario="destination-returns-and-takes-the-call",
        patch=lambda: patch.object(resolving, "_has_died", _fenced_once),
        variants=written,
    ),
    Mutant(
        name="an absurd epoch in the ledger is believed",
        scenario="a-lie-in-redis",
        patch=lambda: patch.object(takeover, "plausible", lambda kept, _: kept),
        variants=written,
    ),
    Mutant(
        name="a host is switched on while an evacuation from it is accepted",
        scenario="back-and-an-evacuation-is-still-open",
        patch=lambda: patch.object(power_on, "unfinished", lambda _: None),
        variants=written,
    ),
    Mutant(
        name="a host that is back is enabled whoever disabled it",
        scenario="back-and-somebody-else-disabled-it",
        patch=lambda: patch.object(reenable, "_reenabled", _enable_whatever),
        variants=written,
    ),
    Mutant(
        name="what an operator had disabled before is forgotten",
        scenario="back-and-disabled-before-it-failed",
        patch=lambda: patch.object(returning, "note_disabled", lambda incident, _: incident),
        variants=written,
    ),
    Mutant(
        name="failures of a host are not counted",
        scenario="back-thrice-in-a-day",
        patch=lambda: patch.object(quarantine, "count", lambda row, _: row),
        variants=written,
    ),
    Mutant(
        name="a host that is back counts in the next storm",
        scenario="back-and-no-part-of-the-next-storm",
        patch=lambda: patch.object(tally, "unhealthy_until", _unhealthy_until_readmitted),
        variants=written,
    ),
    Mutant(
        name="a host that answers is back",
        scenario="back-without-a-restart",
        patch=lambda: patch.object(readmission, "is_return", _answers),
        variants=written,
    ),
    Mutant(
        name="what is said of a host that is switched on is a new failure",
        scenario="back-is-switched-on-and-stays-away",
        patch=lambda: patch.object(returning, "explained", lambda row: row),
        variants=written,
    ),
    Mutant(
        name="a planned stop holds no host",
        scenario="a-planned-stop-of-some-hosts",
        patch=lambda: _without(ANNOUNCED, HOST),
        variants=written,
    ),
    Mutant(
        name="a planned stop ends while hosts are away",
        scenario="a-planned-stop-of-some-hosts",
        patch=lambda: patch.object(readiness, "_is_ready", lambda _: True),
        variants=written,
    ),
    Mutant(
        name="a step kind that nobody schedules",
        scenario="paused-guest",
        patch=lambda: patch.object(engine, "_ready", _without_restorations),
        variants=written,
    ),
    Mutant(
        name="a Prometheus that is down counts as down",
        scenario="prometheus-is-away-and-nova-compute-fails",
        patch=lambda: patch.object(QueryWatch, "look", _away_is_down),
        variants=written,
    ),
    Mutant(
        name="a partial answer counts",
        scenario="prometheus-answers-in-part",
        patch=lambda: patch.object(prometheus, "_check", lambda *_: None),
        variants=written,
    ),
    Mutant(
        name="Nova's records are aged by our clock",
        scenario="novas-clock-is-wrong-and-its-records-are-read",
        patch=lambda: patch.object(Records, "_aged", _aged_by_us),
        variants=written,
    ),
    Mutant(
        name="records that stand still for want of a conductor count",
        scenario="novas-conductor-is-away-and-a-record-grows-old",
        patch=lambda: patch.object(Records, "_doubt", lambda *_: None),
        variants=written,
    ),
    Mutant(
        name="an operator's forced-down is a death",
        scenario="an-operator-forces-a-living-host-down",
        patch=lambda: patch.object(Records, "_aged", _dead_by_the_mark),
        variants=written,
    ),
    Mutant(
        name="a silence starts something: who is silenced makes no storm",
        scenario="a-silence-makes-no-room-in-a-storm",
        patch=lambda: patch.dict(
            tally._UNCOUNTED, {Kind.HOST: tally._UNCOUNTED[Kind.HOST] | {Reason.SILENCED}}
        ),
        variants=written,
    ),
    Mutant(
        name="the fence ends a dump that its segment waits for",
        scenario="a-host-dumps-and-its-fence-waits",
        patch=lambda: _without(DUMPED),
        variants=written,
    ),
    Mutant(
        name="a dump of which nobody tells any more holds the fence for as long as it may",
        scenario="who-heard-a-dump-falls-silent",
        patch=lambda: patch.object(dumps, "SILENT", Millis(3_600_000)),
        variants=written,
    ),
    Mutant(
        name="a proof asks no neighbour: whoever kept its host running is taken for dead",
        scenario="half-of-the-hosts-lose-kafka-and-no-watchdog-bites",
        patch=lambda: patch.object(Line, "is_clean", _with_all_clean),
        variants=written,
    ),
    Mutant(
        name="an outage that is everybody's resets everybody",
        scenario="kafka-is-away-and-no-watchdog-bites",
        patch=lambda: patch.object(Rule, "_is_everybodys", lambda *_: False),
        variants=written,
    ),
    Mutant(
        name="who is confirmed says so to nobody: neighbours of a dead host keep it running",
        scenario="a-watchdog-resets-a-host-that-lost-kafka-alone",
        patch=lambda: patch.object(Rule, "says_so", lambda *_: True),
        variants=written,
    ),
    Mutant(
        name="silence is a proof where the watchdog was stopped",
        scenario="an-agent-with-a-watchdog-ends-in-order",
        patch=lambda: patch.object(Lifelines, "hear", _as_if_armed),
        variants=written,
    ),
    Mutant(
        name="a proof as soon as the watchdog's own time is over",
        scenario="a-watchdog-resets-a-host-that-is-cut-off",
        patch=lambda: patch.object(Lifelines, "_is_over", _without_margins),
        variants=written,
    ),
    Mutant(
        name="a silence is passed over",
        scenario="a-silenced-host-dies",
        patch=lambda: _without(SILENCED),
        variants=written,
    ),
    Mutant(
        name="who renews his hold of a disk is closed out",
        scenario="storage-fence-and-a-living-watcher",
        patch=lambda: patch.object(host, "signs_of_life", lambda *_: None),
        variants=written,
    ),
    Mutant(
        name="closed storage proves all of a host",
        scenario="storage-fence-and-disks-on-the-host",
        patch=lambda: patch.object(evacuate, "held_back", lambda *_: None),
        variants=written,
    ),
    Mutant(
        name="where a volume lies is believed",
        scenario="storage-fence-and-a-disk-elsewhere",
        patch=lambda: patch.object(CephStorage, "free", _asks_nothing),
        variants=written,
    ),
    Mutant(
        name="an answer that does not come counts as closed",
        scenario="storage-is-away-when-a-host-dies",
        patch=lambda: patch.object(storage_fence, "is_closed", _closed_unless_open),
        variants=written,
    ),
    Mutant(
        name="an address that nobody named holds a disk and is passed over",
        scenario="storage-fence-and-an-address-that-nobody-named",
        patch=lambda: patch.object(storage_fence, "_close", _close_whoever_holds(storage_fence._close)),
        variants=written,
    ),
    Mutant(
        name="a return opens what somebody else has closed",
        scenario="storage-that-somebody-else-closed",
        patch=lambda: patch.object(open_storage, "_left", lambda _, look: look.storage.closed_to),
        variants=written,
    ),
    Mutant(
        name="a user's stop is recovered: who asked for it is not read",
        scenario="a-user-stops-a-guest-and-nova-says-so",
        patch=lambda: patch.object(table, "is_stopped_by_nova", _is_stopped_by_anybody),
        variants=written,
    ),
    Mutant(
        name="a gray host is fenced: who has failed there is a witness",
        scenario="a-gray-host-and-one-witness",
        patch=lambda: patch.object(gray, "take", _takes_callers_for_witnesses),
        variants=written,
    ),
    Mutant(
        name="failures are counted, not callers",
        scenario="one-caller-fails-a-hundred-times",
        patch=lambda: patch.object(gray, "_counted", _counts_failures),
        variants=written,
    ),
    Mutant(
        name="of a guest the word that comes last counts, not the newest",
        scenario="what-nova-found-off-is-heard-after-its-user-started-it",
        patch=lambda: patch.object(Heard, "place", property(lambda heard: (LAST, ""))),
        variants=written,
    ),
    Mutant(
        name="a guest that nobody asked to stop is as its user wished it",
        scenario="nova-finds-a-guest-off",
        patch=lambda: patch.object(table, "is_stopped_by_nova", lambda heard: False),
        variants=written,
    ),
    Mutant(
        name="nobody remembers what was closed",
        scenario="storage-is-opened-on-return",
        patch=lambda: patch.object(returning, "_closed", lambda *_: ()),
        variants=written,
    ),
    Mutant(
        name="a drain goes on while its host is suspected or recovered",
        scenario="a-degraded-host-dies-while-it-is-drained",
        patch=lambda: _without(HOST_FIRST, PROCESS),
        variants=written,
    ),
    Mutant(
        name="all degraded hosts are drained at once",
        scenario="two-degraded-hosts-one-at-a-time",
        patch=lambda: _without(LIMITED, PROCESS),
        variants=written,
    ),
    Mutant(
        name="guests of a degraded host are sent to another one",
        scenario="two-degraded-hosts-one-at-a-time",
        patch=lambda: patch.object(destinations, "marked", lambda _: frozenset()),
        variants=written,
    ),
    Mutant(
        name="a drain goes on in a storm",
        scenario="a-storm-stops-a-drain",
        patch=lambda: _without(CALM_FIRST, PROCESS),
        variants=written,
    ),
    Mutant(
        name="who takes his mark back ends another's",
        scenario="an-alert-and-a-person-call-a-host-degraded",
        patch=lambda: patch.object(undoing, "is_hardware", lambda _: False),
        variants=written,
    ),
    Mutant(
        name="a mark is over with its host's recovery",
        scenario="a-drained-host-dies-and-comes-back",
        patch=lambda: patch.object(draining, "stands_anew", lambda row, _: row),
        variants=written,
    ),
    Mutant(
        name="an aborted live migration is called again",
        scenario="an-operator-aborts-a-live-migration",
        patch=lambda: patch.object(live_migrate, "CANCELLED", "never"),
        variants=written,
    ),
    Mutant(
        name="somebody else's migration is called again",
        scenario="an-operator-migrates-a-guest-of-a-degraded-host",
        patch=lambda: patch.object(live_migrate, "wait_for", lambda s, step, guest: begin(s, step)),
        variants=written,
    ),
    Mutant(
        name="what somebody else has asked for is confirmed",
        scenario="a-guest-is-moved-by-hand-before-its-drain",
        patch=lambda: patch.object(accounts, "_is_ours", lambda move: True),
        variants=written,
    ),
    Mutant(
        name="a drain ends while a guest that it moved waits for a confirmation",
        scenario="stopped-guests-leave-a-degraded-host-too",
        patch=lambda: patch.object(cold_migrate, "RESIZED", "never"),
        variants=written,
    ),
    Mutant(
        name="after a stop nobody confirms where a guest was moved to",
        scenario="a-host-is-suspected-while-a-stopped-guest-is-moved",
        patch=lambda: patch.object(kinds, "KINDS", {**kinds.KINDS, CONFIRM_COLD.action: STOPS}),
        variants=written,
    ),
    Mutant(
        name="what a user had moved back is moved again",
        scenario="a-user-reverts-what-a-drain-has-moved",
        patch=lambda: patch.object(cold_migrate, "is_reverted", lambda account: False),
        variants=written,
    ),
)
"""All of scenarios.md, and the loop's own."""
