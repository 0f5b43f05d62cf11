"""Masakari's own functional tests, from its package on PyPI and as they are, against `kasugai api` with this Keystone."""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from types import MappingProxyType

import yaml

from acceptance.ours import Ours
from acceptance.results import Result, Verdict, told
from acceptance.stack.layout import ADMIN, PASSWORD, REGION, TENANT, VENV, Layout, User
from acceptance.stack.stack import Stack

SUBJECT = "masakari's tests"
MODULES = ("test_hosts", "test_segments", "test_process_notifications", "test_vm_notifications")
PATIENCE = 40
"""Seconds that a test may take (OS_TEST_TIMEOUT, which OpenStack's tests know): theirs would wait for ten minutes for
what does not come."""
LINE = re.compile(r"^(?P<test>test_\w+) \((?P<where>masakari\.tests\.functional\.[\w.]+)\) \.\.\. (?P<end>.*)$")
POOLS = "waits for the pool of this kind of failure"
NOT_YET: Mapping[str, str] = MappingProxyType({})
"""Tests that fail and are known to, by Class.test, and what they wait for."""


def run(stack: Stack, ours: Ours) -> Iterator[Result]:
    """Run all of them, one module after another, and yield each test's result."""
    clouds = _write_clouds(stack.layout)
    for module in MODULES:
        yield from _run(module, {"OS_CLIENT_CONFIG_FILE": clouds, "OS_TEST_TIMEOUT": str(PATIENCE)}, stack.layout)
    stack.admin.delete_all()


def _write_clouds(layout: Layout) -> str:
    """Write the clouds.yaml that they look for, and return where it is."""

    def cloud(user: User) -> dict[str, object]:
        auth = {
            "auth_url": layout.auth_url,
            "username": user.name,
            "password": PASSWORD,
            "project_name": user.project,
            "user_domain_name": "Default",
            "project_domain_name": "Default",
        }
        return {"auth": auth, "region_name": REGION, "identity_api_version": 3}

    file = layout.folder / "masakari-clouds.yaml"
    file.write_text(yaml.safe_dump({"clouds": {"devstack-admin": cloud(ADMIN), "devstack": cloud(TENANT)}}))
    return str(file)


def _run(module: str, environment: Mapping[str, str], layout: Layout) -> Iterator[Result]:
    command = [str(VENV / "bin" / "python"), "-m", "unittest", "-v", f"masakari.tests.functional.{module}"]
    done = subprocess.run(
        command,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=900,
        cwd=layout.folder,
        env={**os.environ, "PYTHONWARNINGS": "ignore", **environment},
    )
    (layout.logs / f"masakari-{module}.log").write_text(done.stdout)
    found = [match for line in done.stdout.splitlines() if (match := LINE.match(line))]
    if not found:
        last = (done.stdout.strip().splitlines() or ["(nothing)"])[-1]
        yield told(_result(module, Verdict.FAILED, f"nothing ran: {last}"))
    for match in found:
        name = f"{match['where'].split('.')[-2]}.{match['test']}" if match["test"] in match["where"] else match["test"]
        passed = match["end"] == "ok"
        yield told(_judged(name, passed, match["end"]))


def _judged(name: str, passed: bool, end: str) -> Result:
    if name not in NOT_YET:
        return _result(name, Verdict.OK if passed else Verdict.FAILED, end)
    if passed:
        return _result(name, Verdict.FAILED, "passes, and stands among those that do not yet")
    return _result(name, Verdict.EXPECTED, NOT_YET[name])


def _result(case: str, verdict: Verdict, said: str) -> Result:
    return Result(subject=SUBJECT, case=case, verdict=verdict, seconds=0.0, said=said)
