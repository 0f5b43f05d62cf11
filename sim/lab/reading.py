"""The readers of evidence in the laboratory: the real rounds and judgements on a simulated Nova and Prometheus.

Played are the doors: Nova's answer comes from the simulated cloud, Prometheus' from a scrape of its hosts each time it
is asked. What is said goes to the topics on which `kasugai observe` speaks.
"""

import asyncio
import json
from dataclasses import dataclass
from email.utils import formatdate

from kasugai.adapters.wall import Wall
from kasugai.core.words.timing import Instant
from kasugai.observers.nova import NovaWatch
from kasugai.observers.prometheus import Reply
from kasugai.observers.queries import Query, QueryWatch
from kasugai.observers.rounds import Round
from kasugai.observers.seen import NoOpinion, Watch
from kasugai.sim.cloud.model import MANAGEMENT, Host
from kasugai.sim.door import CloudDoor
from kasugai.sim.lab.broker import METRICS, SERVICES
from kasugai.sim.lab.laboratory import Lab
from kasugai.sim.lab.producers import PlainSink

READERS = ("os-services", "prometheus")
"""What `observer NAME` reads with production's code."""
QUERY = Query(name="exporter-silent", url="http://prometheus", query="up == 0", label="hostname", lasts=10.0)


class BrokersWall(Wall):
    """The clock of a machine that is as right as the broker."""

    def __init__(self, lab: Lab) -> None:
        """Ask the laboratory's broker."""
        self._lab = lab

    def now(self) -> Instant:
        """Return virtual time."""
        return self._lab.broker.now()


@dataclass(slots=True)
class Prometheus:
    """What answers the query: it names hosts that do not answer, unless it is not well itself."""

    lab: Lab

    async def ask(self, query: Query) -> Reply:
        """See `Ask`."""
        if self.lab.prometheus == "away":
            raise NoOpinion("Prometheus does not answer")
        at = self.lab.broker.now() / 1000
        silent = [name for name, host in self.lab.cloud.world.hosts.items() if not _is_scraped(host)]
        body = {
            "status": "success",
            "data": {
                "resultType": "vector",
                "result": [{"metric": {query.label: name}, "value": [at, "0"]} for name in silent],
            },
        }
        if self.lab.prometheus == "partial":
            body["warnings"] = ["a store does not answer"]
        return Reply(
            status=200, headers={"date": formatdate(at, usegmt=True)}, body=json.dumps(body).encode()
        )


def _is_scraped(host: Host) -> bool:
    """Whether the exporter of a host answers; it asks nothing of its nova-compute."""
    return host.power_on and not host.is_hung and MANAGEMENT not in host.unplugged


def start_reader(lab: Lab, name: str, every: float) -> None:
    """Let a reader look every so many seconds, from now on."""
    watch, topic = _watch(lab, name, every)
    round_ = Round(
        watch=watch,
        topic=topic,
        sink=PlainSink(lab.broker),
        hosts=lambda: frozenset(lab.hosts),
        every=every,
        wall=BrokersWall(lab),
    )
    lab.rounds.append(round_)
    lab.keep(asyncio.get_running_loop().create_task(round_.run()))


def _watch(lab: Lab, name: str, every: float) -> tuple[Watch, str]:
    if name == "os-services":
        stale = lab.timing.stale_after / 1000
        return NovaWatch(CloudDoor(lab.cloud, client=5.0), stale=stale), SERVICES
    moment = BrokersWall(lab)
    query = QueryWatch(QUERY, Prometheus(lab).ask, every=every, new_episode=lambda: str(moment.now()))
    return query, METRICS
