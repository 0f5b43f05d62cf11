"""Runs a processor as a process: waits for Kafka, starts, ticks, watches, and stops gracefully on SIGTERM.

It checks what can be checked before the first record: library versions, and that both topics are there with equal
numbers of partitions.
"""

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Any, NoReturn

from aiokafka.errors import KafkaConnectionError
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from kasugai.adapters.faust import exits
from kasugai.adapters.faust.app import CarefulApp
from kasugai.adapters.faust.exits import Exit
from kasugai.adapters.faust.hush import hush
from kasugai.adapters.faust.membership import Membership
from kasugai.adapters.faust.port import Bury, Handler
from kasugai.adapters.faust.processor import Processor
from kasugai.adapters.faust.settings import ProcessorSettings
from kasugai.adapters.faust.stalls import behind, unready
from kasugai.adapters.faust.table import OffsetOf
from kasugai.adapters.faust.versions import check_versions
from kasugai.adapters.faust.watchdog import Watchdog
from kasugai.adapters.kafka.complaints import reason
from kasugai.adapters.kafka.topics import TopicsUnfit
from kasugai.adapters.telemetry.vitals import Vitals
from kasugai.adapters.until import signalled

log = logging.getLogger(__name__)

STOP_WITHIN = 20.0
SAY_EVERY = 60.0


def prepare(settings: ProcessorSettings, admin: Mapping[str, Any] | None = None) -> None:
    """Do what comes before the event loop: check versions, quiet foreign logs, wait for Kafka, check the topics.

    `admin` is librdkafka's way to the same brokers, where that takes more than an address.
    """
    check_versions()
    hush()
    wait_for_topics(settings, admin or {"log_level": 0})


async def serve(
    settings: ProcessorSettings,
    handler: Handler,
    *,
    offset_of: OffsetOf,
    bury: Bury,
    membership: Membership | None = None,
    vitals: Vitals | None = None,
) -> int:
    """Run until SIGTERM or SIGINT and return 0; in doubt the process ends by itself with a code of `exits.Exit`.

    It wants a loop of uvloop, and `prepare` before.

    `offset_of` reads the input offset out of a row; `membership` is given by a caller whose publishing asks it first;
    `vitals` is told how the processor does.
    """
    vitals = vitals or Vitals()
    processor = Processor(settings, handler, offset_of=offset_of, bury=bury, membership=membership)
    app, watchdog, stop = processor.app, Watchdog(processor.app), signalled()
    watchdog.start()
    vitals.expect(lambda: unready(app))
    beating = vitals.keep_beating(lambda: vitals.lags.set(behind(app)))
    work = [
        asyncio.create_task(job) for job in (_pulse(watchdog), processor.tick(), beating, _until_crashed(app))
    ]
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([*work, stopping], return_when=asyncio.FIRST_COMPLETED)
    watchdog.stop()
    if not stop.is_set():
        _tell_crash(app, work)
    await _stop(app, work[:3])
    return 0


def wait_for_topics(settings: ProcessorSettings, admin: Mapping[str, Any]) -> None:
    """Wait for Kafka, saying so once a minute; raise TopicsUnfit when the two topics do not fit."""
    client = AdminClient({"bootstrap.servers": settings.bootstrap, **admin})
    said = float("-inf")
    while True:
        try:
            topics = client.list_topics(timeout=5.0).topics
        except KafkaException as error:
            if time.monotonic() - said >= SAY_EVERY:
                said = time.monotonic()
                why = reason(error.args[0], client)
                log.warning("waiting for Kafka at %s: %s", settings.bootstrap, why)
            continue
        counts = [
            len(topics[name].partitions) if name in topics else 0
            for name in (settings.topic, settings.changelog)
        ]
        return _check_partitions(settings, *counts)


def _check_partitions(settings: ProcessorSettings, stream: int, changelog: int) -> None:
    for name, count in ((settings.topic, stream), (settings.changelog, changelog)):
        if not count:
            raise TopicsUnfit(f"topic {name} does not exist: create it (kasugai topics apply)")
    if stream != changelog:
        raise TopicsUnfit(
            f"{settings.topic} has {stream} partitions and {settings.changelog} {changelog}: "
            "they must be equal; a new count means a new app id and new topics"
        )


async def _pulse(watchdog: Watchdog) -> None:
    while True:
        watchdog.pulse()
        await asyncio.sleep(1.0)


async def _until_crashed(app: CarefulApp) -> None:
    """Start the app and return only when it has crashed."""
    await app.start()
    await app.wait_until_stopped()


def _tell_crash(app: CarefulApp, work: list[asyncio.Task[None]]) -> NoReturn:
    raised = [task.exception() for task in work if task.done() and not task.cancelled()]
    reason = next((error for error in raised if error), app.crash_reason)
    if isinstance(reason, KafkaConnectionError):
        exits.leave(Exit.STUCK, f"Kafka went away before the processor was ready: {reason}")
    exits.leave(Exit.UNHANDLED, f"Faust has crashed: {reason!r}")


async def _stop(app: CarefulApp, timers: list[asyncio.Task[None]]) -> None:
    """Finish the record in hand, commit, and leave; what is not done in time is read again by the next owner."""
    log.info("stopping")
    for timer in timers:
        timer.cancel()
    try:
        await asyncio.wait_for(app.stop(), STOP_WITHIN)
    except TimeoutError:
        exits.leave(Exit.STUCK, f"not stopped within {STOP_WITHIN:.0f} s")
