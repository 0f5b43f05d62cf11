"""What a seed does to the pipeline, and when: a list of blows drawn before anything runs. Pure.

The same seed and length give the same list. Whom a blow meets is drawn too, as a number between 0 and 1: who stands
there at that moment is known only then.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from tests.chaos.ambush import Ambush, Trap, ambushes
from tests.chaos.lies import Lie

PROCESSES = ("route-1", "route-2", "correlate-1", "correlate-2", "worker-1", "worker-2")
"""Everything of Kasugai's that runs, by instance name."""

KILLS_PER_MINUTE = 7.5
WARM_UP = 3.0
"""Seconds before the first blow: the first hosts are lost then."""
CALM = 12.0
"""Seconds at the end without a blow (at most a fifth of the run), so that the last ones do what they can."""


class Blow(StrEnum):
    """The kinds of what happens."""

    LOSE = "lose a host"
    KILL = "kill -9"
    PAUSE = "SIGSTOP"
    BROKER_KILL = "kill -9 Kafka"
    BROKER_RESTART = "restart Kafka"
    BROKER_PAUSE = "SIGSTOP Kafka"
    REDIS_KILL = "kill -9 Redis"
    REDIS_PAUSE = "SIGSTOP Redis"
    FLUSHALL = "FLUSHALL"
    FAILOVER = "fail over to an older replica"
    NOVA_SLOW = "Nova is slow"
    NOVA_BUSY = "Nova answers 503"
    NOVA_MUTE = "Nova's replies are lost"
    NOVA_GONE = "Nova refuses connections"
    CONDUCTOR = "the conductor is slow"
    FULL = "no valid host"
    SUSPECT = "one witness against a living host"
    SPOILED = "unreadable records"
    BURST = "unreadable records among reports"
    TEXTS = "foreign texts in Redis"
    LIE = "an agent lies:"
    GUEST = "guests die on"
    PROCESS = "nova-compute's like fails on"
    OPERATOR = "an operator disables"
    AGENT = "kill -9 the agent of"
    CUT = "cut off from Kafka:"
    CUT_OFF = "cut off from Kafka and its peers:"
    ISOLATE = "cut off from everything:"
    CLOCK = "the clock jumps on"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One blow."""

    at: float
    """Seconds after the beginning."""
    blow: Blow
    whom: float
    """Between 0 and 1: which of those that stand there."""
    name: str = ""
    """The process, for KILL and PAUSE."""
    seconds: float = 0.0
    """How long it lasts, or by how much."""
    manner: str = ""
    """LOSE: how the news comes, a word of `MANNERS`."""
    ambush: Ambush | None = None
    """LOSE: what waits for the recovery."""
    salt: int = 0
    """What a bad neighbour draws from."""
    lie: str = ""
    """LIE: which one, a word of `Lie`."""


UNSAID = "found by silence"
"""How the news of a loss comes where there are agents, mostly: nobody says anything."""
MANNERS = ("at once", "twice", "late", "unsure first", "twice and a day later")
"""at once: asserted as soon as it is lost; twice: the same fault again within 3 s; late: asserted 4-9 s later; unsure
first: a report without an assertion, then one with; twice and a day later: again when the host is back."""

RARE: tuple[tuple[Blow, float, float, float], ...] = (
    (Blow.FLUSHALL, 0.55, 0, 0),
    (Blow.FAILOVER, 0.5, 1.0, 3.0),
    (Blow.REDIS_KILL, 0.5, 0.5, 4.0),
    (Blow.REDIS_PAUSE, 0.35, 2.0, 5.0),
    (Blow.BROKER_KILL, 0.55, 0.2, 2.0),
    (Blow.BROKER_RESTART, 0.35, 0, 0),
    (Blow.BROKER_PAUSE, 0.35, 2.0, 5.0),
    (Blow.NOVA_SLOW, 0.7, 2.0, 6.0),
    (Blow.NOVA_BUSY, 0.7, 1.0, 6.0),
    (Blow.NOVA_MUTE, 0.7, 0.5, 4.0),
    (Blow.NOVA_GONE, 0.5, 1.0, 5.0),
    (Blow.CONDUCTOR, 0.5, 2.0, 8.0),
    (Blow.FULL, 0.35, 1.0, 4.0),
    (Blow.SUSPECT, 1.0, 0, 0),
)
"""How often per minute, and between which two numbers of seconds."""

PARTS: tuple[tuple[Blow, float, float, float], ...] = (
    (Blow.GUEST, 6.0, 0, 0),
    (Blow.PROCESS, 4.0, 3.0, 12.0),
    (Blow.OPERATOR, 1.5, 0, 0),
)
"""The same of what fails on hosts that live; a process is back after so many seconds. Drawn by a chance of their own.
"""

NEIGHBOURS: tuple[tuple[Blow, float, float, float], ...] = (
    (Blow.SPOILED, 6.0, 0, 0),
    (Blow.BURST, 2.0, 0, 0),
    (Blow.TEXTS, 7.0, 0, 0),
    (Blow.LIE, 5.0, 1.0, 6.0),
)
"""The same of a bad neighbour's; a lie is taken back after so many seconds. They are drawn by a chance of their own."""

AGENTS: tuple[tuple[Blow, float, float, float], ...] = (
    (Blow.AGENT, 6.0, 0.0, 8.0),
    (Blow.CUT, 4.0, 3.0, 12.0),
    (Blow.CUT_OFF, 2.0, 4.0, 12.0),
    (Blow.ISOLATE, 1.0, 6.0, 15.0),
    (Blow.CLOCK, 5.0, 4.0, 15.0),
)
"""The same of hosts with agents: what is cut off is healed after so many seconds, a killed agent is started again, a
clock is right again. Drawn by a chance of their own, like the kills of those who watch."""
EYES = ("liveness-1", "liveness-2", "observe-1")
"""What sees hosts die, by instance name; it runs where there are agents."""
EYES_KILLED, EYES_PAUSED = 3.0, 1.0
"""How often per minute one of them is killed, or stopped in its tracks."""
UNSAID_SHARE = 0.7

PAUSE_SECONDS = (7.5, 10.0)
"""Longer than a session (6 s) and a lease (3 s) of the test profile, with the time that it takes to be noticed."""
PAUSES_PER_MINUTE = 2.4
LOSSES_PER_MINUTE = 5.5


def draw(seed: int, seconds: float, *, agents: bool = False) -> list[Event]:
    """Return all blows in their order, for a run of so many seconds; with `agents`, their own besides."""
    chance = random.Random(seed)
    events = [
        *_losses(chance, ambushes(seed), seconds),
        *_by_process(chance, seconds, Blow.KILL, KILLS_PER_MINUTE, (0.0, 0.0)),
        *_by_process(chance, seconds, Blow.PAUSE, PAUSES_PER_MINUTE, PAUSE_SECONDS),
        *_rare(chance, seconds),
        *_salted(random.Random(f"{seed}: parts"), seconds, PARTS),
        *_neighbours(random.Random(f"{seed}: neighbours"), seconds),
    ]
    if agents:
        own = random.Random(f"{seed}: agents")
        events = [_unsaid(own, event) for event in events]
        events += _of_agents(own, seconds)
    return sorted(events, key=lambda event: event.at)


def count(chance: random.Random, rate: float, seconds: float) -> int:
    """Return how often something happens in so many seconds at so many a minute; chance decides about the fraction."""
    return int(rate * seconds / 60 + chance.random())


def _losses(chance: random.Random, traps: Iterator[Ambush | None], seconds: float) -> Iterator[Event]:
    number = max(2, count(chance, LOSSES_PER_MINUTE, seconds))
    step = (seconds - _calm(seconds)) / number
    for n in range(number):
        yield Event(
            at=n * step + chance.uniform(0, step / 2),
            blow=Blow.LOSE,
            whom=chance.random(),
            manner=MANNERS[n % len(MANNERS)],
            seconds=chance.uniform(4.0, 9.0),
            ambush=next(traps),
        )


def _unsaid(chance: random.Random, event: Event) -> Event:
    """Most losses are told by nobody where there are agents; but a trap of many reports needs them."""
    is_told = event.ambush is not None and event.ambush.trap is Trap.CHORUS
    if event.blow is not Blow.LOSE or chance.random() > UNSAID_SHARE or is_told:
        return event
    return replace(event, manner=UNSAID)


def _of_agents(chance: random.Random, seconds: float) -> Iterator[Event]:
    yield from _salted(chance, seconds, AGENTS)
    yield from _by_process(chance, seconds, Blow.KILL, EYES_KILLED, (0.0, 0.0), EYES)
    yield from _by_process(chance, seconds, Blow.PAUSE, EYES_PAUSED, PAUSE_SECONDS, EYES)


def _by_process(
    chance: random.Random,
    seconds: float,
    blow: Blow,
    rate: float,
    lasting: tuple[float, float],
    who: Sequence[str] = PROCESSES,
) -> Iterator[Event]:
    """Each process in turn, in an order of the seed's."""
    names = list(who)
    chance.shuffle(names)
    for n in range(max(1, count(chance, rate, seconds))):
        yield Event(
            at=_moment(chance, seconds),
            blow=blow,
            whom=chance.random(),
            name=names[n % len(names)],
            seconds=chance.uniform(*lasting),
        )


def _rare(chance: random.Random, seconds: float) -> Iterator[Event]:
    for blow, rate, least, most in RARE:
        for _ in range(max(int(blow is Blow.FLUSHALL), count(chance, rate, seconds))):
            yield Event(
                at=_moment(chance, seconds),
                blow=blow,
                whom=chance.random(),
                seconds=chance.uniform(least, most),
            )


def _salted(
    chance: random.Random, seconds: float, kinds: Sequence[tuple[Blow, float, float, float]]
) -> Iterator[Event]:
    for blow, rate, least, most in kinds:
        for _ in range(max(1, count(chance, rate, seconds))):
            yield Event(
                at=_moment(chance, seconds),
                blow=blow,
                whom=chance.random(),
                seconds=chance.uniform(least, most),
                salt=chance.randrange(1 << 32),
            )


def _neighbours(chance: random.Random, seconds: float) -> Iterator[Event]:
    """Each kind of lie in turn, in an order of the seed's."""
    lies = chance.sample(list(Lie), len(Lie))
    for blow, rate, least, most in NEIGHBOURS:
        for n in range(max(1, count(chance, rate, seconds))):
            yield Event(
                at=_moment(chance, seconds),
                blow=blow,
                whom=chance.random(),
                seconds=chance.uniform(least, most),
                salt=chance.randrange(1 << 32),
                lie=lies[n % len(lies)] if blow is Blow.LIE else "",
            )


def _moment(chance: random.Random, seconds: float) -> float:
    return chance.uniform(WARM_UP, seconds - _calm(seconds))


def _calm(seconds: float) -> float:
    return min(CALM, seconds / 5)
