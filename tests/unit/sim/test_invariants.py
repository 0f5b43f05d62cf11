"""The watch as a whole: every watcher is registered, each sentence is said once, and a copy contradicts nothing."""

import asyncio
import inspect
import pkgutil
from collections.abc import Iterator
from importlib import import_module

from kasugai.core.words.signals import Fault, Source
from kasugai.core.words.timing import BrokerTime
from kasugai.schemas.topics import dead_letters_of
from kasugai.sim.cloud import SimCloud
from kasugai.sim.lab import invariants
from kasugai.sim.lab.broker import FAULTS, PEERS, REPORTED, Broker
from kasugai.sim.lab.invariants import WATCHERS, Invariants
from kasugai.sim.lab.invariants.watcher import OBEDIENCE, Sent, Watcher
from kasugai.sim.loop import run
from tests.unit.core.makers import HOST, alive, down

FENCE = Sent(action="fence", host=HOST)
DOWN = down(Source.CLUSTER)


def watched(*records: Fault | bytes, topic: str = FAULTS, fences: int = 1) -> list[str]:
    """Return what breaks when these records stand in the log one millisecond apart, and the host is fenced later."""

    async def main() -> list[str]:
        watch, broker = Invariants(SimCloud(asyncio.get_running_loop())), Broker()
        watch.watch(broker)
        for record in records:
            broker.append(topic, HOST, record)
            await asyncio.sleep(0.001)
        for _ in range(fences):
            watch.saw(FENCE, BrokerTime(broker.now() + OBEDIENCE))
        return watch.broken

    return run(main())


def below(kind: type[object]) -> Iterator[type[object]]:
    for each in kind.__subclasses__():
        yield each
        yield from below(each)


def test_every_watcher_is_registered_and_says_its_invariant() -> None:
    for module in pkgutil.iter_modules(invariants.__path__):
        import_module(f"{invariants.__name__}.{module.name}")
    assert set(WATCHERS) == {each for each in below(Watcher) if not inspect.isabstract(each)}
    assert all(watcher.__doc__ and watcher.__doc__.strip().endswith(".") for watcher in WATCHERS)


def test_a_sentence_is_said_once() -> None:
    assert watched(alive(), fences=2) == ["cmp1 was fenced although it had been seen alive"]


def test_what_is_reported_is_watched_too() -> None:
    assert watched(alive(Source.REPORTED), topic=REPORTED) != []


def test_a_lie_is_no_sign_of_life() -> None:
    """The topic may not carry it, so route must not believe it either."""
    lie = alive(Source.PEER, observer="host/cmp9")
    assert watched(lie, topic=PEERS) == []


def test_a_lie_is_a_dead_letter_or_it_is_told() -> None:
    lie = alive(Source.PEER, observer="host/cmp9")
    assert uncovered(lie) == [f"no verdict covers: alive of {lie.subject} by host/cmp9"]
    assert uncovered(lie, dead_letters_of(PEERS)) == []


def uncovered(fault: Fault, *also: str) -> list[str]:
    """Return what breaks at the end when a fault stands on the agents' topic, and on others too."""

    async def main() -> list[str]:
        watch, broker = Invariants(SimCloud(asyncio.get_running_loop())), Broker()
        watch.watch(broker)
        for topic in (PEERS, *also):
            broker.append(topic, HOST, fault)
        watch.at_end(())
        return watch.broken

    return run(main())


def test_a_copy_of_a_sign_of_life_contradicts_nothing() -> None:
    assert watched(alive(), DOWN) == []
    assert watched(alive(), DOWN, alive()) == []
    assert watched(alive(), DOWN, alive(episode="a2")) != []


def test_a_copy_of_a_witness_does() -> None:
    assert watched(DOWN, alive(), DOWN) == []


def test_what_cannot_be_read_is_no_sign_of_anything() -> None:
    assert watched(b"rubbish", b"") == []
