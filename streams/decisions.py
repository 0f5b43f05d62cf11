"""What correlate has decided on its way out: published while we are certainly the owner, in the order of the decisions.

It knows which topic what is published on. The order of effects is `Correlate`'s.
"""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import islice

from kasugai.adapters.faust.membership import Membership
from kasugai.adapters.kafka.records import Outgoing, Sink
from kasugai.adapters.telemetry.about import about
from kasugai.adapters.telemetry.tracing import Threads
from kasugai.core.words.incident import Order
from kasugai.core.words.signals import Letter, Stamp
from kasugai.core.words.verdicts import Verdict
from kasugai.streams.correlate_trace import tell_all, traced
from kasugai.streams.frames import Frames


@dataclass(frozen=True, slots=True)
class _Decision:
    """What one record decided, on its way out."""

    records: Sequence[Outgoing]
    verdicts: Sequence[Verdict]
    orders: Sequence[Order]
    acknowledged: asyncio.Future[None]


class Decisions:
    """Publishes what was decided, while we are certainly the owner, in the order in which it was decided.

    What is decided while a batch is on its way makes up the next one: a single decision waits for nobody, and a burst
    costs a request for some hundred decisions instead of one for each.
    """

    def __init__(
        self,
        producer: Sink,
        membership: Membership,
        threads: Threads | None = None,
        frames: Frames | None = None,
    ) -> None:
        """Publish through `producer`, each incident in its trace; `frames` has what was encoded already."""
        self._frames = frames or Frames()
        self._producer = producer
        self._threads = threads or Threads()
        self._membership = membership
        self._waiting: list[_Decision] = []
        self._sending: asyncio.Task[None] | None = None
        self._failure: Exception | None = None
        """Why nothing is published any more: what comes after a gap must not go out before it."""

    def publish(
        self, verdicts: Sequence[Verdict], orders: Sequence[Order], cause: Letter
    ) -> "asyncio.Future[None]":
        """Begin to publish all; done when all is acknowledged, by LogAway when Kafka does not."""
        loop = asyncio.get_running_loop()
        with traced(self._threads, self._frames, verdicts, orders, cause) as records:
            decision = _Decision(records, verdicts, orders, loop.create_future())
        if self._failure is not None:
            _fail([decision], self._failure)
            return decision.acknowledged
        self._waiting.append(decision)
        if self._sending is None or self._sending.done():
            self._sending = loop.create_task(self._send())
        return decision.acknowledged

    async def _send(self) -> None:
        while self._waiting:
            await self._membership.prove()
            batch, self._waiting = [d for d in self._waiting if not d.acknowledged.cancelled()], []
            try:
                stamps = iter(await self._producer.publish_all([r for d in batch for r in d.records]))
            except Exception as error:  # whatever it is, it reaches the lanes, which end the process
                self._failure = error
                return _fail([*batch, *self._waiting], error)
            for decision in batch:
                _acknowledge(decision, list(islice(stamps, len(decision.records))))
        return None


def _acknowledge(decision: _Decision, stamps: Sequence[Stamp]) -> None:
    with _about(decision.verdicts, decision.orders):
        tell_all(decision.verdicts, decision.orders, stamps)
    if not decision.acknowledged.done():
        decision.acknowledged.set_result(None)


def _fail(batch: Sequence[_Decision], error: Exception) -> None:
    for decision in batch:
        if not decision.acknowledged.done():
            decision.acknowledged.set_exception(error)


def _about(verdicts: Sequence[Verdict], orders: Sequence[Order]) -> AbstractContextManager[None]:
    """What lines written meanwhile concern, where that is one incident."""
    incidents = {str(order.incident): order.host for order in orders}
    if len(incidents) != 1:
        return nullcontext()
    ((incident, host),) = incidents.items()
    return about(incident=incident, host=host)
