"""The stack as one context manager: everything runs when it is entered, nothing when it is left, however that comes."""

import sys
from contextlib import ExitStack
from pathlib import Path
from shutil import which
from typing import Self

from kombu.connection import Connection

from acceptance.progress import say, wait_for
from acceptance.stack import commands
from acceptance.stack.admin import Admin
from acceptance.stack.descendants import end_all_below_us
from acceptance.stack.files import CELL_USER, DATABASES, Wires, tell_case, write_all
from acceptance.stack.hypervisors import Hypervisors
from acceptance.stack.layout import HOSTS, INSIDE, PASSWORD, VENV, Layout
from acceptance.stack.policies import Policies
from acceptance.stack.processes import Processes, answers, listens
from kasugai.sim.child import ServerFailedError
from tests.support.mariadb import MariaServer
from tests.support.rabbit import RabbitServer

DATABASE_OPTIONS = (
    "--innodb-buffer-pool-size=256M",
    "--innodb-flush-log-at-trx-commit=2",  # what a crash of the machine would lose nobody needs
    "--max-connections=600",
    "--skip-name-resolve",
    "--character-set-server=utf8mb3",  # Nova's longest keys do not fit otherwise
)
API = "nova"
CELL = "cell1"
SERVICES = ("nova-conductor", "nova-scheduler", f"nova-conductor@{CELL}")
"""Nova's, but for its API and the hosts'. As it recommends, the cell has a bus and a conductor of its own: where the
first one is away, what the API asks of it waits, and hosts go on."""


class Stack:
    """Keystone, Placement, Nova with five nova-computes, and what they stand on."""

    def __init__(self, folder: Path) -> None:
        """Choose addresses; nothing runs yet. The folder must be short: sockets lie in it."""
        self.layout = Layout(folder)
        self.processes = Processes(self.layout.logs)
        self.admin = Admin(self.layout)
        self.policies = Policies(self.layout.policies)
        self.hypervisors = Hypervisors(self.layout.hypervisors)

    def __enter__(self) -> Self:
        """Start all of it (two minutes); what fails ends all of it."""
        if not (VENV / "bin" / "nova-compute").exists():
            raise ServerFailedError(f"no Nova in {VENV}: type make acceptance, which installs it")
        with ExitStack() as stack:
            stack.callback(_sweep)
            self._start_beneath(stack)
            stack.callback(self.processes.stop_all)
            self._start_openstack()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """End all of it by process id."""
        self._stack.close()
        say("the stack is down")

    def _start_beneath(self, stack: ExitStack) -> None:
        self.database = MariaServer(*DATABASE_OPTIONS)
        stack.callback(self.database.stop)
        self.database.start()
        grants = [f"CREATE USER openstack@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'"]
        for name in DATABASES:
            grants += [f"CREATE DATABASE {name}", f"GRANT ALL ON {name}.* TO openstack@'127.0.0.1'"]
        grants += [f"CREATE USER {CELL_USER}@localhost IDENTIFIED BY '{PASSWORD}'"]
        grants += [f"GRANT ALL ON nova.* TO {CELL_USER}@localhost"]
        self.database.run(*grants)
        rabbit = RabbitServer(CELL)
        stack.callback(rabbit.stop)
        rabbit.start()
        port = str(self.layout.memcached_port)
        memcached = which("memcached") or "/usr/bin/memcached"
        self.processes.start(
            "memcached",
            [memcached, "-u", "root", "-l", "127.0.0.1", "-p", port, "-U", "0", "-m", "64"],
            ready=lambda: listens(self.layout.memcached_port),
        )
        say("MariaDB, RabbitMQ and memcached run")
        self.wires = Wires(
            self.database.port, rabbit.url, rabbit.url_of(CELL), self.layout.folder / "cell.sock"
        )
        self.wake_cell()
        self.policies.restore()
        write_all(self.layout, self.wires)
        commands.prepare_databases(self.layout, self.wires)
        self.database.run(*tell_case())
        say("databases are there")

    def _start_openstack(self) -> None:
        layout = self.layout
        stub = [sys.executable, str(INSIDE / "stub.py"), str(layout.stub_port)]
        self.processes.start("stub", stub, ready=lambda: answers(layout.stub_port))
        self._web("keystone", "keystone.wsgi.api", layout.keystone_port, processes=2, threads=4)
        self.admin.furnish()
        self._web("placement", "placement.wsgi.api", layout.placement_port, processes=1, threads=6)
        say("Keystone and Placement run")
        for name in SERVICES:
            self.start_service(name)
        for host in HOSTS:
            self.start_compute(host)
        self.start_api()
        self.await_up(HOSTS)
        commands.discover_hosts(layout)
        self.admin.make_flavor()
        say(f"Nova runs with {len(HOSTS)} nova-computes")

    def _web(self, name: str, module: str, port: int, *, processes: int, threads: int) -> None:
        service = {"keystone": "KEYSTONE", "placement": "PLACEMENT", "nova": "NOVA"}[name]
        self.processes.start(
            name,
            commands.web(module, port, processes=processes, threads=threads),
            ready=lambda: answers(port),
            environment={f"OS_{service}_CONFIG_DIR": str(self.layout.conf / name)},
        )

    def start_api(self) -> None:
        """Start Nova's API; it answers when this returns."""
        self._web(API, "nova.wsgi.osapi_compute", self.layout.nova_port, processes=2, threads=6)

    def end_api(self) -> None:
        """End Nova's API in the middle of what it does: its clients' connections end."""
        self.processes.kill(API)

    def start_service(self, name: str) -> None:
        """Start one of SERVICES; it may still be coming up."""
        program, _, cell = name.partition("@")
        self.processes.start(name, commands.nova(program, self.layout, cell=bool(cell)))

    def forget_requests(self) -> None:
        """What the API has asked of a conductor that is away is never carried out."""
        url = self.wires.transport_url.replace("rabbit:", "amqp:")
        with Connection(url) as bus:  # type: ignore[no-untyped-call]
            bus.default_channel.queue_purge("conductor")

    def forget_migrations(self) -> None:
        """Delete the records that deleted guests have left, as Nova deletes those of a guest that it deletes."""
        self.database.run("UPDATE migrations SET deleted = id WHERE deleted = 0", database="nova")

    def silence_cell(self) -> None:
        """Nova's API does not reach the database of the hosts' cell; everybody else does."""
        self.wires.cell_socket.unlink(missing_ok=True)
        self.database.run(f"KILL USER {CELL_USER}@localhost")

    def wake_cell(self) -> None:
        """It reaches it again."""
        if not self.wires.cell_socket.is_symlink():
            self.wires.cell_socket.symlink_to(self.database.socket)

    def make_project(self, project: str) -> None:
        """Make a project with that very id, for which Keystone's API has no word."""
        columns = "id, name, extra, enabled, domain_id, parent_id, is_domain"
        values = f"'{project}', '{project}', '{{}}', 1, 'default', 'default', 0"
        self.database.run(f"INSERT IGNORE INTO project ({columns}) VALUES ({values})", database="keystone")

    # Hosts.

    def computes(self, host: str) -> bool:
        """Whether a nova-compute runs on the host."""
        return self.processes.runs(f"nova-compute-{host}")

    def remove_compute(self, host: str) -> None:
        """Take an empty host out of Nova for good."""
        self.processes.kill(f"nova-compute-{host}")
        service = self.admin.service(host)["id"]
        self.admin.ask("DELETE", f"/os-services/{service}").raise_for_status()

    def add_compute(self, host: str) -> None:
        """Bring such a host in again."""
        self.start_compute(host)
        self.await_up((host,))
        commands.discover_hosts(self.layout)

    def start_compute(self, host: str) -> None:
        """Start a host's nova-compute; it may still be coming up."""
        self.processes.start(
            f"nova-compute-{host}",
            commands.compute(host, self.layout),
            environment={"KASUGAI_HYPERVISORS": str(self.layout.hypervisors)},
        )

    def lose_power(self, host: str) -> None:
        """The host is off from now on: no nova-compute, and no guest runs on it."""
        self.processes.kill(f"nova-compute-{host}")
        self.hypervisors.lose_power(host)

    def await_up(self, hosts: tuple[str, ...], within: float = 240.0) -> None:
        """Wait until Nova says that they are up."""

        def so() -> bool:
            if gone := self.processes.ended():
                raise ServerFailedError("; ".join(gone))
            return {row["host"] for row in self.admin.services() if row["state"] == "up"} >= set(hosts)

        wait_for(so, f"Nova says that {', '.join(hosts)} are up", within)

    def bring_back(self, host: str) -> None:
        """The host is on again, with the guests that Nova leaves on it, up and enabled."""
        for _ in range(3):
            if not self.computes(host):
                self._start_again(host)
            if self._let_in(host):
                break
            self.processes.kill(f"nova-compute-{host}")  # a second start ends records that the first has left
        else:
            raise ServerFailedError(f"Nova does not let {host} in again: see {self.layout.logs}")
        self.await_up((host,))
        self.admin.change_service(host, status="enabled").raise_for_status()

    def _start_again(self, host: str) -> None:
        """Start a nova-compute and wait for its first report. The record of one that was killed reads up for long, and
        what is asked of it before it has begun ends in error: it takes it for what its last life left undone."""
        before = self.admin.service(host)["updated_at"]
        self.start_compute(host)
        wait_for(lambda: self.admin.service(host)["updated_at"] != before, f"{host} reports", 60)

    def _let_in(self, host: str) -> bool:
        try:
            wait_for(
                lambda: self.admin.change_service(host, forced_down=False).status_code == 200,
                f"Nova lets {host} in again",
                30,
            )
        except TimeoutError:
            return False
        return True


def _sweep() -> None:
    """What still descends from us was forked by a service that has ended."""
    if left := end_all_below_us():
        say(f"ended {len(left)} processes that services had left behind")
