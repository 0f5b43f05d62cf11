"""Whoever is said to have been reset by its watchdog has been."""

from collections.abc import Iterator

from kasugai.core.words.signals import Fault, Source, Symptom
from kasugai.core.words.timing import BrokerTime
from kasugai.sim.lab.invariants.watcher import Sight, Watcher


class ResetIsTrue(Watcher):
    """No boot that goes on is proven to have ended."""

    sees = (Fault,)

    def saw(self, what: Sight, at: BrokerTime) -> Iterator[str]:
        """Look at the host whenever that is said of one."""
        if not isinstance(what, Fault) or (what.symptom, what.source) != (Symptom.OFF, Source.HEARTBEAT):
            return
        host = self.cloud.world.hosts.get(what.host)
        if host is not None and host.power_on and what.boot_id == f"boot-{host.boots}":
            yield f"{what.host} was said to be reset by its watchdog, and runs on"
