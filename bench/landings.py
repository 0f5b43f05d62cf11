"""Fifty guests of one host on a Nova that congestion slows, with a bridge that tells of their landings and without, by
turns: how often Nova is looked at, how long they take, and how soon after the last landing the incident is over.

The simulated Nova notifies on the same Kafka, as Nova does with oslo.messaging's driver for it; the bridge is a process
of its own.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

import confluent_kafka

from bench.figures import Figure
from bench.records import Watch, publish
from bench.site import Site, await_, say
from kasugai.core.words.policy import Policy
from kasugai.core.words.subject import host_subject
from kasugai.core.words.verdicts import Verb, Verdict
from kasugai.schemas.topics import REPORTED, VERDICTS
from kasugai.sim.cloud import REAL, SimCloud, two_cores

GUESTS, TURNS = 50, 3
SOURCE = "cmp1.example.org"
OTHERS = [f"cmp{n}.example.org" for n in range(2, 9)]
INFO, ERROR = "versioned_notifications.info", "versioned_notifications.error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One recovery."""

    looks: float
    """Requests that change nothing, per guest."""
    seconds: float
    """From the first call to the last landing."""
    after: float
    """From the last landing to the verdict that the incident is over."""


def run() -> Iterator[Figure]:
    """Measure by turns."""
    rounds: dict[bool, list[Round]] = {False: [], True: []}
    for turn in range(TURNS):
        for told in (False, True):
            rounds[told].append(_round(told))
            say(f"landings: turn {turn + 1} {'with' if told else 'without'} the bridge: {rounds[told][-1]}")
    for told, found in rounds.items():
        name = "with the bridge" if told else "without a bridge"
        looks, after = (0.4, 1.0) if told else (None, None)
        yield _figure(f"looks per guest, {name}", median(one.looks for one in found), "", looks)
        yield _figure(f"last landing → recovered, {name}", median(one.after for one in found), "s", after)
        yield _figure(f"first call → last landing, {name}", median(one.seconds for one in found), "s")
    ratios = [
        with_.seconds / without.seconds for with_, without in zip(rounds[True], rounds[False], strict=True)
    ]
    yield _figure("first call → last landing, with / without", median(ratios), "x")


def _figure(what: str, value: float, unit: str, limit: float | None = None) -> Figure:
    return Figure(bench="landings", what=what, value=value, unit=unit, limit=limit)


def _round(told: bool) -> Round:
    def build(cloud: SimCloud) -> None:
        cloud.world.congestion = two_cores
        for host in (SOURCE, *OTHERS):
            cloud.add_host(host, has_device=False)
        for n in range(GUESTS):
            cloud.add_guest(f"guest-{n}", SOURCE)

    with Site(build, pace=REAL, failing=(SOURCE,)) as site:
        site.describe([[SOURCE, *OTHERS]], Policy(max_unhealthy=100))
        with _notifying(site):
            site.start("route-1", "correlate-1", "worker-1", *(["bridge-1"] if told else []))
            site.lose([SOURCE])
            with Watch(site.kafka.bootstrap, [VERDICTS], 12) as watch:
                publish(site.kafka.bootstrap, REPORTED, [site.fault(SOURCE, asserted=True)])
                await_(lambda: watch.has_closed(SOURCE), "fifty have landed and the incident is closed", 300)
                closed = _closed_at(watch)
        requests = site.requests()
        first, last = site.cloud.do(_span)
    looks = sum(request.method == "GET" and request.subject != "keystone" for request in requests)
    return Round(looks=looks / GUESTS, seconds=last - first, after=closed / 1000 - last)


def _closed_at(watch: Watch) -> int:
    about = host_subject(SOURCE)
    words = [(at, value) for at, _, value in watch.seen if isinstance(value, Verdict)]
    return next(at for at, word in words if word.subject == about and word.verb is Verb.CLOSE)


def _span(cloud: SimCloud) -> tuple[float, float]:
    """When the first guest was called and the last one landed, by the wall clock."""
    records = [record for record in cloud.world.migrations if record.source == SOURCE]
    assert sum(record.status == "done" for record in records) == GUESTS
    calls = [request.t for request in cloud.wire.requests if request.action == "evacuate"]
    return cloud.world.wall(min(calls)), cloud.world.wall(max(record.updated_at for record in records))


@contextmanager
def _notifying(site: Site) -> Iterator[None]:
    """Let the simulated Nova notify on the site's Kafka for as long as the block lasts."""
    site.kafka.create_topics({INFO: 3, ERROR: 1})
    producer = confluent_kafka.Producer({"bootstrap.servers": site.kafka.bootstrap})
    hear: Callable[[dict[str, Any]], None] = lambda message: _send(producer, message)  # noqa: E731
    site.cloud.do(lambda cloud: cloud.world.voice.begin(cloud.world.guests))
    site.cloud.do(lambda cloud: cloud.world.voice.hearers.append(hear))
    try:
        yield
    finally:
        site.cloud.do(lambda cloud: cloud.world.voice.hearers.clear())
        producer.flush(10)


def _send(producer: confluent_kafka.Producer, message: dict[str, Any]) -> None:
    body = json.dumps({"oslo.version": "2.0", "oslo.message": json.dumps(message)}).encode()
    producer.produce(ERROR if message["priority"] == "ERROR" else INFO, body)
    producer.poll(0)
