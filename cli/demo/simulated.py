"""The demo's cloud: the simulated Nova as a process, filled with the demo's hosts and guests, and its truth at the end.

All of it goes through the cloud's control routes (sim/http/control.py); Kasugai's own processes see Nova's API only.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from kasugai.sim.child import Child

SOURCE = "cmp1"
HOSTS = (SOURCE, "cmp2", "cmp3", "cmp4")
GUESTS: Mapping[str, Mapping[str, Any]] = {
    **{f"web{number}": {} for number in range(1, 10)},
    "batch1": {"vm_state": "stopped"},
    "db1": {"locked_by": "owner"},
    "shop1": {"metadata": {"HA_Enabled": "True"}},
}
"""The twelve that the source runs: one stopped, one locked by its user, one marked as highly available."""
SPAWN = 1.5
"""Seconds that building a guest takes: long enough to kill somebody in the middle."""


class SimulatedCloud:
    """One simulated cloud in a process of its own."""

    def __init__(self, folder: Path, python: str) -> None:
        """Choose its files; `start` makes it."""
        self.clouds_file = folder / "clouds.yaml"
        self._log = folder / "cloud.log"
        program = (python, "-m", "kasugai.sim.http", "--hosts", "0", "--guests", "0", "--pace", "quick")
        self._child = Child(
            [*program, "--spawn", str(SPAWN), "--clouds-yaml", str(self.clouds_file)], log=self._log
        )
        self.url = ""

    def start(self) -> None:
        """Start it, wait until it serves, and fill it."""
        self._child.start(self._has_said_its_address)
        for host in HOSTS:
            self._do("add_host", host)
        for name, changes in GUESTS.items():
            self._do("add_guest", name, SOURCE, **changes)

    def stop(self) -> None:
        """End it."""
        self._child.stop()

    def power_off(self, host: str) -> None:
        """Let a host lose its power."""
        self._do("hosts.power_off", host)

    def truth(self) -> list[str]:
        """Return what happened that must never happen, by the hypervisors' own account and Nova's access log."""
        names = {uuid: guest["name"] for uuid, guest in self._get("state")["guests"].items()}
        twice = [f"{names[guest]} ran on two hosts at once" for guest in ran_twice(self._get("diary"))]
        accepted = accepted_evacuations(self._get("requests"))
        often = [
            f"Nova accepted {n} evacuations of {names[guest]}" for guest, n in accepted.items() if n != 1
        ]
        return twice + often

    def _has_said_its_address(self) -> bool:
        for line in self._log.read_text().splitlines():
            if line.startswith("serving "):
                self.url = line.removeprefix("serving ").strip()
        return bool(self.url)

    def _get(self, what: str) -> Any:
        with urlopen(f"{self.url}/sim/{what}", timeout=10) as reply:
            return json.load(reply)

    def _do(self, verb: str, *args: object, **kwargs: object) -> None:
        body = json.dumps({"verb": verb, "args": args, "kwargs": kwargs}).encode()
        with urlopen(Request(f"{self.url}/sim/do", data=body, method="POST"), timeout=10) as reply:
            reply.read()


def ran_twice(diary: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the guests that ever ran on two hosts at once, by the diary of what really ran."""
    running: dict[str, set[str]] = defaultdict(set)
    found: list[str] = []
    for entry in diary:
        hosts = running[entry["guest"]]
        (hosts.add if entry["event"] == "started" else hosts.discard)(entry["host"])
        if len(hosts) > 1 and entry["guest"] not in found:
            found.append(entry["guest"])
    return found


def accepted_evacuations(requests: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Return how many evacuate calls Nova has accepted, by guest."""
    counts: dict[str, int] = defaultdict(int)
    for request in requests:
        if request["action"] == "evacuate" and request["status"] == 200:
            counts[request["subject"]] += 1
    return dict(counts)
