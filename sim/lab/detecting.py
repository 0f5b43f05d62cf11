"""How soon a host that loses power is confirmed, and that no living one is fenced while networks and observers fail.

Whole runs of the laboratory under the default policy: agents, the real liveness, route, correlate and a worker. Nova's
record is watched by the stand-in observer; what a BMC reads comes a second after a host is suspected, as evidence in
the mailbox.
"""

import asyncio
import random  # noqa: TID251 - seeded: the same seed gives the same run
from dataclasses import dataclass
from functools import partial

from kasugai.core.watching.rules import Rules
from kasugai.core.words.signals import Letter, Source, Symptom, fault
from kasugai.core.words.verdicts import Verb, Verdict
from kasugai.sim.lab.actors.liveness import LivenessActor
from kasugai.sim.lab.agents import HostAgents
from kasugai.sim.lab.broker import SIGNALS, VERDICTS
from kasugai.sim.lab.laboratory import Lab
from kasugai.sim.lab.observers import Observer, Rounds
from kasugai.sim.lab.records import Record
from kasugai.sim.lab.runner import quietly

FEW, MANY = 12, 40
"""Hosts of a segment in which one dies, and in which half of all are cut off."""
READING = (0.5, 1.5)
"""Seconds from a suspicion to what a BMC says."""
NOTICED = 16.0
"""Seconds after which Nova's record is stale: its report interval, and what an observer waits beyond."""
LIMIT = 60.0
"""Seconds after which nobody waits any longer for a verdict."""
SILENCES = (20.0, 60.0, 100.0, 200.0, 300.0)
"""Seconds for which half of the hosts are cut off."""
AFTER = 75.0
"""Seconds that are watched behind it: longer than a storm is cooled down."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What befell the living in one run."""

    kind: str
    fenced: int
    """How many of them were fenced."""


def confirm(seed: int, *, has_bmc: bool) -> float:
    """Return the seconds from a host's power loss to the verdict that opens its incident; `LIMIT` when none came."""
    return quietly(_confirm(seed, has_bmc=has_bmc))


def trouble(seed: int) -> Trouble:
    """Let networks, observers, links or clocks fail as the seed says, and return what befell the living."""
    return quietly(_trouble(seed))


def _cloud(hosts: int, *, loss: float, seed: int) -> Lab:
    """Return a laboratory with hosts, agents, liveness and an observer of Nova; nothing runs yet."""
    lab = Lab()
    lab.describe_segment("rack1")
    for number in range(1, hosts + 1):
        lab.cloud.add_host(f"c{number:02}", has_device=True)
        lab.describe_host(f"c{number:02}", "rack1")
    Rounds().join(Observer(lab=lab, source=Source.NOVA, delay=NOTICED, every=30.0).look)
    lab.host_agents = HostAgents(lab, list(lab.cloud.world.hosts), loss=loss, seed=seed)
    lab.liveness = LivenessActor(lab.broker, Rules())
    return lab


async def _confirm(seed: int, *, has_bmc: bool) -> float:
    chance = random.Random(f"confirm {seed}")
    lab = _cloud(FEW, loss=0.0, seed=seed)
    loop, opened = asyncio.get_running_loop(), asyncio.Event()

    def see(topic: str, record: Record) -> None:
        if topic != VERDICTS:
            return
        verdict: Verdict = record.value
        if verdict.verb is Verb.OPEN:
            opened.set()
        elif has_bmc and verdict.verb is Verb.SUSPECT:
            lab.later(chance.uniform(*READING), partial(_read_power, lab, verdict.subject.host))

    lab.broker.watchers.append(see)
    lab.start()
    await asyncio.sleep(20.0 + chance.uniform(0.0, 2.0))
    died = loop.time()
    lab.cloud.hosts.power_off("c07")
    try:
        async with asyncio.timeout(LIMIT):
            await opened.wait()
    except TimeoutError:
        return LIMIT
    return loop.time() - died


def _read_power(lab: Lab, host: str) -> None:
    """Say what the host's BMC reads, if it is off: a proof."""
    if lab.cloud.world.host(host).power_on:
        return
    word = fault(
        host=host,
        host_uuid=lab.hosts[host].host_uuid,
        observer="power",
        source=Source.POWER,
        symptom=Symptom.OFF,
        episode=str(lab.broker.now()),
    )
    segment = lab.segments["rack1"].segment_id
    lab.broker.append(SIGNALS, segment, Letter(segment=segment, signal=word))


async def _trouble(seed: int) -> Trouble:
    chance = random.Random(f"trouble {seed}")
    kind = ("flapping", "stalled", "lossy", "all at once")[seed % 4]
    everything = kind == "all at once"
    lab = _cloud(MANY, loss=chance.uniform(0.0, 0.2) if kind == "lossy" or everything else 0.0, seed=seed)
    names = list(lab.cloud.world.hosts)
    lab.start()
    lasts = chance.choice(SILENCES)
    await asyncio.sleep(20.0 + chance.uniform(0.0, 2.0))
    if kind == "flapping" or everything:
        for name in chance.sample(names, MANY // 2):
            lab.later(chance.uniform(0.0, 1.0), partial(lab.cloud.hosts.unplug, name))
            lab.later(lasts + chance.uniform(0.0, 1.0), partial(lab.cloud.hosts.plug, name))
    if kind == "stalled" or everything:
        _stall(lab, chance, lasts)
    if kind == "lossy" or everything:
        _skew(lab, chance)
    await asyncio.sleep(lasts + AFTER)
    hosts = lab.cloud.world.hosts.values()
    return Trouble(kind, sum(not host.power_on or host.boots > 0 for host in hosts))


def _stall(lab: Lab, chance: random.Random, lasts: float) -> None:
    """Let liveness and some agents stand still for 1 to 30 s, again and again; some lives of liveness end."""
    agents, liveness = lab.host_agents, lab.liveness
    assert agents is not None and liveness is not None, "there are both"
    for _ in range(4):
        lab.later(chance.uniform(0.0, lasts), partial(liveness.stall, chance.uniform(1.0, 30.0)))
    at = chance.uniform(0.0, lasts)
    lab.later(at, liveness.die)
    lab.later(at + chance.uniform(1.0, 10.0), liveness.start)
    for name in chance.sample(list(agents.all), 10):
        lab.later(chance.uniform(0.0, lasts), partial(agents.wedge, name, chance.uniform(1.0, 30.0)))


def _skew(lab: Lab, chance: random.Random) -> None:
    """Let every clock be off: hosts' by up to an hour, Nova's by up to half a minute."""
    assert lab.host_agents is not None, "there are agents"
    for agent in lab.host_agents.all.values():
        agent.skew = chance.uniform(-3_600.0, 3_600.0)
    lab.cloud.world.clock_offset = chance.uniform(-30.0, 30.0)
