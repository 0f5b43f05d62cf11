"""Kafka first, then the ledger: the only way in which a worker records anything.

A journal belongs to one ownership of one incident. It keeps the incident's entry as its owner knows it.
"""

import asyncio
import logging
from dataclasses import replace
from uuid import UUID

from kasugai.adapters.telemetry.about import about
from kasugai.adapters.telemetry.meters import count
from kasugai.adapters.telemetry.worker_metrics import ATTEMPTS, STEPS
from kasugai.core.recovering.ledger import Entry, apply
from kasugai.core.recovering.spread import black_holes
from kasugai.core.telling.narrate import narrate_fact
from kasugai.core.words.facts import Fact, FactKind, Result, StepRecord, make_fact
from kasugai.core.words.incident import Open, Stop
from kasugai.core.words.plan import Plan, Step
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Reason
from kasugai.workers import spans
from kasugai.workers.clock import monotonic_ms
from kasugai.workers.ports import Lease, LeaseLost, Ledger, Log, LogRefused

LOG = logging.getLogger(__name__)

NIL = UUID(int=0)


class Journal:
    """Publishes facts of one ownership and keeps the ledger behind the log."""

    def __init__(self, log: Log, ledger: Ledger, lease: Lease, entry: Entry, segment: str) -> None:
        """Speak under `lease` about `entry`'s incident."""
        self._log = log
        self._ledger = ledger
        self._lease = lease
        self._segment = segment
        self._turn = asyncio.Lock()
        self._said = 0
        self._broker_ahead = 0
        self._answers = False
        self.entry = entry
        self.window = 0
        """The owner's window as the next facts tell it."""

    async def adopt(self, order: Open | Stop, epoch: int) -> None:
        """Tell the log, then the ledger, that this owner has the incident under `epoch`."""
        fact = make_fact(replace(self._fact(FactKind.ADOPTED, order), epoch=epoch))
        stamp = await self._log.publish(fact)
        self._broker_ahead = stamp.at - monotonic_ms()
        await self._ledger.adopt(self._lease, epoch)
        self.entry = apply(self.entry, fact, epoch)

    @property
    def broker_now(self) -> BrokerTime:
        """The broker's time: as its acknowledgement of our `adopted` told it, and monotonic time since."""
        return BrokerTime(monotonic_ms() + self._broker_ahead)

    async def plan(self, order: Open, plan: Plan) -> None:
        """Record the attempt's plan, or a longer one."""
        await self._record(replace(self._fact(FactKind.PLAN, order), plan=plan))

    async def step(
        self,
        order: Open,
        step: Step,
        kind: FactKind,
        record: StepRecord,
        detail: str = "",
        *,
        even_stopped: bool = False,
    ) -> bool:
        """Record a step's state. For `started`, return whether its effect may be called: not under a stop flag, unless
        it may be called `even_stopped`."""
        fact = replace(self._fact(kind, order), step=record, name=step.name or step.subject, detail=detail)
        may_act = await self._record(fact, effect=kind is FactKind.STARTED and not even_stopped)
        count(STEPS, action=step.action, outcome=kind)
        spans.ended(step, kind, record)
        return may_act

    async def answer(
        self,
        order: Open | Stop,
        kind: FactKind,
        reason: Reason,
        result: Result | None = None,
        detail: str = "",
    ) -> None:
        """Answer the order: the last fact of an ownership. It repeats plan and steps (architecture.md 4)."""
        self._answers = True
        fact = replace(
            self._fact(kind, order),
            plan=self.entry.plan,
            steps=tuple(self.entry.steps[key] for key in sorted(self.entry.steps)),
            result=result,
            reason=reason,
            detail=detail,
            black_holes=self._black_holes,
        )
        try:
            await self._record(fact)
        except LogRefused as refused:
            LOG.warning(
                "the answer is told without its plan and steps, which no record can carry: %s", refused
            )
            await self._record(replace(fact, plan=None, steps=()))
        count(ATTEMPTS, kind=order.kind, outcome=result or kind, reason=reason)

    async def hold_aside(self, order: Open | Stop, epoch: int, reason: Reason, detail: str) -> None:
        """Hold the incident in the log alone, under an epoch that the ledger is not told: one that has not seen all
        that was recorded before would take it for outdated ever after."""
        held = replace(self._fact(FactKind.HELD, order), reason=reason, detail=detail)
        for draft in (self._fact(FactKind.ADOPTED, order), held):
            fact = make_fact(replace(draft, epoch=epoch))
            self._require_lease()
            await self._log.publish(fact)
            _tell(fact)
        count(ATTEMPTS, kind=order.kind, outcome=FactKind.HELD, reason=reason)

    async def working(self, order: Open) -> None:
        """Tell that the owner is alive, unless it is answering: that is the last fact. No ledger needs to know."""
        if self._answers:
            return
        self._said += 1
        fact = replace(self._fact(FactKind.WORKING, order), seq=self._said, black_holes=self._black_holes)
        await self._log.publish(make_fact(fact))

    @property
    def _black_holes(self) -> tuple[str, ...]:
        """What correlate is to tell: so only the facts that it hears say it."""
        return tuple(sorted(black_holes(self.entry)))

    def _fact(self, kind: FactKind, order: Open | Stop) -> Fact:
        return make_fact(
            Fact(
                fact_id=NIL,
                kind=kind,
                incident=order.incident,
                segment=self._segment,
                subject=order.subject,
                attempt=order.attempt,
                epoch=self._lease.epoch,
                author=self._lease.owner,
                n=order.n,
                effects=self.entry.effects,
                window=self.window,
            )
        )

    async def _record(self, draft: Fact, *, effect: bool = False) -> bool:
        fact = make_fact(draft)
        self._require_lease()
        await self._log.publish(fact)
        _tell(fact)
        async with self._turn:
            self.entry = apply(self.entry, fact)
            return await self._ledger.record(self._lease, self.entry, effect=effect)

    def _require_lease(self) -> None:
        if asyncio.get_running_loop().time() >= self._lease.until:
            raise LeaseLost(f"the lease on {self._lease.subject.title} ended unrenewed")


def _tell(fact: Fact) -> None:
    """An incident's story in the log: its turns as they come, its steps for whoever wants more (`debug`)."""
    sentence = narrate_fact(fact)
    if not sentence:
        return
    if fact.step is None:
        LOG.info("%s", sentence)
        return
    with about(step=fact.step.key):
        LOG.debug("%s", sentence)
