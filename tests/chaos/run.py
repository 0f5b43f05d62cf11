"""One chaos run: everything is started, a seed's blows fall while hosts are lost and come back, then it must settle.

What it finds is judged by `judge`; what happened is told line by line, and kept in the folder when it was wrong.
"""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from kasugai.adapters.kafka.layout import wanted
from kasugai.adapters.kafka.tap import tap
from kasugai.adapters.kafka.topics import Topics
from kasugai.adapters.redis_ledger import RedisLedger
from kasugai.adapters.settings import Settings, load
from kasugai.cli.demo import devices
from kasugai.cli.segment import apply
from kasugai.cli.segment_file import WantedHost, WantedSegment
from kasugai.core.recovering.doors import LedgerAway, LogAway
from kasugai.core.telling.incident_views import IncidentView, Seen, fold
from kasugai.core.words.policy import Policy
from kasugai.core.words.subject import Subject, host_subject
from kasugai.schemas.topics import DEAD_LETTERS, contracts
from kasugai.sim.child import ServerFailedError
from tests.chaos.crew import Crew
from tests.chaos.graves import graves
from tests.chaos.hearing import heard, mute, told
from tests.chaos.hypervisors import Hypervisors
from tests.chaos.isolation import Isolation
from tests.chaos.judge import Judgement, Spot, Told, is_held, is_over, judge, unjudged
from tests.chaos.lurker import Lurker
from tests.chaos.neighbour import Neighbour
from tests.chaos.parts import Parts, left_disabled, wrongs
from tests.chaos.reporter import Reporter
from tests.chaos.schedule import EYES, PROCESSES, Blow, Event, draw
from tests.chaos.servers import Broker, HubBroker, NovaProcess, RedisPair
from tests.chaos.spoiled import is_forged
from tests.chaos.town import HOSTS, Town
from tests.chaos.troubles import NOVA_BLOWS, Troubles
from tests.support import agents
from tests.support import told as telling
from tests.support.settings_file import settings_for

POLICY = Policy(window=4, max_unhealthy=100, attempts=8, restart_all=True)
"""Hosts are lost all the time on purpose (no storm), and Nova refuses for a while (more attempts than two)."""
SPAWN = 1.5
"""Seconds that building a guest takes."""
SETTLE = 180.0
"""Seconds that everything may take to come to its end after the last blow."""
HELD_FOR = 75.0
"""Of these, seconds for which an incident that is held may still be looked at again (after 60 s)."""
STARTED_WITHIN = 240.0
"""Seconds in which all processes are at work, also on a machine that has much else to do."""
LINE_EVERY = 5.0
BURIED_WITHIN = 75.0
"""Seconds after which every doomed record is a dead letter: a topic of faults may rest for 60."""
NEIGHBOUR = frozenset({Blow.SPOILED, Blow.BURST, Blow.TEXTS, Blow.LIE})
PARTS = frozenset({Blow.GUEST, Blow.PROCESS, Blow.OPERATOR})
ISOLATION = frozenset({Blow.AGENT, Blow.CUT, Blow.CUT_OFF, Blow.ISOLATE, Blow.CLOCK})
LASTS_NOT = NEIGHBOUR | PARTS | ISOLATION | {Blow.LOSE}
PATIENT = """\
[worker]
fence = 15000
power_fresh = 15000
decision_ttl = 15000
[observe]
interval = 1000
power_interval = 5000
"""
"""A power device is a program that is started: on a busy machine it takes longer than the test profile allows."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run came to."""

    seed: int
    seconds: float
    """From the first loss to the end of the settling."""
    kills: int
    blows: int
    unreadable: int = 0
    """Records that nobody can take, or that lie out of their place."""
    texts: int = 0
    """Foreign texts in Redis."""
    lies: int = 0
    """An agent's words that are not so."""
    dead_letters: int = 0
    """Of a bad neighbour's records, each once."""
    faults: int
    losses: int
    cuts: int = 0
    """How often an agent was killed, a host cut off, or its clock misdated."""
    fenced: int = 0
    """Hosts that were switched off while they lived, cut off from everything: by the rules."""
    judgement: Judgement


@dataclass
class Run:
    """One run. Use it from the main thread."""

    seed: int
    seconds: float
    folder: Path
    say: Say
    mutant: str = ""
    """A mistake that is built into Kasugai's processes, a name of `mutants`."""
    agents: bool = False
    """Whether each host has an agent on a machine of its own: it is found dead by its silence, and brought back."""
    redis: RedisPair = field(default_factory=RedisPair)
    _kills: int = 0
    _later: list[tuple[float, str, Callable[[], None]]] = field(default_factory=list)
    _views: tuple[IncidentView, ...] = ()
    _folded: float = 0.0
    _said: float = 0.0
    _began: float = 0.0
    _buried: frozenset[Spot] = frozenset()
    isolation: Isolation | None = None
    """What happens to hosts with agents, where there are any."""
    _caught: bool = False
    """Whether the witness has seen a mutant's mistake: there is nothing to wait for any more."""

    def play(self) -> Outcome:
        """Do it all and return what came of it."""
        events = draw(self.seed, self.seconds, agents=self.agents)
        with ExitStack() as stack:
            self._start(stack)
            self.say(f"all processes are at work; {len(events)} blows in {self.seconds:.0f} s")
            self._began = time.monotonic()
            for event in events:
                self._pass(lambda event=event: self._caught or self._now() >= event.at)  # type: ignore[misc]
                if not self._caught:
                    self._strike(event)
            self._pass(lambda: self._caught or self._now() >= self.seconds)
            self._settle()
            return self._close(events)

    # The beginning.

    def _start(self, stack: ExitStack) -> None:
        self._start_servers(stack)
        names = (*PROCESSES, *EYES) if self.agents else PROCESSES
        self.crew = Crew(self.folder, self.folder / "kasugai.conf", names, mutant=self.mutant)
        stack.callback(self.crew.stop)
        self.crew.start()
        self._describe()
        self.told = telling.Told()
        stack.callback(self.told.end)
        self.told.begin(self.settings.kafka)
        reporter = Reporter(self.settings.kafka)
        stack.callback(reporter.stop)
        self.town = Town(self.nova, reporter, dict(reporter.start(HOSTS)), random.Random(self.seed))
        self._gather()
        if self.agents:
            self._start_agents(stack)
        self._wait(self.crew.idle, "not at work")
        if self.isolation is not None:
            self._wait(self._unheard, "not heard")
            time.sleep(4.0)  # whom liveness itself has never heard, it does not miss

    def _start_servers(self, stack: ExitStack) -> None:
        """What the pipeline stands on, and its settings."""
        self.broker = HubBroker() if self.agents else Broker()
        self.broker.start()
        stack.callback(self.broker.stop)
        self.redis.start()
        stack.callback(self.redis.stop)
        self.nova = NovaProcess(self.folder, hosts=HOSTS, seed=self.seed, spawn=SPAWN)
        self.nova.start()
        stack.callback(self.nova.stop)
        self.settings = self._configure()
        Topics(self.settings).apply(wanted(self.settings))

    def _gather(self) -> None:
        """Those who do something to the town."""
        self.town.settle()
        self.parts = Parts(self.town)
        self.town.repaired = self.parts.repaired
        self.neighbour = Neighbour(self.town, self.redis)
        self.lurker = Lurker(self.nova, self, self._line)
        self.troubles = Troubles(self.broker, self.redis, self.nova, self._in, self._strike)

    def _wait(self, missing: Callable[[], list[str]], what: str) -> None:
        """Wait until nobody is missing any more."""
        deadline = time.monotonic() + STARTED_WITHIN
        while found := missing():
            self.crew.tend()
            if self.isolation is not None:
                self.isolation.machines.tend()
            if time.monotonic() > deadline:
                raise ServerFailedError(f"{what} in time: {', '.join(found)}; logs are in {self.folder}")
            time.sleep(0.05)

    def _start_agents(self, stack: ExitStack) -> None:
        machines = Hypervisors(self.folder, list(self.town.uuids))
        stack.callback(machines.stop)
        assert isinstance(self.broker, HubBroker)
        machines.start(self.broker.hub)
        self.town.machines = machines
        self.isolation = Isolation(self.town, machines)

    def _unheard(self) -> list[str]:
        """Return the hosts with power and all their cables whose agents do not beat."""
        if self.isolation is None:
            return []
        machines = self.isolation.machines
        with suppress(LogAway):
            return mute(asyncio.run(heard(self.settings.kafka)), machines.whole())
        return machines.whole()

    def _describe(self) -> None:
        """Write the inventory; on a busy machine a new node may not know for long who coordinates what."""
        for _ in range(4):
            with suppress(LogAway):
                return self._apply()
        return self._apply()

    def _apply(self) -> None:
        asyncio.run(apply(self.settings.kafka, _segments(), prune=False))

    def _configure(self) -> Settings:
        file = self.folder / "kasugai.conf"
        more = agents.section(self.folder)
        if self.agents:
            names = [f"cmp{n}" for n in range(1, HOSTS + 1)]
            more += devices.describe(self.folder, self.nova.url, names) + PATIENT
        file.write_text(
            settings_for(kafka=self.broker.conf, redis=self.redis.url, clouds=self.nova.clouds, more=more)
        )
        return load([str(file)])

    # The middle.

    def _strike(self, event: Event) -> None:
        """Let one blow fall. One that finds its victim down already is told as missed."""
        try:
            what = self._blow(event)
        except ServerFailedError as missed:
            what = f"missed: {str(missed).splitlines()[0]}"
        except OSError as missed:
            what = f"missed: {missed}"
        lasting = f" for {event.seconds:.1f} s" if event.seconds and event.blow not in LASTS_NOT else ""
        self._line(f"{event.blow} {what}{lasting}".replace("  ", " "))

    def _blow(self, event: Event) -> str:
        """Let it fall and return what it met."""
        match event.blow:
            case Blow.LOSE:
                return self._lose(event)
            case Blow.SUSPECT:
                return self.town.suspect(event.whom)
            case Blow.KILL:
                return f"{event.name} {self.crew.kill(event.name)}"
            case Blow.PAUSE:
                self.crew.pause(event.name, event.seconds)
                return event.name
            case _ if event.blow in NOVA_BLOWS:
                return self.troubles.trouble_nova(event)
            case _ if event.blow in NEIGHBOUR | PARTS:
                return self._misbehave(event) if event.blow in NEIGHBOUR else self.parts.strike(event)
            case _ if event.blow in ISOLATION:
                assert self.isolation is not None
                return self.isolation.strike(event)
            case _:
                return self.troubles.take_away(event)

    def _misbehave(self, event: Event) -> str:
        """A bad neighbour writes; where he writes over the ledger, Redis must be there."""
        match event.blow:
            case Blow.SPOILED:
                return self.neighbour.spoil(event, self._views)
            case Blow.BURST:
                return self.neighbour.burst(event)
            case Blow.TEXTS:
                if "Redis" in self.troubles.away:
                    return self.troubles.put_off(event)
                return self.neighbour.write(event, self._views)
            case _:
                return self._lie(event)

    def _lie(self, event: Event) -> str:
        """An agent lies, and takes it back a little later."""
        told, back = self.neighbour.lie(event)
        if not back.told:
            return told
        self._in(event.seconds, f"taken back: {event.lie}", lambda: self.neighbour.take_back(back))
        return f"{told} for {event.seconds:.1f} s"

    def _lose(self, event: Event) -> str:
        """A host is lost, and perhaps its recovery is lain in wait for."""
        host = self.town.lose(event)
        if host is None:
            return "too few hosts are alive"
        if event.ambush is None:
            return f"{host}, told {event.manner}"
        self.lurker.lay(event.ambush, host, self.town.guests_on(host), time.monotonic())
        return f"{host}, told {event.manner}; {event.ambush.trap}"

    # What a trap does when it springs.

    def kill(self, name: str) -> str:
        """Kill a process of Kasugai's."""
        return f"{name} {self.crew.kill(name)}"

    def flush(self) -> str:
        """Redis forgets everything, if it is there."""
        return self.troubles.flush()

    def cut_replica(self) -> None:
        """The replica grows old from now on, if both are there."""
        self.troubles.cut_replica()

    def fail_over(self) -> str:
        """The replica takes over, if Redis is there."""
        return self.troubles.fail_over()

    def _pass(self, so: Callable[[], bool], *, repair: bool = True) -> None:
        """Let time pass until it is so, doing what is due."""
        while not so():
            self._tend(repair=repair)
            time.sleep(0.02)

    def _tend(self, *, repair: bool = True) -> None:
        now = time.monotonic()
        for due in [due for due in self._later if due[0] <= now]:
            self._later.remove(due)
            with suppress(ServerFailedError):
                due[2]()
            self._line(due[1])
        self.crew.tend()
        if self.broker.has_failed:
            self.broker.launch()
        if now - self._folded > 1.0:
            self._views = fold(self._seen())
            self._folded = time.monotonic()
            self._caught = bool(self.mutant and self.nova.read("witness"))
        self.town.tend(self._views, repair=repair)
        for host in self.isolation.tend() if self.isolation is not None else ():
            self._line(f"{host} was switched off by its device while it lived")
        self._lurk()
        if now - self._said > LINE_EVERY:
            self._said = now
            self._line(self._progress())

    def _lurk(self) -> None:
        with suppress(ServerFailedError, OSError):
            self.lurker.tend(self.told.seen, time.monotonic())

    # The end.

    def _settle(self) -> None:
        """Heal everything and wait until everything is over, or for as long as it may take."""
        self._line("no more blows: everything heals and settles")
        self.lurker.leave()
        self.nova.do("wire.heal")
        self.nova.do("no_valid_host", False)
        last, self._later = self._later, []
        for _, what, act in last:
            if not what.startswith("again"):
                with suppress(ServerFailedError):
                    act()
                self._line(what)
        self.crew.resume_all()
        if self.isolation is not None:
            self.isolation.settle()
        since = time.monotonic()
        self._pass(lambda: self._is_settled(time.monotonic() - since), repair=False)

    def _is_settled(self, waited: float) -> bool:
        if self._caught or waited > (SETTLE / 2 if self.mutant else SETTLE):
            return True
        views = [view for view in self._views if view.incident is not None]
        if self.town.has_more_to_say or unjudged(self.town.reporter.taken, list(self.told.seen)):
            return False
        if self.agents and self.town.away():
            return False
        if not all(self.town.closed(host, views) or self._is_held(host, waited) for host in self.town.lost):
            return False
        return all(is_over(view) or (is_held(view) and waited > HELD_FOR) for view in views)

    def _is_held(self, host: str, waited: float) -> bool:
        about = host_subject(host)
        own = [view for view in self._views if view.subject == about and view.incident is not None]
        return waited > HELD_FOR and bool(own) and all(is_over(view) or is_held(view) for view in own)

    def _close(self, events: list[Event]) -> Outcome:
        """Look at everything and judge it; what is wrong leaves all records in the folder."""
        took = self._now()
        judgement = judge(self._evidence())
        if judgement.violations or judgement.held:
            asyncio.run(self._keep())
        return Outcome(
            seed=self.seed,
            seconds=took,
            kills=self.crew.kills,
            blows=len(events),
            unreadable=self.neighbour.counts["unreadable"],
            texts=self.neighbour.counts["texts"],
            lies=self.neighbour.counts["lies"],
            dead_letters=len(self._buried & self.town.reporter.doomed.keys()),
            faults=len(self.town.reporter.taken),
            losses=self.town.losses.total(),
            cuts=self.isolation.counts.total() if self.isolation is not None else 0,
            fenced=sum(breach["wrong"] == "fenced" for breach in self.nova.read("witness")),
            judgement=judgement,
        )

    def _evidence(self) -> Told:
        time.sleep(1.0)  # the reader's last batch
        state = self.nova.read("state")
        runs: dict[str, list[str]] = {}
        for host, found in state["hosts"].items():
            for name in found["runs"]:
                runs.setdefault(name, []).append(host)
        for uuid, guest in state["guests"].items():
            guest["runs_on"] = sorted(runs.get(guest["name"], []))
            guest["wanted"] = self.town.wanted[uuid]
        seen = self._seen()
        by_eyes = asyncio.run(told(self.settings.kafka)) if self.agents else {}
        self._buried, of_nobody = asyncio.run(self._dead_letters())
        return Told(
            faults={event: fault.host for event, fault in self.town.reporter.taken.items()} | by_eyes,
            seen=seen,
            views=fold(seen),
            losses=self.town.losses,
            breaches=self.nova.read("witness"),
            guests=state["guests"],
            off=frozenset(name for name, host in state["hosts"].items() if host["power"] == "off"),
            ends=[*self.crew.ends, *(self.isolation.machines.ends if self.isolation else ())],
            leases=asyncio.run(self._leases()),
            wrongs=wrongs(self.parts, self.nova.read("requests"), state["hosts"]),
            left=left_disabled(self.parts, state["hosts"]),
            dead_letters=of_nobody,
            doomed=self.town.reporter.doomed,
            buried=self._buried,
            isolations=self.isolation.isolations if self.isolation is not None else {},
            away=self.town.away() if self.agents else (),
            mute=self._mute(),
        )

    def _mute(self) -> list[str]:
        """Return the hosts whose agents are not heard, after a little patience."""
        for _ in range(5):
            if not self._unheard():
                break
            self._tend(repair=False)
            time.sleep(1.0)
        return self._unheard()

    def _seen(self) -> list[Seen]:
        """Return what was told of incidents, but for those that a bad neighbour made up."""
        return [one for one in self.told.seen if not is_forged(one.value.incident)]

    async def _dead_letters(self) -> tuple[frozenset[Spot], Counter[str]]:
        """Return which records became dead letters, and how many of these a neighbour has not sent."""
        end = time.monotonic() + (0.0 if self.mutant else BURIED_WITHIN)
        buried, of_nobody = frozenset[Spot](), Counter[str]()
        while True:
            with suppress(LogAway):
                buried, of_nobody = await graves(self.settings.kafka)
            if self.town.reporter.doomed.keys() <= buried or time.monotonic() > end:
                return buried, of_nobody
            await asyncio.sleep(1.0)

    async def _leases(self) -> list[str]:
        """Return who is still leased after a lease's time."""
        end = time.monotonic() + 5
        async with RedisLedger.from_url(self.redis.url) as ledger:
            while True:
                with suppress(LedgerAway):
                    held = [each.name for each in self._subjects() if await ledger.is_leased(each)]
                    if not held or time.monotonic() > end:
                        return held
                await asyncio.sleep(0.2)

    def _subjects(self) -> list[Subject]:
        """Return everything that an incident was about."""
        return sorted({view.subject for view in self._views if view.incident is not None})

    async def _keep(self) -> None:
        """Write every topic's records, decoded, and Nova's state beside the logs."""
        for what in ("state", "witness", "diary", "requests"):
            (self.folder / f"{what}.json").write_text(json.dumps(self.nova.read(what), indent=1))
        for topic in contracts():
            if topic.endswith(DEAD_LETTERS):
                continue
            with suppress(LogAway), (self.folder / f"{topic}.jsonl").open("w") as file:
                async for line in tap(self.settings.kafka, topic):
                    file.write(line + "\n")

    # What is said.

    def _in(self, seconds: float, what: str, act: Callable[[], object]) -> None:
        self._later.append((time.monotonic() + seconds, what, lambda: (act(), None)[1]))

    def _now(self) -> float:
        return time.monotonic() - self._began

    def _line(self, text: str) -> None:
        self.say(f"{self._now():6.1f} s  {text}")

    def _progress(self) -> str:
        views = [view for view in self._views if view.incident is not None]
        open_ = [view for view in views if not is_over(view)]
        shown = ", ".join(
            f"{view.subject.title} {view.phase} {view.instances_done}/{len(view.instances)}" for view in open_
        )
        missing = len(unjudged(self.town.reporter.taken, list(self.told.seen)))
        return (
            f"... {self.town.losses.total()} lost, {len(views) - len(open_)} of {len(views)} incidents over, "
            f"{self.crew.kills} kills, {missing} faults without a verdict; {shown}"
        )


def _segments() -> list[WantedSegment]:
    names = [f"cmp{n}" for n in range(1, HOSTS + 1)]
    return [
        WantedSegment(name=rack, policy=POLICY, hosts=tuple(WantedHost(name=name) for name in hosts))
        for rack, hosts in (("rack1", names[::2]), ("rack2", names[1::2]))
    ]
