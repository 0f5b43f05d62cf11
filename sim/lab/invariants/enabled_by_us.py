"""Whoever disabled a compute service may be at work on its host."""

from collections.abc import Iterator

from kasugai.core.words.inventory import HostRecord
from kasugai.core.words.timing import BrokerTime
from kasugai.sim.cloud import SimCloud
from kasugai.sim.lab.invariants.watcher import Asked, Sight, Watcher

OURS = ("disable", "force-down")
"""The calls by which we take a service out."""
ENABLING = ("enable", "re-enable")
"""And by which we take it back."""


class EnabledByUs(Watcher):
    """No service is enabled that we did not disable, or about which somebody else has spoken since, and none that an
    operator had disabled before us; but a reserve's, which is disabled for that."""

    sees = (Asked, HostRecord)

    def __init__(self, cloud: SimCloud) -> None:
        """We have disabled nothing."""
        super().__init__(cloud)
        self._ours: dict[str, str] = {}
        """By host: the reason that our last call wrote into Nova."""
        self._wrote: set[tuple[str, str]] = set()
        """By host: every reason that a call of ours wrote; one that arrives late left while another of ours stood."""
        self._before: dict[str, tuple[bool, str]] = {}
        """By host: how its service was when our last call about it left us."""
        self._operators: dict[str, str] = {}
        """By host: why it was disabled when we first took it out, by somebody else."""
        self._reserves: set[str] = set()

    def saw(self, what: Sight, at: BrokerTime) -> Iterator[str]:
        """Remember what we disabled, and hold it against what we enable, as it is when that leaves us."""
        match what:
            case HostRecord(name=name, reserved=True):
                self._reserves.add(name)
            case Asked(action=action, subject=host) if (
                action in (*OURS, *ENABLING) and host not in self._reserves
            ):
                yield from self._called(what, action, host)
            case _:
                pass

    def _called(self, what: Asked, action: str, host: str) -> Iterator[str]:
        service = self.cloud.world.host(host).service
        if what.is_sent:
            self._before[host] = (service.enabled, service.disabled_reason)
        enabled, reason = self._before.get(host, (True, ""))
        others = not enabled and reason != self._ours.get(host)
        if action in OURS and what.was_taken:
            if others and (host, reason) not in self._wrote:
                self._operators[host] = reason
            self._ours[host] = service.disabled_reason
            self._wrote.add((host, service.disabled_reason))
        elif action == "enable" and what.is_sent and others:
            yield f"{host} was enabled although somebody else disabled it: {reason}"
        elif action == "re-enable" and what.was_taken and service.enabled:
            if others or host in self._operators:
                why = reason if others else self._operators[host]
                yield f"{host} was enabled although somebody else disabled it: {why}"
            self._operators.pop(host, None)
