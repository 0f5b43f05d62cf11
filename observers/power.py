"""Whose power is asked for, and what an answer is worth: suspected hosts only, each now and then, nothing switched.

Off is proof. On says nothing (a host that hangs is on), but takes back that it was off. A device that does not answer
has no opinion.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import Protocol, assert_never

from kasugai.core.recovering.look import PowerState
from kasugai.core.words.signals import Source, Symptom
from kasugai.core.words.verdicts import Verb, Verdict
from kasugai.observers.seen import Seen

BEGIN = frozenset({Verb.SUSPECT, Verb.HOLD, Verb.OPEN, Verb.REOPEN, Verb.VETO, Verb.RETRY})
"""What correlate says of a host whose power matters now."""
END = frozenset({Verb.WITHDRAW, Verb.CLOSE, Verb.READMIT})
"""What it says when nothing stands against it any more, or all has been done."""
MOST = 64
"""So many hosts are asked about in a round at most, those first that have waited longest: in a storm nobody drowns the
network that BMCs share."""


class Suspects:
    """Whom correlate suspects, by its verdicts."""

    def __init__(self) -> None:
        """Nobody is."""
        self._hosts: set[str] = set()

    def hear(self, verdict: Verdict) -> None:
        """Take a verdict over, in the order of its host's partition."""
        if not verdict.subject.is_host:
            return
        if verdict.verb in BEGIN:
            self._hosts.add(verdict.subject.host)
        elif verdict.verb in END:
            self._hosts.discard(verdict.subject.host)

    @property
    def hosts(self) -> frozenset[str]:
        """The suspected ones."""
        return frozenset(self._hosts)


class Power(Protocol):
    """What reads a host's power (`adapters.power.Fencing`); the reader of evidence knows no way to switch."""

    def has(self, host: str) -> bool:
        """Whether a device is configured for exactly this host."""
        ...

    async def read(self, host: str) -> PowerState:
        """Return the host's power by the first device that answers; UNKNOWN when none does."""
        ...


class PowerWatch:
    """The power of suspected hosts."""

    source = Source.POWER

    def __init__(
        self, name: str, power: Power, suspects: Suspects, *, every: float, new_episode: Callable[[], str]
    ) -> None:
        """`every`: seconds between two readings of one host at least. `new_episode` names what begins now."""
        self._new_episode = new_episode
        self.name = f"power/{name}"
        self._power = power
        self._suspects = suspects
        self._every = every
        self._read: dict[str, float] = {}
        """By suspected host: when it was read last."""
        self._off: dict[str, str] = {}
        """By host that reads off: its episode."""

    async def look(self, hosts: Collection[str], now: float) -> Sequence[Seen]:
        """See `Watch`."""
        suspected = {host for host in self._suspects.hosts if host in hosts and self._power.has(host)}
        self._read = {host: at for host, at in self._read.items() if host in suspected}
        self._off = {host: episode for host, episode in self._off.items() if host in suspected}
        states = await self._states(self._whose_turn(suspected, now))
        self._read |= dict.fromkeys(states, now)
        said = [self._seen(host, state) for host, state in sorted(states.items())]
        return [seen for seen in said if seen is not None]

    def _whose_turn(self, suspected: Collection[str], now: float) -> list[str]:
        due = [host for host in suspected if now - self._read.get(host, float("-inf")) >= self._every]
        return sorted(due, key=lambda host: (self._read.get(host, float("-inf")), host))[:MOST]

    async def _states(self, hosts: Sequence[str]) -> dict[str, PowerState]:
        states = await asyncio.gather(*(self._power.read(host) for host in hosts))
        return dict(zip(hosts, states, strict=True))

    def _seen(self, host: str, state: PowerState) -> Seen | None:
        match state:
            case PowerState.OFF:
                episode = self._off.get(host) or self._new_episode()
                self._off[host] = episode
                return Seen(host=host, symptom=Symptom.OFF, episode=episode)
            case PowerState.ON if host in self._off:
                return Seen(host=host, symptom=Symptom.CLEAR, episode=self._off.pop(host))
            case PowerState.ON | PowerState.UNKNOWN:
                return None
            case _:
                assert_never(state)
