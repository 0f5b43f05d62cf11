"""deploy/openstack/ gives Kasugai's user what a recovery needs and nothing else; `--check` tells what is missing."""

import asyncio
import json
import subprocess
from collections.abc import Iterator, Mapping
from functools import partial

from acceptance.ours import Ours
from acceptance.progress import wait_for
from acceptance.results import Result, check
from acceptance.stack.admin import Admin
from acceptance.stack.layout import HOSTS, KASUGAI, VENV
from acceptance.stack.policies import NOVA, SERVICES, rights, shipped
from acceptance.stack.stack import Stack
from kasugai.adapters.nova import NovaCloud, Right, Standing

SUBJECT, HOST = "rights", HOSTS[1]
SILENT = {
    "os_compute_api:os-admin-actions:reset_state",
    "os_compute_api:servers:stop",
    "os_compute_api:servers:start",
    "os_compute_api:os-migrate-server:migrate",
    "os_compute_api:os-migrate-server:migrate:host",
    "os_compute_api:os-migrate-server:migrate_live",
    "os_compute_api:os-migrate-server:migrate_live:host",
    "os_compute_api:servers:confirm_resize",
}
"""What cannot be asked without acting on a guest: `--check` says `--`."""
RULES = """\
import json
from nova import policies
print(json.dumps({rule.name: rule.check_str for rule in policies.list_rules()}))
"""
ADMINISTRATOR = "context_is_admin"
"""How Nova's rules name an administrator."""


def run(stack: Stack, ours: Ours) -> Iterator[Result]:
    """Judge the fragments on the running services."""
    (guest,) = stack.admin.boot(HOST, ["asked-about"]).values()
    stack.admin.act(guest, "migrate").raise_for_status()  # so that there is a migration to ask about
    stack.admin.await_status([guest], "VERIFY_RESIZE")
    judge = _Judge(stack, ours, guest)
    yield check(SUBJECT, "every rule of Nova's that is for administrators is named", judge.all_are_named)
    yield check(
        SUBJECT, "kasugai worker host instance process --check finds all there", judge.nothing_is_missing
    )
    for service in SERVICES:
        for rule in rights(service):
            if rule not in SILENT:
                yield check(SUBJECT, f"taken away and told: {rule}", partial(judge.is_told, service, rule))
    yield check(SUBJECT, "those that cannot be asked are said to be", judge.silent_are_said)
    yield check(SUBJECT, "nothing else is allowed", judge.nothing_else)
    stack.admin.delete_all()


class _Judge:
    """What is asked of the services."""

    def __init__(self, stack: Stack, ours: Ours, guest: str) -> None:
        self._stack, self._ours, self._guest = stack, ours, guest

    def all_are_named(self) -> str:
        done = subprocess.run(
            [str(VENV / "bin" / "python"), "-W", "ignore", "-c", RULES],
            check=True,
            capture_output=True,
            text=True,
            timeout=120,
        )
        rules: Mapping[str, str] = json.loads(done.stdout)
        named = shipped(NOVA)
        open_ = {rule for rule, what in rules.items() if ADMINISTRATOR in what}
        assert (lacking := sorted(open_ - named.keys())) == [], f"not named: {lacking}"
        assert (gone := sorted(named.keys() - rules.keys())) == [], f"Nova has no such rules: {gone}"
        return f"{len(open_)} of {len(rules)} rules"

    def nothing_is_missing(self) -> str:
        done = self._ours.command("worker", "host", "instance", "process", "--check")
        assert done.returncode == 0, done.stdout + done.stderr
        lines = done.stdout.splitlines()
        assert (bad := [line for line in lines if line.startswith("NO")]) == [], f"{bad}"
        return f"{sum(line.startswith('ok') for line in lines)} ok"

    def is_told(self, service: str, rule: str) -> str:
        self._stack.policies.take_away(service, rule)
        try:
            seconds = wait_for(lambda: rule in self._missing(), f"--check tells that {rule} is missing", 20)
        finally:
            self._stack.policies.restore()
            wait_for(lambda: not self._missing(), "all rights are there again", 20)
        return f"after {seconds:.1f} s"

    def silent_are_said(self) -> str:
        said = {right.rule for right in self._asked() if right.standing is Standing.UNASKED}
        assert said == SILENT, f"{said}"
        return f"{len(said)} of {len(rights(NOVA))}"

    def nothing_else(self) -> str:
        ours = Admin(self._stack.layout, KASUGAI)
        guest = f"/servers/{self._guest}"
        asked = {
            f"DELETE {guest}": ours.ask("DELETE", guest),
            "rename": ours.ask("PUT", guest, json={"server": {"name": "x"}}),
            "reboot": ours.act(self._guest, "reboot", {"type": "HARD"}),
            "rebuild": ours.act(self._guest, "rebuild", {"imageRef": self._guest}),
            "lock": ours.act(self._guest, "lock"),
            "live migration": ours.act(
                self._guest, "os-migrateLive", {"host": None, "block_migration": "auto"}
            ),
            "console": ours.act(self._guest, "os-getConsoleOutput", {}),
            "flavors": ours.ask(
                "POST", "/flavors", json={"flavor": {"name": "x", "ram": 1, "vcpus": 1, "disk": 1}}
            ),
            "hypervisors": ours.ask("GET", "/os-hypervisors"),
            "delete a service": ours.ask("DELETE", f"/os-services/{self._guest}"),
            "quotas": ours.ask("PUT", "/os-quota-sets/x", json={"quota_set": {"cores": 1}}),
            "users": ours.ask_keystone("GET", "/users"),
            "projects": ours.ask_keystone("POST", "/projects", json={"project": {"name": "x"}}),
            "placement": ours.ask_placement("GET", "/resource_providers"),
        }
        wrong = {what: answer.status_code for what, answer in asked.items() if answer.status_code != 403}
        assert not wrong, f"not 403: {wrong}"
        assert self._stack.admin.guest(self._guest)["name"] == "asked-about"
        return f"{len(asked)} requests, 403 each"

    def _missing(self) -> set[str]:
        return {right.rule for right in self._asked() if right.standing is Standing.MISSING}

    def _asked(self) -> tuple[Right, ...]:
        async def ask() -> tuple[Right, ...]:
            nova = NovaCloud(self._ours.settings.nova, client=30.0)
            try:
                return await nova.rights(about_a_guest=True)
            finally:
                await nova.close()

        return asyncio.run(ask())
