"""Masakari's own functional tests, from its package on PyPI, as they are, against `kasugai api` with this Keystone.

Their administrator is the very user as whom Kasugai asks Nova, with another project and the role of an administrator:
they stop a guest and want it started, which nobody's stop but Kasugai's own may lead to (ADR 23).
"""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping

import yaml

from acceptance.ours import Ours
from acceptance.results import Result, Verdict, told
from acceptance.stack.layout import INSIDE, KASUGAI_AS_ADMIN, PASSWORD, REGION, TENANT, VENV, Layout, User
from acceptance.stack.stack import Stack

SUBJECT = "masakari's tests"
MODULES = ("test_hosts", "test_segments", "test_process_notifications", "test_vm_notifications")
PATIENCE = 30
"""Seconds that a test may take (OS_TEST_TIMEOUT, which OpenStack's tests know): theirs would wait for ten minutes for
what does not come."""


def run(stack: Stack, ours: Ours) -> Iterator[Result]:
    """Run all of them, one module after another, and yield each test's result."""
    clouds = _write_clouds(stack.layout)
    for module in MODULES:
        yield from _run(
            module, {"OS_CLIENT_CONFIG_FILE": clouds, "OS_TEST_TIMEOUT": str(PATIENCE)}, stack.layout
        )
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
    file.write_text(
        yaml.safe_dump({"clouds": {"devstack-admin": cloud(KASUGAI_AS_ADMIN), "devstack": cloud(TENANT)}})
    )
    return str(file)


def _run(module: str, environment: Mapping[str, str], layout: Layout) -> Iterator[Result]:
    """Run one module and yield what it came to; what its tests print is kept among the logs."""
    ends, log = layout.folder / f"{module}.jsonl", layout.logs / f"masakari-{module}.log"
    ends.touch()
    python, runner = str(VENV / "bin" / "python"), str(INSIDE / "run_tests.py")
    with log.open("w") as out:
        subprocess.run(
            [python, "-P", runner, str(ends), f"masakari.tests.functional.{module}"],
            check=False,
            stdout=out,
            stderr=subprocess.STDOUT,
            timeout=900,
            cwd=layout.folder,
            env={**os.environ, "PYTHONWARNINGS": "ignore", **environment},
        )
    lines = ends.read_text().splitlines()
    if not lines:
        yield told(_result(module, Verdict.FAILED, 0.0, f"nothing ran, see {log}"))
    for line in map(json.loads, lines):
        said = f"{line['end']} {line['last']}".strip()
        verdict = Verdict.OK if line["end"] == "ok" else Verdict.FAILED
        yield told(_result(line["name"], verdict, line["seconds"], said))


def _result(case: str, verdict: Verdict, seconds: float, said: str) -> Result:
    return Result(subject=SUBJECT, case=case, verdict=verdict, seconds=seconds, said=said)
