"""What the hypervisors did, by their own diary (inside/hypervisor.py), and what is wished of them."""

import json
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

LOST = "lost power"
"""The event by which all of a host's guests end at once."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the diary."""

    at: float
    """Seconds since 1970, on this machine."""
    host: str
    event: str
    guest: str
    """Its uuid; empty where it is about all of the host's."""


class Wish(NamedTuple):
    """What a host's hypervisor is to do."""

    seconds: float = 0.0
    """How long a spawn takes."""
    fails: str = ""
    """What a spawn fails with; empty: it does not."""
    holds_migrations: bool = False
    """Whether live migrations from here stay under way."""


@dataclass(frozen=True, slots=True)
class Hypervisors:
    """All of them."""

    folder: Path

    def entries(self) -> list[Entry]:
        """Return the whole diary, oldest first."""
        file = self.folder / "diary.jsonl"
        if not file.exists():
            return []
        lines = [line for line in file.read_text().splitlines() if line.endswith("}")]
        return [Entry(**json.loads(line)) for line in lines]

    def running(self) -> dict[str, set[str]]:
        """Return the hosts on which each guest runs now; those that run nowhere are left out."""
        last = {guest: set(hosts[guest]) for guest, hosts in self._fold()}
        return {guest: hosts for guest, hosts in last.items() if hosts}

    def defined(self) -> dict[str, set[str]]:
        """Return the hosts on whose disks each guest is, whether it runs or not."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        for file in self.folder.glob("*.guests.json"):
            for guest in json.loads(file.read_text()):
                found[guest].add(file.name.removesuffix(".guests.json"))
        return found

    def ran_twice(self) -> set[str]:
        """Return the guests that ran on two hosts at any moment."""
        return {guest for guest, hosts in self._fold() if len(hosts[guest]) > 1}

    def _fold(self) -> Iterator[tuple[str, dict[str, set[str]]]]:
        """Yield each guest that an entry is about, with the hosts of all guests after it."""
        hosts: defaultdict[str, set[str]] = defaultdict(set)
        for entry in self.entries():
            if entry.event == LOST:
                for guest in list(hosts):
                    hosts[guest].discard(entry.host)
                    yield guest, hosts
                continue
            if entry.event == "started":
                hosts[entry.guest].add(entry.host)
            elif entry.event in ("stopped", "destroyed"):
                hosts[entry.guest].discard(entry.host)
            yield entry.guest, hosts

    # Wishes.

    def wish(self, host: str, wish: Wish) -> None:
        """Wish this of the host from now on."""
        part = self.folder / f"{host}.wish.part"
        part.write_text(json.dumps(wish._asdict()))
        part.replace(self.folder / f"{host}.wish.json")

    def end(self, host: str, guest: str) -> None:
        """Let a guest cease by itself; its nova-compute sees it when it looks at the guest next."""
        (self.folder / f"{host}.{guest}.ended").touch()

    def lose_power(self, host: str) -> None:
        """Write down that the host has lost its power. Its guests' disks stay, as on shared storage."""
        line = {"at": time.time(), "host": host, "event": LOST, "guest": ""}
        with (self.folder / "diary.jsonl").open("a") as diary:
            diary.write(json.dumps(line) + "\n")
        file = self.folder / f"{host}.guests.json"
        if file.exists():
            off = {uuid: (name, SHUTDOWN) for uuid, (name, _) in json.loads(file.read_text()).items()}
            file.write_text(json.dumps(off))


SHUTDOWN = 4
"""Nova's power_state of a guest that is off."""
