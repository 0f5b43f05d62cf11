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
from tests.chaos.judge import Judgement, Spot, Told, is_held, is_over, judge, unjudged
from tests.chaos.lurker import Lurker
from tests.chaos.neighbour import Neighbour
from tests.chaos.parts import Parts, left_disabled, wrongs
from tests.chaos.reporter import Reporter
from tests.chaos.schedule import Blow, Event, draw
from tests.chaos.servers import Broker, NovaProcess, RedisPair
from tests.chaos.spoiled import is_forged
from tests.chaos.town import HOSTS, Town
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
LINE_EVERY = 5.0
LATE = (0.4, 1.8)
"""By how many seconds a slow Nova is late: clients wait one, and a request is off the wire after two more."""
AGAIN = 2.5
"""Seconds until a blow is tried again whose victim was away."""
BURIED_WITHIN = 75.0
"""Seconds after which every doomed record is a dead letter: a topic of faults may rest for 60."""
NOVA_BLOWS = frozenset(
    {Blow.NOVA_SLOW, Blow.NOVA_BUSY, Blow.NOVA_MUTE, Blow.NOVA_GONE, Blow.CONDUCTOR, Blow.FULL}
)
NEIGHBOUR = frozenset({Blow.SPOILED, Blow.BURST, Blow.TEXTS, Blow.LIE})
PARTS = frozenset({Blow.GUEST, Blow.PROCESS, Blow.OPERATOR})
LASTS_NOT = NEIGHBOUR | PARTS | {Blow.LOSE}

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
    broker: Broker = field(default_factory=Broker)
    redis: RedisPair = field(default_factory=RedisPair)
    _kills: int = 0
    _later: list[tuple[float, str, Callable[[], None]]] = field(default_factory=list)
    _away: set[str] = field(default_factory=set)
    _views: tuple[IncidentView, ...] = ()
    _folded: float = 0.0
    _said: float = 0.0
    _began: float = 0.0
    _buried: frozenset[Spot] = frozenset()
    _caught: bool = False
    """Whether the witness has seen a mutant's mistake: there is nothing to wait for any more."""

    def play(self) -> Outcome:
        """Do it all and return what came of it."""
        events = draw(self.seed, self.seconds)
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
        self.broker.start()
        stack.callback(self.broker.stop)
        self.redis.start()
        stack.callback(self.redis.stop)
        self.nova = NovaProcess(self.folder, hosts=HOSTS, seed=self.seed, spawn=SPAWN)
        self.nova.start()
        stack.callback(self.nova.stop)
        self.settings = self._configure()
        Topics(self.settings).apply(wanted(self.settings))
        self.crew = Crew(self.folder, self.folder / "kasugai.conf", mutant=self.mutant)
        stack.callback(self.crew.stop)
        self.crew.start()
        self._describe()
        self.told = telling.Told()
        stack.callback(self.told.end)
        self.told.begin(self.settings.kafka)
        reporter = Reporter(self.settings.kafka)
        stack.callback(reporter.stop)
        self.town = Town(self.nova, reporter, dict(reporter.start(HOSTS)), random.Random(self.seed))
        self.town.settle()
        self.parts = Parts(self.town)
        self.town.repaired = self.parts.repaired
        self.neighbour = Neighbour(self.town, self.redis)
        self.lurker = Lurker(self.nova, self, self._line)
        deadline = time.monotonic() + 90
        while idle := self.crew.idle():
            self.crew.tend()
            if time.monotonic() > deadline:
                raise ServerFailedError(
                    f"not at work after 90 s: {', '.join(idle)}; logs are in {self.folder}"
                )
            time.sleep(0.05)

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
                self._trouble_nova(event.blow, event.seconds, event.whom)
            case _ if event.blow in NEIGHBOUR | PARTS:
                return self._misbehave(event) if event.blow in NEIGHBOUR else self.parts.strike(event)
            case _:
                return self._take_away(event)
        return ""

    def _misbehave(self, event: Event) -> str:
        """A bad neighbour writes; where he writes over the ledger, Redis must be there."""
        match event.blow:
            case Blow.SPOILED:
                return self.neighbour.spoil(event, self._views)
            case Blow.BURST:
                return self.neighbour.burst(event)
            case Blow.TEXTS:
                if "Redis" in self._away:
                    self._in(AGAIN, f"again: {event.blow}", lambda: self._strike(event))
                    return "are put off"
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
        if "Redis" in self._away:
            return "missed: Redis is away"
        self.redis.flush_all()
        return "done"

    def cut_replica(self) -> None:
        """The replica grows old from now on, if both are there."""
        if "Redis" not in self._away:
            self.redis.cut_replica()

    def fail_over(self) -> str:
        """The replica takes over, if Redis is there."""
        if "Redis" in self._away:
            return "missed: Redis is away"
        self.redis.fail_over()
        return "done"

    def _take_away(self, event: Event) -> str:
        """Kafka or Redis, one blow after another: one that meets an absence comes again when it is over."""
        server = "Kafka" if "Kafka" in event.blow else "Redis"
        if server in self._away:
            self._in(AGAIN, f"again: {event.blow}", lambda: self._strike(event))
            return "is put off"
        if server == "Kafka":
            self._hit_broker(event.blow, event.seconds)
        else:
            self._hit_redis(event.blow, event.seconds)
        return ""

    def _hit_broker(self, blow: Blow, seconds: float) -> None:
        match blow:
            case Blow.BROKER_KILL:
                self.broker.kill()
                self._until(seconds, "Kafka", "is started", self.broker.launch)
            case Blow.BROKER_RESTART:
                self.broker.shut_down()
                self._until(0.0, "Kafka", "is started", self.broker.launch)
            case _:
                self.broker.pause()
                self._until(seconds, "Kafka", "goes on", self.broker.resume)

    def _hit_redis(self, blow: Blow, seconds: float) -> None:
        match blow:
            case Blow.REDIS_KILL:
                self.redis.kill()
                self._until(seconds, "Redis", "is started", self.redis.restart)
            case Blow.REDIS_PAUSE:
                self.redis.pause()
                self._until(seconds, "Redis", "goes on", self.redis.resume)
            case Blow.FAILOVER:
                self.redis.cut_replica()
                self._until(seconds, "Redis", "is the older replica now", self.redis.fail_over)
            case _:
                self.redis.flush_all()

    def _until(self, seconds: float, server: str, what: str, act: Callable[[], object]) -> None:
        """A server is away until then; `act` brings it back."""
        self._away.add(server)

        def back() -> None:
            act()
            self._away.discard(server)

        self._in(seconds, f"{server} {what}", back)

    def _trouble_nova(self, blow: Blow, seconds: float, whom: float) -> None:
        """What Nova does badly for a while."""
        match blow:
            case Blow.NOVA_SLOW:
                self.nova.do("wire.slow", LATE[0] + whom * (LATE[1] - LATE[0]), lasting=seconds)
            case Blow.NOVA_BUSY:
                self.nova.do("wire.answer_503", seconds)
            case Blow.NOVA_MUTE:
                self.nova.do("wire.lose_replies", lasting=seconds)
            case Blow.NOVA_GONE:
                self.nova.do("wire.refuse_connections", seconds)
            case Blow.CONDUCTOR:
                self.nova.do("slow_conductor", seconds)
                self._in(seconds, "the conductor is quick", lambda: self.nova.do("slow_conductor", 0))
            case Blow.FULL:
                self.nova.do("no_valid_host", True)
                self._in(seconds, "there are valid hosts", lambda: self.nova.do("no_valid_host", False))
            case _:
                raise ValueError(blow)

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
        since = time.monotonic()
        self._pass(lambda: self._is_settled(time.monotonic() - since), repair=False)

    def _is_settled(self, waited: float) -> bool:
        if self._caught or waited > (SETTLE / 2 if self.mutant else SETTLE):
            return True
        views = [view for view in self._views if view.incident is not None]
        if self.town.has_more_to_say or unjudged(self.town.reporter.taken, list(self.told.seen)):
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
        self._buried, of_nobody = asyncio.run(self._dead_letters())
        return Told(
            faults={event: fault.host for event, fault in self.town.reporter.taken.items()},
            seen=seen,
            views=fold(seen),
            losses=self.town.losses,
            breaches=self.nova.read("witness"),
            guests=state["guests"],
            off=frozenset(name for name, host in state["hosts"].items() if host["power"] == "off"),
            ends=self.crew.ends,
            leases=asyncio.run(self._leases()),
            wrongs=wrongs(self.parts, self.nova.read("requests"), state["hosts"]),
            left=left_disabled(self.parts, state["hosts"]),
            dead_letters=of_nobody,
            doomed=self.town.reporter.doomed,
            buried=self._buried,
        )

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
