"""`kasugai correlate` as a process: `Correlate` on the Faust shell, with bytes turned into values and back at the door.

It knows which topic what is published on. The order of effects is `Correlate`'s, the care about Kafka is the shell's.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from itertools import islice

import uvloop

from kasugai.adapters.faust.credentials import credentials_of
from kasugai.adapters.faust.membership import Membership
from kasugai.adapters.faust.port import Bury, Poison, Record, Write
from kasugai.adapters.faust.run import prepare, serve
from kasugai.adapters.faust.settings import ProcessorSettings
from kasugai.adapters.kafka.client import client_config
from kasugai.adapters.kafka.dead import DeadLetters
from kasugai.adapters.kafka.producer import Producer
from kasugai.adapters.kafka.records import Incoming, Outgoing, Sink, trace_of
from kasugai.adapters.kafka.topics import require
from kasugai.adapters.settings.values import Settings
from kasugai.adapters.telemetry.about import about
from kasugai.adapters.telemetry.catalogue import INCIDENTS as COUNTED
from kasugai.adapters.telemetry.catalogue import UNDESCRIBED_DISKS, UNFENCED
from kasugai.adapters.telemetry.lags import Lags
from kasugai.adapters.telemetry.meters import Reading, watched
from kasugai.adapters.telemetry.tracing import Threads
from kasugai.adapters.telemetry.vitals import Vitals
from kasugai.core.deciding.rows import Row
from kasugai.core.words.disks import RootDisks
from kasugai.core.words.incident import Order
from kasugai.core.words.policy import Fencing, Policy
from kasugai.core.words.signals import Letter, Stamp
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Verdict
from kasugai.schemas.codec import Undecodable, decode, encode
from kasugai.schemas.topics import CHANGELOG, CORRELATE_APP, CORRELATE_TABLE, INCIDENTS, SIGNALS, VERDICTS
from kasugai.streams.correlate import Correlate, Rest
from kasugai.streams.correlate_trace import keep_trace, tell_all, traced


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

    def __init__(self, producer: Sink, membership: Membership, threads: Threads | None = None) -> None:
        """Publish through `producer`, each incident in its trace."""
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
        with traced(self._threads, verdicts, orders, cause) as records:
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


class CorrelateShell:
    """`Correlate` as the shell wants it."""

    def __init__(
        self, correlate: Correlate, threads: Threads | None = None, lags: Lags | None = None
    ) -> None:
        """Stand before `correlate`; `lags` is told what is in hand."""
        self._correlate = correlate
        self._threads = threads or Threads()
        self._lags = lags or Lags()
        self._in_hand: dict[int, deque[int]] = {}
        """By partition: the timestamps of the records that are begun and not finished, in their order."""

    def restore(self, partition: int, rows: Iterable[tuple[str, bytes]]) -> None:
        """Hand a partition's rows over; Undecodable, which ends the process, when one is of a newer Kasugai."""
        self._in_hand[partition] = deque()
        self._correlate.restore(partition, [row_of(value) for _, value in rows])

    def revoke(self, partition: int) -> None:
        """Take a partition away."""
        self._in_hand.pop(partition, None)
        self._lags.done((SIGNALS, partition))
        self._correlate.revoke(partition)

    def begin(self, record: Record) -> "Finishing":
        """Decide a record; what cannot be read is Poison, what cannot be decided is when it is finished."""
        self._lags.taken[SIGNALS] += 1
        letter = letter_of(record)
        keep_trace(self._threads, letter)
        self._took(record)
        stamp = Stamp(partition=record.partition, offset=record.offset, at=BrokerTime(record.at))
        rest = self._correlate.begin(letter, stamp)
        return Finishing(rest, lambda: self._done(record.partition))

    def _took(self, record: Record) -> None:
        in_hand = self._in_hand[record.partition]
        in_hand.append(record.at)
        self._lags.took((SIGNALS, record.partition), in_hand[0])

    def _done(self, partition: int) -> None:
        in_hand = self._in_hand[partition]
        in_hand.popleft()
        if in_hand:
            self._lags.took((SIGNALS, partition), in_hand[0])
        else:
            self._lags.done((SIGNALS, partition))

    def tick(self, partition: int) -> tuple[None, bytes] | None:
        """Return the partition's tick, if it is time."""
        tick = self._correlate.tick(partition, asyncio.get_running_loop().time())
        return None if tick is None else (None, encode(Letter(segment="", signal=tick)))


@dataclass(frozen=True, slots=True)
class Finishing:
    """A decided record's rest as the shell wants it."""

    rest: Rest
    done: Callable[[], None]

    async def finish(self, write: Write) -> None:
        """Await the publications and write the rows; Poison when the record cannot be decided."""

        async def write_row(row: Row) -> None:
            await write(row.key, encode(row))

        await self.rest.finish(write_row)
        self.done()
        if self.rest.trouble is not None:
            raise Poison(self.rest.trouble)

    def drop(self) -> None:
        """Publish nothing more."""
        self.rest.drop()


def letter_of(record: Record) -> Letter:
    """Return the letter that a record of the mailbox holds, with its trace; Poison when it holds none."""
    try:
        letter = decode(record.value or b"")
    except Undecodable as error:
        raise Poison(str(error)) from error
    if not isinstance(letter, Letter):
        raise Poison(f"a {type(letter).__name__} does not belong into the mailbox")
    return replace(letter, trace=trace_of(record.headers))


def row_of(value: bytes) -> Row:
    """Return the row that a value of the table holds; Undecodable when it holds none."""
    row = decode(value)
    if not isinstance(row, Row):
        raise Undecodable(f"a {type(row).__name__} is no row")
    return row


def offset_of(value: bytes) -> int:
    """Return the mailbox offset that a row was written at."""
    return row_of(value).offset


def processor_settings(settings: Settings) -> ProcessorSettings:
    """Return what the shell must be told; the session time-outs are architecture.md 5's, by profile."""
    brisk = settings.worker.profile == "test"
    return ProcessorSettings(
        app_id=CORRELATE_APP,
        bootstrap=settings.kafka.bootstrap_servers,
        topic=SIGNALS,
        table=CORRELATE_TABLE,
        instance_id=settings.stream.instance,
        credentials=credentials_of(settings.kafka),
        session=6.0 if brisk else 10.0,
        heartbeat=1.0 if brisk else 2.0,
        rebalance=10.0 if brisk else 20.0,
        fetch_wait=0.05 if brisk else 0.5,
    )


def main(settings: Settings, *, demo: bool = False, vitals: Vitals | None = None) -> int:
    """Run until SIGTERM or SIGINT and return 0; in doubt the process ends by itself (adapters/faust/exits.py).

    TopicsUnfit when the broker's topics are not as their contracts say; `demo` accepts a broker that cannot say;
    `vitals` is told how correlate does.
    """
    shell = processor_settings(settings)
    prepare(shell, client_config(settings.kafka, f"{CORRELATE_APP}-{settings.stream.instance}-check"))
    require(settings, (SIGNALS, CHANGELOG, VERDICTS, *INCIDENTS.values()), demo=demo)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(settings, shell, vitals or Vitals()))


async def _run(settings: Settings, shell: ProcessorSettings, vitals: Vitals) -> int:
    membership, threads = Membership(shell.session), Threads()
    async with Producer(settings.kafka, f"{CORRELATE_APP}-{settings.stream.instance}") as producer:
        correlate = Correlate(Decisions(producer, membership, threads), settings.worker.timing)
        handler = CorrelateShell(correlate, threads, vitals.lags)
        bury = burying(producer)
        with (
            watched(COUNTED, lambda: _phases(correlate)),
            watched(UNFENCED, lambda: _segments(correlate, lambda policy: policy.fence is Fencing.NONE)),
            watched(
                UNDESCRIBED_DISKS,
                lambda: _segments(correlate, lambda policy: policy.root_disks is RootDisks.UNSAID),
            ),
        ):
            return await serve(
                shell, handler, offset_of=offset_of, bury=bury, membership=membership, vitals=vitals
            )


def burying(producer: Sink) -> Bury:
    """Return the way of a poisonous record to the mailbox's dead letters, under the error that it was found by."""
    graves = DeadLetters(producer, CORRELATE_APP)

    async def bury(record: Record, poison: Poison) -> None:
        cause = poison.__cause__
        await graves.bury(_as_it_came(record), cause if isinstance(cause, Exception) else poison)

    return bury


def _segments(correlate: Correlate, holds: Callable[[Policy], bool]) -> list[Reading]:
    return [(sum(map(holds, correlate.policies())), {})]


def _phases(correlate: Correlate) -> list[Reading]:
    return [(number, {"kind": kind, "phase": phase}) for (kind, phase), number in correlate.phases().items()]


def _about(verdicts: Sequence[Verdict], orders: Sequence[Order]) -> AbstractContextManager[None]:
    """What lines written meanwhile concern, where that is one incident."""
    incidents = {str(order.incident): order.host for order in orders}
    if len(incidents) != 1:
        return nullcontext()
    ((incident, host),) = incidents.items()
    return about(incident=incident, host=host)


def _as_it_came(record: Record) -> Incoming:
    return Incoming(
        topic=SIGNALS,
        partition=record.partition,
        offset=record.offset,
        at=record.at,
        key=record.key,
        value=record.value,
        headers=record.headers,
    )
