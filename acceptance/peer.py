"""Masakari itself, from PyPI, tuned to be as quick as it can be: what Kasugai is measured beside."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import requests
from keystoneauth1.adapter import Adapter

from acceptance.progress import wait_for
from acceptance.stack.commands import BIN, run_all
from acceptance.stack.files import Wires, authtoken, write
from acceptance.stack.layout import PASSWORD, REGION, SERVICE, VENV, Layout
from acceptance.stack.processes import answers
from acceptance.stack.stack import Stack
from kasugai.sim.child import free_port

DATABASE, NAMES = "peer", ("masakari-engine", "masakari-api")
THREADS = 10
"""Evacuations at a time: as many as the bare calls have in flight (its default is 3)."""


class Masakari:
    """Its API and engine, and one segment."""

    def __init__(self, stack: Stack, port: int) -> None:
        """Nothing is asked yet."""
        self._stack, self._port = stack, port
        self._ha = Adapter(
            session=stack.admin.session, endpoint_override=f"http://127.0.0.1:{port}/v1", region_name=REGION
        )

    def describe(self, host: str) -> None:
        """Make a segment with that host: it asks Nova's scheduler, not its segment, where guests may go."""
        segment = {"name": "peer", "recovery_method": "auto", "service_type": "COMPUTE"}
        made = self._ha.post("/segments", json={"segment": segment}).json()["segment"]["uuid"]
        body = {"name": host, "type": "COMPUTE", "control_attributes": "SSH"}
        self._ha.post(f"/segments/{made}/hosts", json={"host": body})
        self._segment = made

    def report(self, host: str) -> requests.Response:
        """Say that the host has been fenced, as its monitors do."""
        body = {
            "type": "COMPUTE_HOST",
            "hostname": host,
            "generated_time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()),
            "payload": {"event": "STOPPED", "cluster_status": "OFFLINE", "host_status": "NORMAL"},
        }
        return self._ha.post("/notifications", json={"notification": body})

    def revive(self, host: str) -> None:
        """End the maintenance in which it puts a failed host, once it is done with it."""
        hosts = f"/segments/{self._segment}/hosts"
        found = {row["name"]: row["uuid"] for row in self._ha.get(hosts).json()["hosts"]}

        def let_in() -> bool:
            body = {"host": {"on_maintenance": False}}
            return self._ha.put(f"{hosts}/{found[host]}", json=body, raise_exc=False).status_code == 200

        wait_for(let_in, f"Masakari lets {host} in again", 120, every=1)


@contextmanager
def masakari(stack: Stack) -> Iterator[Masakari]:
    """Start it and yield it."""
    layout, port = stack.layout, free_port()
    stack.database.run(f"CREATE DATABASE {DATABASE}", f"GRANT ALL ON {DATABASE}.* TO openstack@'127.0.0.1'")
    file = _write(layout, stack.wires, port)
    run_all([[str(BIN / "masakari-manage"), f"--config-file={file}", "db", "sync"]], layout.logs)
    try:
        for name in NAMES:
            ready = partial(answers, port if name == NAMES[-1] else stack.layout.nova_port)
            stack.processes.start(name, [str(BIN / name), f"--config-file={file}"], ready=ready)
        yield Masakari(stack, port)
    finally:
        for name in filter(stack.processes.runs, NAMES):
            stack.processes.kill(name)


def _write(layout: Layout, wires: Wires, port: int) -> str:
    folder = layout.conf / "masakari"
    folder.mkdir(exist_ok=True)
    paste = folder / "api-paste.ini"
    shipped = (VENV / "etc" / "masakari" / "api-paste.ini").read_text()
    paste.write_text(shipped.replace("/etc/masakari/healthcheck_disable", f"{layout.state}/none"))
    file = folder / "masakari.conf"
    write(
        file,
        {
            "DEFAULT": {
                "host": "controller",
                "state_path": layout.state,
                "transport_url": wires.transport_url,
                "masakari_api_listen": "127.0.0.1",
                "masakari_api_listen_port": port,
                "masakari_api_workers": 1,
                "os_privileged_user_name": SERVICE.name,
                "os_privileged_user_password": PASSWORD,
                "os_privileged_user_tenant": SERVICE.project,
                "os_privileged_user_auth_url": layout.auth_url,
                "os_region_name": REGION,
                "nova_catalog_admin_info": "compute:nova:publicURL",
                "wait_period_after_service_update": 0,
                "wait_period_after_evacuation": 0,
                "host_failure_recovery_threads": THREADS,
                "duplicate_notification_detection_interval": 0,
            },
            "database": {"connection": wires.database(DATABASE)},
            "taskflow": {"connection": wires.database(DATABASE)},
            "oslo_concurrency": {"lock_path": layout.state / "lock"},
            "keystone_authtoken": authtoken(layout),
        },
    )
    return str(file)
