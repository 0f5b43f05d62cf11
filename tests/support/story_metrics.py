"""What Prometheus would have scraped of a story: a scenario is played in virtual time by the real shells, the real
projector follows its topics, and every so many seconds all metrics are read and written down with the time of then.

    python -m tests.support.story_metrics FILE.scenario OUT.openmetrics [--every 15]

What no process of the laboratory shows may stand beside the story, in FILE.series.yml (tests/support/spoken_series.py).
It is a program because metrics belong to a process: each story needs one of its own. `up` and readiness are those of
the actors that live in the laboratory; lags, exits and the REST API's metrics need real processes and are not in it.
"""

import argparse
import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import yaml
from opentelemetry.sdk.resources import Resource
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from kasugai.adapters.inventory import Inventory
from kasugai.adapters.telemetry import catalogue as c
from kasugai.adapters.telemetry.meters import Reading, watched, wide
from kasugai.adapters.telemetry.metric import Metric
from kasugai.adapters.telemetry.observer_metrics import OBSERVED_DOWN
from kasugai.adapters.telemetry.serving import registry
from kasugai.adapters.telemetry.wide import joined
from kasugai.adapters.wall import Wall
from kasugai.api.projection.projector import Came, Projector
from kasugai.api.standing_metrics import StandingMetrics
from kasugai.api.view_store import ViewStore
from kasugai.core.words.policy import Policy
from kasugai.core.words.timing import Instant
from kasugai.schemas.topics import INCIDENTS, INVENTORY, RECOVERY, REPORTED, VERDICTS
from kasugai.sim.cloud.world import NEW_YEAR
from kasugai.sim.lab.grammar import Scenario, read
from kasugai.sim.lab.laboratory import Lab
from kasugai.sim.lab.records import Record
from kasugai.sim.lab.runner import quietly
from kasugai.sim.lab.stage import build
from kasugai.sim.lab.verbs import perform
from kasugai.streams.correlate_app import undescribed_disks, unfenced
from kasugai.streams.liveness_app import readings
from tests.support.memory_documents import MemoryDocuments
from tests.support.spoken_series import spoken
from tests.support.story_series import Key, text_of

TOPICS: Final = frozenset((REPORTED, VERDICTS, *INCIDENTS.values(), RECOVERY))
"""What the projector reads."""
PROCESS_OF: Final = {metric.prometheus: metric.shown_by[0] for metric in c.CATALOGUE}
"""Which process a metric is scraped from."""


class BrokersWall(Wall):
    """The broker's clock, for whoever asks for the time."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def now(self) -> Instant:
        return self._lab.broker.now()


class Scraper:
    """All processes of a laboratory as targets."""

    def __init__(self, lab: Lab) -> None:
        """Begin with nothing scraped."""
        self._lab = lab
        self._collected: CollectorRegistry = registry(Resource.create({"service.name": "kasugai-story"}))
        self._documents = MemoryDocuments()
        assert self._documents.own("story")
        self._inventory = Inventory()
        self._metrics = StandingMetrics(lambda: self._inventory, BrokersWall(lab))
        self._projector = Projector(self._documents, "story", hear=self._metrics.hear)
        self._came: list[Came] = []
        self.series: dict[str, dict[Key, list[tuple[float, float]]]] = defaultdict(lambda: defaultdict(list))
        lab.broker.watchers.append(self._hear)
        for record in lab.broker.all(INVENTORY):
            self._hear(INVENTORY, record)

    def _hear(self, topic: str, record: Record) -> None:
        if topic == INVENTORY and record.value is not None:
            self._inventory.put(record.value)
        elif topic in TOPICS and record.raw is not None:
            self._came.append((topic, record.stamp, record.raw))

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Let the laboratory's parts show their gauges for the length of the block, as their processes do."""
        lab = self._lab
        shown: dict[Metric, Callable[[], list[Reading]]] = {
            c.INCIDENTS: self._phases,
            c.UNFENCED: lambda: self._of_policies(unfenced),
            c.UNDESCRIBED_DISKS: lambda: self._of_policies(undescribed_disks),
            OBSERVED_DOWN: lambda: [
                (len(each.said.standing), {"observer": each.watch.name}) for each in lab.rounds
            ],
        }
        with ExitStack() as stack:
            for metric, read_ in shown.items():
                stack.enter_context(watched(metric, read_))
            if lab.liveness is not None and lab.liveness.now is not None:
                for metric, read_ in readings(lab.liveness.now).items():
                    stack.enter_context(watched(metric, read_))
            stack.enter_context(self._metrics.watched())
            yield

    def _phases(self) -> list[Reading]:
        now = self._lab.correlate_actor.now
        found = {} if now is None else now.phases()
        return [(n, {"kind": kind, "phase": phase}) for (kind, phase), n in found.items()]

    def _of_policies(self, count: Callable[[Iterable[Policy]], int]) -> list[Reading]:
        now = self._lab.correlate_actor.now
        return [] if now is None else [(count(now.policies()), {})]

    def living(self) -> dict[str, bool]:
        """Return each process with whether it answers now."""
        lab = self._lab
        there = {
            "route": True,
            "project": True,
            "correlate": lab.correlate is not None,
            "worker_host": bool(lab.workers),
        }
        if lab.liveness is not None:
            there["liveness"] = lab.liveness.now is not None
        if lab.rounds:
            there["observe_nova"] = True
        return there

    def scrape(self) -> None:
        """Read everything once."""
        self._follow()
        at = self._lab.broker.now() / 1000
        living = self.living()
        for process, answers in living.items():
            labels = {"job": "kasugai", "process": process, "instance": f"{process}:1"}
            self._add("up", labels, at, float(answers))
            if answers:
                self._add(c.READY.prometheus, labels, at, 1.0)
        page = joined(generate_latest(self._collected), wide()).decode()
        for family in text_string_to_metric_families(page):
            for sample in family.samples:
                process = _process(sample.name, living)
                if process and living[process]:
                    where = {"job": "kasugai", "process": process, "instance": f"{process}:1"}
                    self._add(sample.name, sample.labels | where, at, sample.value)

    def _follow(self) -> None:
        self._projector.take(self._came, {})
        self._came = []
        while not self._projector.is_done:
            self._projector.project(is_current=True)
        self._metrics.hide()
        self._metrics.show(self._projector.board, ViewStore(self._documents).hosts_out())

    def _add(self, name: str, labels: dict[str, str], at: float, value: float) -> None:
        self.series[name][tuple(sorted(labels.items()))].append((at, value))


def _process(sample: str, living: Iterable[str]) -> str:
    """Return who shows a sample; empty for what no process of the story shows."""
    base = sample.removesuffix("_sum").removesuffix("_count")
    name = sample if sample in PROCESS_OF else f"{base}_bucket"
    process = PROCESS_OF.get(name, "")
    process = "observe_nova" if process.startswith("observe_") else process
    return process if process in set(living) else ""


async def _played(scenario: Scenario, every: float) -> Scraper:
    lab = Lab()
    build(lab, scenario)
    lab.start()
    await asyncio.sleep(0)
    scraper = Scraper(lab)
    loop = asyncio.get_running_loop()
    with scraper.watching():
        scrapes = loop.create_task(_scrape(scraper, every))
        for event in scenario.script:
            await asyncio.sleep(max(0.0, event.at - loop.time()))
            perform(lab, scenario, event)
        scrapes.cancel()
        scraper.scrape()
    return scraper


async def _scrape(scraper: Scraper, every: float) -> None:
    while True:
        await asyncio.sleep(every)
        scraper.scrape()


def main() -> None:
    """Play, scrape and write, as the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("scenario", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--every", type=float, default=15.0, help="seconds between two scrapes")
    said = parser.parse_args()
    scraper = quietly(_played(read(said.scenario), said.every))
    beside = said.scenario.with_suffix(".series.yml")
    if beside.exists():
        for name, series in spoken(yaml.safe_load(beside.read_text()), NEW_YEAR).items():
            scraper.series[name] |= series
    said.out.write_text("\n".join(text_of(scraper.series)))


if __name__ == "__main__":
    main()
