"""What `kasugai whatif` says of a host, asked with the rights of deploy/openstack/ and no others, and what then happens
to its guests on a cloud without room for all: of those said to fit, all do.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from acceptance.inside.stub import IMAGE
from acceptance.ours import Ours
from acceptance.progress import say, wait_for
from acceptance.results import Result, check
from acceptance.stack.admin import FLAVOR, Admin
from acceptance.stack.hypervisors import Wish
from acceptance.stack.layout import HOSTS
from acceptance.stack.stack import Stack
from kasugai.core.words.disks import RootDisks
from kasugai.core.words.policy import Fencing, Policy

SUBJECT, HOST = "whatif", HOSTS[0]
ALONE = 14
"""Guests of the host that is lost, beside one of an anti-affinity group whose other member is elsewhere."""
ROOM = 4
"""Guests for which each other host has room."""
SPAWN = 1.0
WITHIN = 300.0
POLICY = Policy(root_disks=RootDisks.SHARED, fence=Fencing.NONE)
"""Nothing that a forecast would have to leave open; who reports the host vouches for its fence."""


def run(stack: Stack, ours: Ours) -> Iterator[Result]:
    """Ask, lose the host, and compare."""
    for host in HOSTS:
        stack.hypervisors.wish(host, Wish(seconds=SPAWN))
    ours.describe(POLICY)
    case = _Case(stack, ours)
    try:
        yield check(SUBJECT, "guests are there, and room for some of them", case.furnish)
        yield check(SUBJECT, "kasugai whatif lose, with the rights of deploy/openstack/", case.forecast)
        yield check(SUBJECT, "of the guests said to fit, all do", case.all_fit)
        yield check(SUBJECT, "no two of the anti-affinity group are together", case.apart)
        yield check(SUBJECT, "kasugai whatif compare says so", case.compared)
        yield check(SUBJECT, "kasugai whatif survive promises no more than there is", case.survive)
    finally:
        case.tidy()
    for host in HOSTS:
        stack.hypervisors.wish(host, Wish())


class _Case:
    """What is asked, and what came of it."""

    def __init__(self, stack: Stack, ours: Ours) -> None:
        self._stack, self._ours, self._admin = stack, ours, stack.admin
        self._file = ours.folder / "forecast.json"
        self._group = ""
        self._members: dict[str, str] = {}
        self._guests: list[Mapping[str, str]] = []

    def furnish(self) -> str:
        self._admin.boot(HOST, [f"alone-{n}" for n in range(ALONE)])
        self._group = _group(self._admin)
        self._members = {"apart-1": HOST, "apart-2": HOSTS[1]}
        for name, host in self._members.items():
            _boot(self._admin, name, host, self._group)
        for host in HOSTS:
            if host != HOST:
                _leave_room(self._admin, host, ROOM)
        return f"{ALONE + 1} on {HOST}, room for {ROOM} on each of {len(HOSTS) - 1} others"

    def forecast(self) -> str:
        done = self._ours.command("whatif", "lose", HOST, "-o", "json", "--save", str(self._file))
        assert done.returncode in (0, 1), done.stderr
        self._guests = json.loads(done.stdout)["guests"]
        counts = Counter(guest["outlook"] for guest in self._guests)
        assert len(self._guests) == ALONE + 1, counts
        assert counts["fits"] > 0, [guest["why"] for guest in self._guests]
        return ", ".join(f"{count} {outlook}" for outlook, count in sorted(counts.items()))

    def all_fit(self) -> str:
        self._stack.lose_power(HOST)
        self._ours.report(HOST)
        fitting = {guest["uuid"]: guest["to"] for guest in self._guests if guest["outlook"] == "fits"}

        def where() -> dict[str, str]:
            rows = (row for row in self._admin.guests() if row["id"] in fitting)
            settled = (row for row in rows if row["OS-EXT-STS:task_state"] is None)
            return {
                row["id"]: row["OS-EXT-SRV-ATTR:host"]
                for row in settled
                if row["status"] == "ACTIVE" and row["OS-EXT-SRV-ATTR:host"] != HOST
            }

        self._ours.until(
            lambda: len(where()) == len(fitting), WITHIN, lambda: f"{len(where())} of {len(fitting)}"
        )
        named = sum(fitting[uuid] == host for uuid, host in where().items())
        return f"{len(fitting)} of {len(fitting)} fit, {named} on the host that was named"

    def apart(self) -> str:
        rows = {row["name"]: row["OS-EXT-SRV-ATTR:host"] for row in self._admin.guests()}
        hosts = [rows[name] for name in self._members]
        assert len(set(hosts)) == len(hosts), hosts
        return ", ".join(hosts)

    def compared(self) -> str:
        done = self._ours.command("whatif", "compare", str(self._file), HOST, "-o", "json")
        assert done.returncode == 0, done.stdout + done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        assert (found["error"], found["not_back"]) == (0.0, 0), found
        came = Counter(guest["came"] for guest in found["guests"])
        return f"error {found['error']:.0%}, misplaced {found['misplaced']:.0%}: {dict(came)}"

    def survive(self) -> str:
        done = self._ours.command("whatif", "survive", "-o", "json")
        assert done.returncode in (0, 1), done.stderr
        (promise,) = json.loads(done.stdout)
        assert promise["survivable"] is not None and promise["uncovered"] == 0, promise
        return f"{promise['survivable']} of {promise['hosts']}, {promise['limit']}"

    def tidy(self) -> None:
        for host in HOSTS:
            _leave_room(self._admin, host, None)
        self._stack.bring_back(HOST)
        self._ours.revive(HOST)
        self._admin.delete_all()
        if self._group:
            self._admin.ask("DELETE", f"/os-server-groups/{self._group}")


def _group(admin: Admin) -> str:
    body = {"server_group": {"name": "apart", "policy": "anti-affinity"}}
    answer = admin.ask("POST", "/os-server-groups", json=body)
    answer.raise_for_status()
    return str(answer.json()["server_group"]["id"])


def _boot(admin: Admin, name: str, host: str, group: str) -> None:
    server = {
        "name": name,
        "flavorRef": FLAVOR,
        "imageRef": IMAGE,
        "networks": "none",
        "host": host,
    }
    body = {"server": server, "os:scheduler_hints": {"group": group}}
    answer = admin.ask("POST", "/servers", json=body)
    answer.raise_for_status()
    admin.await_status([answer.json()["server"]["id"]], "ACTIVE")


def _leave_room(admin: Admin, host: str, guests: int | None) -> None:
    """Keep all memory of a host from everybody but for so many more guests; None: keep none."""
    listed = admin.ask_placement("GET", f"/resource_providers?name={host}").json()
    (provider,) = (row for row in listed["resource_providers"] if row["name"] == host)
    path = f"/resource_providers/{provider['uuid']}"

    def so() -> bool:
        body = admin.ask_placement("GET", f"{path}/inventories").json()
        memory = body["inventories"]["MEMORY_MB"]
        used = admin.ask_placement("GET", f"{path}/usages").json()["usages"].get("MEMORY_MB", 0)
        left = 0 if guests is None else guests * 64
        room = int(memory["total"] - (used + left) / memory["allocation_ratio"])
        memory["reserved"] = 0 if guests is None else room
        return bool(admin.ask_placement("PUT", f"{path}/inventories", json=body).status_code == 200)

    wait_for(so, f"Placement keeps room of {host}", 30)  # a nova-compute may write at the same time
    say(f"{host}: room for {'all' if guests is None else guests}")
