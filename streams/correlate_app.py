"""`kasugai correlate` as a process: its settings, its gauges, and everything put together."""

import asyncio
from collections.abc import Iterable

import uvloop

from kasugai.adapters.faust.credentials import credentials_of
from kasugai.adapters.faust.membership import Membership
from kasugai.adapters.faust.run import prepare, serve
from kasugai.adapters.faust.settings import ProcessorSettings
from kasugai.adapters.kafka.client import client_config
from kasugai.adapters.kafka.producer import Producer
from kasugai.adapters.kafka.topic_ids import TopicIds
from kasugai.adapters.kafka.topics import require
from kasugai.adapters.settings.values import Settings
from kasugai.adapters.telemetry.catalogue import INCIDENTS as COUNTED
from kasugai.adapters.telemetry.catalogue import UNDESCRIBED_DISKS, UNFENCED
from kasugai.adapters.telemetry.meters import Reading, watched
from kasugai.adapters.telemetry.tracing import Threads
from kasugai.adapters.telemetry.vitals import Vitals
from kasugai.core.words.disks import RootDisks
from kasugai.core.words.policy import Fencing, Policy
from kasugai.schemas.topics import CHANGELOG, CORRELATE_APP, CORRELATE_TABLE, INCIDENTS, SIGNALS, VERDICTS
from kasugai.streams.correlate import Correlate
from kasugai.streams.correlate_shell import CorrelateShell, burying, offset_of
from kasugai.streams.decisions import Decisions
from kasugai.streams.frames import Frames


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
    ids = TopicIds(settings.kafka, f"{CORRELATE_APP}-{settings.stream.instance}")
    await asyncio.to_thread(ids.learn, SIGNALS)
    async with Producer(settings.kafka, f"{CORRELATE_APP}-{settings.stream.instance}") as producer:
        frames = Frames()
        decisions = Decisions(producer, membership, threads, frames)
        correlate = Correlate(decisions, settings.worker.timing, frames.misfit, ids.known(SIGNALS))
        handler = CorrelateShell(correlate, threads, vitals.lags, frames)
        bury = burying(producer)
        with (
            watched(COUNTED, lambda: _phases(correlate)),
            watched(UNFENCED, lambda: [(unfenced(correlate.policies()), {})]),
            watched(UNDESCRIBED_DISKS, lambda: [(undescribed_disks(correlate.policies()), {})]),
        ):
            return await serve(
                shell, handler, offset_of=offset_of, bury=bury, membership=membership, vitals=vitals
            )


def unfenced(policies: Iterable[Policy]) -> int:
    """Return how many of the segments with these policies ask for no fence."""
    return sum(policy.fence is Fencing.NONE for policy in policies)


def undescribed_disks(policies: Iterable[Policy]) -> int:
    """Return how many of the segments with these policies do not say where their hosts' own disks lie."""
    return sum(policy.root_disks is RootDisks.UNSAID for policy in policies)


def _phases(correlate: Correlate) -> list[Reading]:
    return [(number, {"kind": kind, "phase": phase}) for (kind, phase), number in correlate.phases().items()]
