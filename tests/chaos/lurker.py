"""Springs the traps of `ambush`: watches Nova's door and the topics for the moment that each of them waits for.

It strikes through `Blows`, and knows neither what the pipeline should do nor whether it does.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from kasugai.core.telling.incident_views import Seen
from kasugai.core.words.facts import Fact, FactKind
from tests.chaos.ambush import Ambush, Trap
from tests.chaos.servers import NovaProcess

PATIENCE = 45.0
"""Seconds after which a trap into which nobody has gone is taken away."""
LOOK_EVERY = 0.03
KILLS = frozenset({Trap.KILL, Trap.KILL_AND_FLUSH})


class Blows(Protocol):
    """What a trap does when it springs; each returns what it met."""

    def flush(self) -> str:
        """FLUSHALL."""

    def cut_replica(self) -> None:
        """The replica grows old from now on."""

    def fail_over(self) -> str:
        """An older replica takes over."""

    def kill(self, name: str) -> str:
        """Kill a process with -9."""


@dataclass(slots=True)
class Laid:
    """A trap that waits."""

    ambush: Ambush
    host: str
    guests: frozenset[str]
    """Whose evacuate calls are counted: those who stood on the host when it was lost."""
    at: float
    calls: int = 0
    due: float | None = None
    """When it springs, once that is known."""
    killed: str = ""
    """KILL_AND_FLUSH: the owner that is gone."""


class Lurker:
    """All traps of a run."""

    def __init__(self, nova: NovaProcess, blows: Blows, say: Callable[[str], None]) -> None:
        """Nothing is laid yet."""
        self._nova, self._blows, self._say = nova, blows, say
        self._laid: list[Laid] = []
        self._read = 0
        self._looked = 0.0

    def lay(self, ambush: Ambush, host: str, guests: frozenset[str], now: float) -> None:
        """Lay a trap for the recovery of a host that was just lost; `now` is the caller's monotonic clock."""
        if not self._laid:
            self._read += len(self._nova.read(f"requests?since={self._read}"))
        laid = Laid(ambush, host, guests, now)
        if ambush.late:
            for guest in sorted(guests):
                self._nova.do("wire.slow", ambush.late, "evacuate", guest, times=1, lasting=PATIENCE)
        match ambush.trap:
            case Trap.MUTE:
                for guest in sorted(guests)[: ambush.call]:
                    self._nova.do("wire.lose_replies", "evacuate", guest, times=1, lasting=PATIENCE)
                return
            case Trap.CHORUS:
                laid.due = now + ambush.after
            case Trap.FAILOVER:
                self._blows.cut_replica()
            case _:
                pass
        self._laid.append(laid)

    def tend(self, seen: Sequence[Seen], now: float) -> None:
        """Spring what is due, and take away what nobody went into. Call it often."""
        if not self._laid or now - self._looked < LOOK_EVERY:
            return
        self._looked = now
        self._count(now)
        for laid in list(self._laid):
            if laid.killed and laid.due is None and _has_successor(laid, seen):
                laid.due = now + laid.ambush.after
            if laid.due is not None and laid.due <= now:
                self._spring(laid, seen)
            elif now - laid.at > PATIENCE:
                self._laid.remove(laid)
                self._say(f"nobody went into the trap at {laid.host}: {laid.ambush.trap}")

    def leave(self) -> None:
        """Lie in wait no more."""
        self._laid.clear()

    def _count(self, now: float) -> None:
        """Count evacuate calls as they are sent, whether or not they have arrived."""
        requests: list[dict[str, Any]] = self._nova.read(f"requests?since={self._read}")
        self._read += len(requests)
        for request in requests:
            for laid in self._laid:
                if request["action"] != "evacuate" or request["subject"] not in laid.guests:
                    continue
                laid.calls += 1
                if laid.calls == laid.ambush.call and laid.due is None and not laid.killed:
                    kills_first = laid.ambush.trap is Trap.KILL_AND_FLUSH
                    laid.due = now if kills_first else now + laid.ambush.after

    def _spring(self, laid: Laid, seen: Sequence[Seen]) -> None:
        """Let it fall. The one that kills first and flushes later stays for its second half."""
        trap, laid.due = laid.ambush.trap, None
        is_first = trap in KILLS and not laid.killed
        met = self._kill_owner(laid, seen) if is_first else self._strike(laid.ambush)
        if not (is_first and laid.killed and trap is Trap.KILL_AND_FLUSH):
            self._laid.remove(laid)
        self._say(f"trap at {laid.host} after {laid.calls} calls: {trap}: {met}")

    def _strike(self, ambush: Ambush) -> str:
        match ambush.trap:
            case Trap.CHORUS:
                return self._blows.kill(ambush.name)
            case Trap.FAILOVER:
                return self._blows.fail_over()
            case _:
                return self._blows.flush()

    def _kill_owner(self, laid: Laid, seen: Sequence[Seen]) -> str:
        laid.killed = _owner(laid.host, seen)
        if not laid.killed:
            return "nobody is known to own it"
        return self._blows.kill(laid.killed.partition("#")[0])


def _owner(host: str, seen: Sequence[Seen]) -> str:
    """Return the author of the last word about the host, "" if there is none."""
    authors = (
        one.value.author for one in reversed(seen) if isinstance(one.value, Fact) and one.value.host == host
    )
    return next(authors, "")


def _has_successor(laid: Laid, seen: Sequence[Seen]) -> bool:
    """Whether somebody else than the one that was killed has the host now."""
    facts = (
        one.value for one in reversed(seen) if isinstance(one.value, Fact) and one.value.host == laid.host
    )
    last = next((fact for fact in facts if fact.kind is FactKind.ADOPTED), None)
    return last is not None and last.author.partition("/")[0] != laid.killed.partition("/")[0]
