"""The command lines of OpenStack's services and of what prepares their databases."""

import os
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from acceptance.stack.files import Wires, cell_file, compute_file
from acceptance.stack.layout import ADMIN, INSIDE, PASSWORD, REGION, VENV, Layout
from kasugai.sim.child import ServerFailedError

BIN = VENV / "bin"
REQUEST = "REQUEST"
"""How a line in a web service's log begins that tells of a request: its time in milliseconds since 1970, method, path,
status, how many milliseconds it took, and who asked."""
WITHIN = 300.0
"""Seconds that preparing a database may take."""


def web(module: str, port: int, *, processes: int, threads: int) -> list[str]:
    """Return uWSGI's command line for a WSGI module. Each answer closes its connection: uWSGI's own HTTP does not keep
    one, and a client that believes so would meet a reset."""
    return [
        str(BIN / "uwsgi"),
        f"--http-socket=127.0.0.1:{port}",
        f"--module={module}:application",
        f"--processes={processes}",
        f"--threads={threads}",
        "--master",
        "--no-orphans",
        "--need-app",
        "--lazy-apps",
        "--enable-threads",
        "--buffer-size=65535",
        "--listen=100",
        "--add-header=Connection: close",
        f"--log-format={REQUEST} %(tmsecs) %(method) %(uri) %(status) %(msecs) %(uagent)",
    ]


def nova(program: str, layout: Layout, *, cell: bool = False) -> list[str]:
    """Return the command line of nova-conductor or nova-scheduler; `cell`: of one that belongs to the hosts' cell."""
    more = [f"--config-file={cell_file(layout)}"] if cell else []
    return [str(BIN / program), f"--config-file={layout.conf}/nova/nova.conf", *more]


def compute(host: str, layout: Layout) -> list[str]:
    """Return the command line of a host's nova-compute with our hypervisor."""
    files = (layout.conf / "nova" / "nova.conf", cell_file(layout), compute_file(layout, host))
    return [str(BIN / "python"), "-P", str(INSIDE / "compute.py"), *(f"--config-file={one}" for one in files)]


def prepare_databases(layout: Layout, wires: Wires) -> None:
    """Make every table and what Keystone and Nova's cells need in them; ServerFailedError with the last lines."""
    chains = (_keystone(layout), _placement(layout), _nova(layout, wires))
    threads = ThreadPoolExecutor(len(chains))
    try:
        for done in [threads.submit(run_all, commands, layout.logs) for commands in chains]:
            done.result()
    finally:
        threads.shutdown(wait=False)  # whoever was told to end does not wait for what he is going to kill


def discover_hosts(layout: Layout) -> None:
    """Tell Nova's API which cell its hosts belong to."""
    run_all([[*_manage("nova", layout), "cell_v2", "discover_hosts", "--by-service"]], layout.logs)


def _manage(service: str, layout: Layout) -> list[str]:
    return [str(BIN / f"{service}-manage"), f"--config-file={layout.conf}/{service}/{service}.conf"]


def _keystone(layout: Layout) -> list[list[str]]:
    manage = _manage("keystone", layout)
    root = ["--keystone-user=root", "--keystone-group=root"]
    address = [
        f"--bootstrap-{interface}-url={layout.auth_url}" for interface in ("public", "internal", "admin")
    ]
    bootstrap = [
        "bootstrap",
        f"--bootstrap-username={ADMIN.name}",
        f"--bootstrap-password={PASSWORD}",
        f"--bootstrap-region-id={REGION}",
        *address,
    ]
    return [
        [*manage, "db_sync"],
        [*manage, "fernet_setup", *root],
        [*manage, "credential_setup", *root],
        [*manage, *bootstrap],
    ]


def _placement(layout: Layout) -> list[list[str]]:
    return [[*_manage("placement", layout), "db", "sync"]]


def _nova(layout: Layout, wires: Wires) -> list[list[str]]:
    manage = _manage("nova", layout)
    return [
        [*manage, "api_db", "sync"],
        [*manage, "cell_v2", "map_cell0", f"--database_connection={wires.database('nova_cell0')}"],
        [*manage, "db", "sync"],
        [
            *manage,
            "cell_v2",
            "create_cell",
            "--name=cell1",
            f"--database_connection={wires.cell()}",
            f"--transport-url={wires.cell_transport_url}",
        ],
    ]


def run_all(commands: Sequence[Sequence[str]], logs: Path) -> None:
    """Run commands one after another, each to its end; ServerFailedError with the last lines of one that fails."""
    for command in commands:
        name = Path(command[0]).name
        done = subprocess.run(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=WITHIN,
            env={**os.environ, "PYTHONWARNINGS": "ignore"},
        )
        with (logs / f"{name}.log").open("a") as log:
            log.write(done.stdout)
        if done.returncode != 0:
            tail = "\n".join(done.stdout.splitlines()[-20:])
            raise ServerFailedError(f"{' '.join(command)} ended with {done.returncode}:\n{tail}")
