"""The watch as a whole: every watcher is registered, each sentence is said once, and a copy contradicts nothing."""

import asyncio
import pkgutil
from importlib import import_module

from kasugai.core.words.signals import Fault
from kasugai.core.words.timing import BrokerTime
from kasugai.sim.cloud import SimCloud
from kasugai.sim.lab import invariants
from kasugai.sim.lab.broker import FAULTS, REPORTED, Broker
from kasugai.sim.lab.invariants import WATCHERS, Invariants
from kasugai.sim.lab.invariants.watcher import OBEDIENCE, Sent, Watcher
from kasugai.sim.loop import run
from tests.unit.core.makers import HOST, alive, down

FENCE = Sent(action="fence", host=HOST)


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


def test_every_watcher_is_registered_and_says_its_invariant() -> None:
    for module in pkgutil.iter_modules(invariants.__path__):
        import_module(f"{invariants.__name__}.{module.name}")
    assert set(WATCHERS) == set(Watcher.__subclasses__())
    assert all(watcher.__doc__ and watcher.__doc__.strip().endswith(".") for watcher in WATCHERS)


def test_a_sentence_is_said_once() -> None:
    assert watched(alive(), fences=2) == ["cmp1 was fenced although it had been seen alive"]


def test_what_is_reported_is_watched_too() -> None:
    assert watched(alive(), topic=REPORTED) != []


def test_a_copy_of_a_sign_of_life_contradicts_nothing() -> None:
    assert watched(alive(), down()) == []
    assert watched(alive(), down(), alive()) == []
    assert watched(alive(), down(), alive(episode="a2")) != []


def test_a_copy_of_a_witness_does() -> None:
    assert watched(down(), alive(), down()) == []


def test_what_cannot_be_read_is_no_sign_of_anything() -> None:
    assert watched(b"rubbish", b"") == []
