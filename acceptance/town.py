"""The stack in the place of the real Nova in one process (tests/support/real_nova.py): its words, on real services.

What comes from the port under test is asked with the rights of Kasugai's user and no others; what operators and users
do is asked as an administrator.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from acceptance.stack.admin import Admin
from acceptance.stack.hypervisors import Wish
from acceptance.stack.layout import ADMIN, KASUGAI, SERVICE, User
from acceptance.stack.stack import SERVICES, Stack
from kasugai.sim.http.nova import PREFIX
from tests.support.real_nova import CARRIED_ON, RealNova, Said
from tests.support.scenes import HOSTS

INVENTORIES = ("VCPU", "MEMORY_MB", "DISK_GB")
ALMOST_NOTHING = 1
VERSION = "openstack-api-version"
ROOMY = {"VCPU": 1000, "MEMORY_MB": 800_000, "DISK_GB": 600_000}


class Town(RealNova):
    """Many towns, one at a time: `begin` makes everything as it was in the beginning."""

    def __init__(self, stack: Stack) -> None:
        """Nothing is started: the stack runs."""
        self._stack, self._admin = stack, stack.admin
        self._port_user = Admin(stack.layout, KASUGAI, name="port")
        self._projects: dict[str, Admin] = {}
        self._wishes: dict[str, Wish] = {}
        self._filled: set[str] = set()
        self._verbs: Mapping[str, Callable[..., Any]] = {
            "begin": self._begin,
            "furnish": lambda hosts, kept: False,
            "keep": lambda name: None,
            "hypervisors": self._hypervisors,
            "power_off": stack.lose_power,
            "power_on": stack.start_compute,
            "kill_compute": lambda host: stack.processes.kill(f"nova-compute-{host}"),
            "start_compute": stack.start_compute,
            "stop_service": lambda name: stack.processes.kill(f"nova-{name}"),
            "start_service_again": lambda name: stack.start_service(f"nova-{name}"),
            "spawns_take": lambda host, seconds: self._wish(host, seconds=seconds),
            "guest_dies": stack.hypervisors.end,
            "notices": lambda host, guest: None,  # its nova-compute does so by itself (SYNC_INTERVAL)
            "fail_spawns": lambda host, message: self._wish(host, fails=message),
            "hold_migrations": lambda host: self._wish(host, holds_migrations=True),
            "fill": self._fill,
            "silence_cell": stack.silence_cell,
            "wake_cell": stack.wake_cell,
            "log": lambda: f"logs are in {stack.layout.logs}\n",
        }

    @property
    def user_id(self) -> str:
        """As whom the port asks, by Keystone's own id."""
        return str(self._port_user.session.get_user_id())

    def __exit__(self, *_: object) -> None:
        """Nothing ends: the stack is somebody else's."""

    def ask(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Said:
        """Ask Nova, or carry a request of the port's on to it."""
        given = {name.lower(): value for name, value in (headers or {}).items()}
        asker = (
            self._port_user if "x-auth-token" in given else self._of_project(given.get("x-project-id", ""))
        )
        base = self._stack.layout.endpoints["compute"][1]
        answer = asker.session.request(
            base + path.removeprefix(PREFIX),
            method,
            json=body,
            headers={VERSION: given[VERSION]} if VERSION in given else {},
            raise_exc=False,
        )
        text = answer.text
        if "host" in given:  # what names Nova's own address names the door's to who came through it
            text = text.replace(base, f"http://{given['host']}{PREFIX}")
        try:
            found = json.loads(text)
        except ValueError:
            found = None
        kept = {name: answer.headers[name] for name in CARRIED_ON if name in answer.headers}
        return Said(answer.status_code, kept, found)

    def say(self, verb: str, **words: object) -> Any:
        """Do what the word says; KeyError where this town does not know it."""
        return self._verbs[verb](**words)

    def _of_project(self, project: str) -> Admin:
        """Return an administrator in a project, which is made with that very id."""
        if not project:
            return self._admin
        if project not in self._projects:
            self._stack.make_project(project)
            self._admin.give_role(ADMIN.name, project, SERVICE.role)
            user = User(name=ADMIN.name, project=project, role=ADMIN.role)
            self._projects[project] = Admin(self._stack.layout, user)
        return self._projects[project]

    # What happens.

    def _begin(self) -> None:
        self._stack.wake_cell()
        for name in SERVICES:
            if not self._stack.processes.runs(name):
                self._stack.forget_requests()
                self._stack.start_service(name)
        for host in HOSTS:
            self._wishes[host] = Wish()
            self._stack.hypervisors.wish(host, self._wishes[host])
        for host in self._filled:
            self._reserve(host, dict.fromkeys(INVENTORIES, 0))
        self._filled.clear()
        for row in self._admin.services():
            if not self._stack.computes(row["host"]) or row["forced_down"]:
                self._stack.bring_back(row["host"])
            elif row["status"] == "disabled":
                self._admin.change_service(row["host"], status="enabled").raise_for_status()
        self._admin.delete_all()
        self._stack.forget_migrations()
        self._admin.delete_furniture()

    def _wish(self, host: str, **wished: Any) -> None:
        self._wishes[host] = self._wishes[host]._replace(**wished)
        self._stack.hypervisors.wish(host, self._wishes[host])

    def _hypervisors(self) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {host: {} for host in HOSTS}
        for guest, hosts in self._stack.hypervisors.running().items():
            for host in hosts:
                found[host][guest] = "running"
        return found

    def _fill(self, host: str) -> None:
        self._filled.add(host)
        self._reserve(host, {each: ROOMY[each] - ALMOST_NOTHING for each in INVENTORIES})

    def _reserve(self, host: str, amounts: Mapping[str, int]) -> None:
        """Keep so much of each kind of room on the host from everybody, as Placement counts it."""
        listed = self._admin.ask_placement("GET", f"/resource_providers?name={host}").json()
        (provider,) = (row for row in listed["resource_providers"] if row["name"] == host)
        path = f"/resource_providers/{provider['uuid']}/inventories"
        body = self._admin.ask_placement("GET", path).json()
        for each, amount in amounts.items():
            body["inventories"][each]["reserved"] = amount
        self._admin.ask_placement("PUT", path, json=body).raise_for_status()
