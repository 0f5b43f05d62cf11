"""Traps spring at the moment that they wait for: the k-th evacuate call of their own host's recovery."""

from collections.abc import Sequence
from typing import Any, cast

from kasugai.core.telling.incident_views import Seen
from kasugai.core.words.facts import FactKind
from kasugai.core.words.timing import BrokerTime
from tests.chaos.ambush import Ambush, Trap
from tests.chaos.lurker import PATIENCE, Lurker
from tests.chaos.servers import NovaProcess
from tests.support.incidents import said

HOST = "cmp1"


class FakeNova:
    """Keeps what it is told, and answers with the requests that a test puts there."""

    def __init__(self) -> None:
        self.requests: list[dict[str, str]] = []
        self.said: list[tuple[Any, ...]] = []

    def do(self, verb: str, *args: object, **kwargs: object) -> None:
        self.said.append((verb, *args))

    def read(self, what: str) -> Sequence[dict[str, str]]:
        return self.requests[int(what.partition("since=")[2]) :]

    def evacuate(self, guest: str) -> None:
        self.requests.append({"action": "evacuate", "subject": guest})


class Struck:
    """Writes down what falls."""

    def __init__(self) -> None:
        self.blows: list[str] = []

    def flush(self) -> str:
        return self._note("flush")

    def cut_replica(self) -> None:
        self._note("cut")

    def fail_over(self) -> str:
        return self._note("fail over")

    def kill(self, name: str) -> str:
        return self._note(f"kill {name}")

    def _note(self, what: str) -> str:
        self.blows.append(what)
        return what


class Scene:
    """One trap at HOST, whose guests are a, b and c, laid at second 100."""

    def __init__(self, trap: Trap, *, call: int = 2, after: float = 0.5, late: float = 0.0) -> None:
        self.nova, self.struck, self.said = FakeNova(), Struck(), list[str]()
        self.nova.evacuate("a")  # before the loss: not counted
        self.lurker = Lurker(cast(NovaProcess, self.nova), self.struck, self.said.append)
        ambush = Ambush(trap=trap, call=call, after=after, late=late, name="correlate-2")
        self.lurker.lay(ambush, HOST, frozenset("abc"), 100.0)

    def at(self, now: float, *seen: Seen) -> list[str]:
        """Return what has fallen by then."""
        self.lurker.tend(seen, now)
        return self.struck.blows


def adopted(author: str) -> Seen:
    return Seen(at=BrokerTime(0), offset=0, value=said(FactKind.ADOPTED, author=author))


def test_a_flush_falls_after_the_kth_call_of_that_recovery() -> None:
    scene = Scene(Trap.FLUSH)
    for guest in ("a", "someone on another host"):
        scene.nova.evacuate(guest)
    assert scene.at(101.0) == []
    scene.nova.evacuate("b")
    assert scene.at(102.0) == []
    assert scene.at(102.4) == []
    assert scene.at(102.6) == ["flush"]
    scene.nova.evacuate("c")
    assert scene.at(109.0) == ["flush"]


def test_calls_of_its_own_guests_are_late_and_of_nobody_else() -> None:
    scene = Scene(Trap.FLUSH, late=2.2)
    assert scene.nova.said == [("wire.slow", 2.2, "evacuate", guest) for guest in "abc"]


def test_a_mute_trap_loses_the_replies_of_so_many_guests() -> None:
    scene = Scene(Trap.MUTE, call=2)
    assert scene.nova.said == [("wire.lose_replies", "evacuate", guest) for guest in "ab"]
    assert scene.at(101.0) == []


def test_the_owner_is_killed_who_spoke_last() -> None:
    scene = Scene(Trap.KILL, call=1, after=0.0)
    scene.nova.evacuate("a")
    assert scene.at(101.0, adopted("worker-1#abc/x/1"), adopted("worker-2#def/x/1")) == ["kill worker-2"]


def test_a_flush_waits_for_the_word_of_the_killed_owners_successor() -> None:
    scene = Scene(Trap.KILL_AND_FLUSH, call=1)
    scene.nova.evacuate("a")
    first = adopted("worker-1#abc/x/1")
    assert scene.at(101.0, first) == ["kill worker-1"]
    assert scene.at(103.0, first) == ["kill worker-1"]
    again = adopted("worker-1#fed/x/1")
    assert scene.at(104.0, first, again) == ["kill worker-1"]
    assert scene.at(104.6, first, again) == ["kill worker-1", "flush"]


def test_an_owner_that_nobody_knows_is_not_killed() -> None:
    scene = Scene(Trap.KILL_AND_FLUSH, call=1)
    scene.nova.evacuate("a")
    assert scene.at(101.0) == []
    assert "nobody is known to own it" in scene.said[0]


def test_the_replica_grows_old_from_the_loss_on() -> None:
    scene = Scene(Trap.FAILOVER, call=1, after=0.0)
    assert scene.struck.blows == ["cut"]
    scene.nova.evacuate("c")
    assert scene.at(101.0) == ["cut", "fail over"]


def test_a_processor_is_killed_without_any_call() -> None:
    scene = Scene(Trap.CHORUS)
    assert scene.at(100.4) == []
    assert scene.at(100.6) == ["kill correlate-2"]


def test_a_trap_that_nobody_goes_into_is_taken_away() -> None:
    scene = Scene(Trap.FLUSH, call=1)
    assert scene.at(100.0 + PATIENCE + 1) == []
    scene.nova.evacuate("a")
    assert scene.at(100.0 + PATIENCE + 2) == []
    assert scene.said == [f"nobody went into the trap at {HOST}: {Trap.FLUSH}"]
