"""What really runs where, with a diary, and which hypervisors have a copy of a guest: the truth that no API of Nova
tells.

Kept apart from Nova's records so that a guest on two hosts is seen although Nova knows of one (nova.md: a second
evacuate builds it twice).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Event = Literal["started", "stopped"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A guest began or ceased to run on a host at second `t`."""

    t: float
    host: str
    guest: str
    event: Event


class Diary:
    """The hypervisors' own account."""

    def __init__(self, now: Callable[[], float]) -> None:
        """Read the time from `now`."""
        self._now = now
        self._running: dict[str, set[str]] = {}
        self._copies: dict[str, set[str]] = {}
        self.entries: list[Entry] = []
        self.watchers: list[Callable[[Entry], None]] = []
        """Called with every entry, after the fact."""

    def start(self, guest: str, host: str) -> None:
        """Let the guest run on the host, wherever else it runs."""
        self.define(guest, host)
        hosts = self._running.setdefault(guest, set())
        if host not in hosts:
            hosts.add(host)
            self._write(host, guest, "started")

    def stop(self, guest: str, host: str) -> None:
        """Let it cease there. The hypervisor keeps what it needs to start it again."""
        hosts = self._running.get(guest, set())
        if host in hosts:
            hosts.remove(host)
            self._write(host, guest, "stopped")

    def define(self, guest: str, host: str) -> None:
        """The hypervisor has a copy of the guest, running or not, and keeps it without power too."""
        self._copies.setdefault(guest, set()).add(host)

    def destroy(self, guest: str, host: str) -> None:
        """The guest ceases there, and the hypervisor forgets it."""
        self.stop(guest, host)
        self._copies.get(guest, set()).discard(host)

    def copies_of(self, guest: str) -> frozenset[str]:
        """Return the hosts whose hypervisors have a copy of the guest; on none of them it is nowhere."""
        return frozenset(self._copies.get(guest, ()))

    def stop_all(self, host: str) -> set[str]:
        """Let every guest of the host cease, and return them."""
        there = self.guests_on(host)
        for guest in there:
            self.stop(guest, host)
        return set(there)

    def running_on(self, guest: str) -> frozenset[str]:
        """Return the hosts on which the guest runs at this instant."""
        return frozenset(self._running.get(guest, ()))

    def guests_on(self, host: str) -> list[str]:
        """Return the guests that run on the host, in the order in which they first ran anywhere."""
        return [guest for guest, hosts in self._running.items() if host in hosts]

    def _write(self, host: str, guest: str, event: Event) -> None:
        entry = Entry(self._now(), host, guest, event)
        self.entries.append(entry)
        for watcher in self.watchers:
            watcher(entry)
