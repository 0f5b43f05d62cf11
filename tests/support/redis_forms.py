"""Redis in its other forms, each on real servers: TLS with client certificates, a Sentinel trio, a Cluster of three.

Debian's redis-server and redis-cli; each form takes a second or three to come up, so tests share them where they can.
"""

import shutil
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

from redis import Redis
from redis.exceptions import RedisError

from kasugai.sim.child import Child, free_port
from tests.support.certificates import Certificates, issue
from tests.support.redis import RedisServer

SERVICE = "kasugai"

SENTINEL = """\
bind 127.0.0.1
port {port}
dir {folder}
sentinel monitor {service} 127.0.0.1 {master} 2
sentinel down-after-milliseconds {service} 1000
sentinel failover-timeout {service} 5000
sentinel auth-pass {service} {password}
requirepass {password}
sentinel sentinel-pass {password}
"""
SENTINEL_OPEN = "".join(line for line in SENTINEL.splitlines(keepends=True) if "pass" not in line)


PATIENCE = 60.0
"""Seconds: sentinels that get no processor for a second take a master for dead, and sort that out among themselves."""


def until(so: Callable[[], object], within: float = PATIENCE) -> None:
    """Wait until it is so; a server that does not answer says no."""
    deadline = time.monotonic() + within
    while True:
        try:
            if so():
                return
        except (RedisError, OSError):
            pass
        assert time.monotonic() < deadline, f"not so within {within} s"
        time.sleep(0.02)


def client(port: int, **more: Any) -> "Redis":
    """Return a client of the server at `port`."""
    return Redis(port=port, socket_timeout=1, decode_responses=True, protocol=2, **more)


class TlsRedis:
    """A Redis that speaks TLS only, and only with those who show a certificate."""

    def __init__(self) -> None:
        """Make the certificates."""
        self._folder = TemporaryDirectory(prefix="kasugai-")
        folder = Path(self._folder.name)
        self.certificates: Certificates = issue(folder / "tls")
        self.port = free_port()
        made = self.certificates
        options = (
            f"--bind 127.0.0.1 127.0.0.2 --port 0 --tls-port {self.port} --dir {folder} --tls-auth-clients yes "
            f"--tls-cert-file {made.certificate('server')} --tls-key-file {made.key('server')} "
            f"--tls-ca-cert-file {made.ca}"
        )
        self._child = Child([_program("redis-server"), *options.split(), "--save", ""], log=folder / "log")

    def start(self) -> Self:
        """Start it and wait until it answers those who may ask."""
        self._child.start(lambda: True)
        made = self.certificates
        files = {"ssl_certfile": made.certificate("client"), "ssl_keyfile": made.key("client")}
        with client(self.port, ssl=True, ssl_ca_certs=made.ca, **files) as asked:
            until(asked.ping)
        return self

    def stop(self) -> None:
        """End it."""
        self._child.stop()
        self._folder.cleanup()


class Trio:
    """A master with two replicas and three sentinels. With a password, all six ask for it. A careful one takes no write
    that no replica hears, as connections.md wants it."""

    def __init__(self, password: str = "", *, careful: bool = True) -> None:
        """Choose ports; nothing runs yet."""
        self._careful = careful
        self._folder = TemporaryDirectory(prefix="kasugai-")
        self.password = password
        first = self._server()
        following = ("--replicaof", "127.0.0.1", str(first.port))
        self.servers = [first, self._server(*following), self._server(*following)]
        self._children: list[Child] = []
        self.sentinels = [free_port() for _ in range(3)]

    def _server(self, *more: str) -> RedisServer:
        care = ("--min-replicas-to-write", "1", "--min-replicas-max-lag", "5") if self._careful else ()
        return RedisServer("--repl-diskless-sync-delay", "0", *care, *more)

    @property
    def url(self) -> str:
        """What `[redis] url` says, without any password."""
        return f"redis+sentinel://{','.join(f'127.0.0.1:{port}' for port in self.sentinels)}/{SERVICE}/0"

    def start(self) -> Self:
        """Start all and wait until each sentinel sees two replicas and two others."""
        for server in self.servers:
            server.start()
            self._guard(server.port)
        for port in self.sentinels:
            self._start_sentinel(port)
        for port in self.sentinels:
            until(lambda port=port: self._sees_all(port))  # type: ignore[misc]
        return self

    def _guard(self, port: int) -> None:
        """Let nobody in without the password, and let the server show it to its master."""
        with client(port) as server:
            server.config_set("masterauth", self.password)
            server.config_set("requirepass", self.password)

    def _start_sentinel(self, port: int) -> None:
        folder = Path(self._folder.name, str(port))
        folder.mkdir()
        text = (SENTINEL if self.password else SENTINEL_OPEN).format(
            port=port,
            folder=folder,
            service=SERVICE,
            master=self.servers[0].port,
            password=self.password,
        )
        (folder / "sentinel.conf").write_text(text)
        command = [_program("redis-server"), str(folder / "sentinel.conf"), "--sentinel"]
        child = Child(command, log=folder / "log")
        child.start(lambda: self._answers(port))
        self._children.append(child)

    def _answers(self, port: int) -> bool:
        try:
            with self.at(port) as sentinel:
                return bool(sentinel.ping())
        except RedisError:
            return False

    def stop(self) -> None:
        """End all."""
        for child in self._children:
            child.stop()
        for server in self.servers:
            server.stop()
        self._folder.cleanup()

    def pause_sentinel(self, number: int) -> None:
        """Make one of the sentinels hang."""
        self._children[number].pause()

    def resume_sentinel(self, number: int) -> None:
        """Let it go on."""
        self._children[number].resume()

    def at(self, port: int) -> "Redis":
        """Return a client of one of the six."""
        return client(port, password=self.password or None)

    def master(self) -> RedisServer:
        """Return the server that two sentinels at least call the master."""
        named = [self._named(port) for port in self.sentinels]
        port = max(set(named), key=named.count)
        return next(server for server in self.servers if server.port == port)

    def _named(self, port: int) -> int:
        with self.at(port) as sentinel:
            return int(sentinel.sentinel_get_master_addr_by_name(SERVICE)[1])

    def _sees_all(self, port: int) -> bool:
        with self.at(port) as sentinel:
            seen = dict(sentinel.sentinel_master(SERVICE))
        return bool(
            seen["num-slaves"] == 2 and seen["num-other-sentinels"] == 2 and seen["flags"] == "master"
        )

    def be_careless(self) -> None:
        """Take writes without replicas from now on: somebody has turned the care off behind everybody's back."""
        for server in self.servers:
            with self.at(server.port) as asked:
                asked.config_set("min-replicas-to-write", 0)

    def cut_replicas_off(self) -> None:
        """Stop the replicas in their tracks and close their wires: from here on they miss what is written."""
        for server in self.servers[1:]:
            server.pause()
        with self.at(self.servers[0].port) as master:
            master.client_kill_filter(_type="replica")

    def replace_master(self) -> RedisServer:
        """Let the sentinels put another server in the place of the master, which lives; return the new one once it is
        one."""
        old = self.master()
        with self.at(self.sentinels[0]) as sentinel:
            sentinel.execute_command("SENTINEL", "FAILOVER", SERVICE)
        until(lambda: self.master() is not old)
        new = self.master()
        with self.at(new.port) as asked:
            until(lambda: asked.role()[0] == "master")
        return new

    def fail_over(self) -> RedisServer:
        """Kill the first master, wake the replicas, and return the one that has become the master."""
        self.servers[0].kill()
        for server in self.servers[1:]:
            server.resume()
        until(lambda: self.master() is not self.servers[0])
        new = self.master()
        with self.at(new.port) as asked:
            until(lambda: asked.role()[0] == "master")
        return new


class Cluster:
    """Three masters that share the slots, without replicas."""

    def __init__(self) -> None:
        """Choose ports, also for their buses: those are 10000 above by default, where the kernel gives ports away."""
        self._buses = [free_port() for _ in range(3)]
        options = ("--cluster-enabled", "yes", "--cluster-node-timeout", "1000", "--cluster-port")
        self.servers = [RedisServer(*options, str(bus)) for bus in self._buses]

    @property
    def url(self) -> str:
        """What `[redis] url` says."""
        return f"redis+cluster://{','.join(f'127.0.0.1:{server.port}' for server in self.servers)}"

    def start(self) -> Self:
        """Start all, deal the slots, and wait until every node agrees."""
        with ExitStack() as otherwise:
            otherwise.callback(self.stop)
            self._start()
            otherwise.pop_all()
        return self

    def _start(self) -> None:
        for server in self.servers:
            server.start()
        ports = zip(self.servers, self._buses, strict=True)
        nodes = [f"127.0.0.1:{server.port}@{bus}" for server, bus in ports]
        command = [_program("redis-cli"), "--cluster", "create", *nodes, "--cluster-replicas", "0"]
        subprocess.run([*command, "--cluster-yes"], check=True, capture_output=True)
        until(self.is_well)

    def is_well(self) -> bool:
        """Whether every node says that all slots are served."""
        return all(self._is_well(server.port) for server in self.servers)

    def _is_well(self, port: int) -> bool:
        with client(port) as node:
            return "cluster_state:ok" in str(node.execute_command("CLUSTER", "INFO"))

    def owner(self) -> RedisServer:
        """Return the node that has Kasugai's slot."""
        with client(self.servers[0].port) as node:
            slot = int(node.execute_command("CLUSTER", "KEYSLOT", "{kasugai}"))
            shares = node.execute_command("CLUSTER", "SLOTS")
        port = next(int(share[2][1]) for share in shares if int(share[0]) <= slot <= int(share[1]))
        return next(server for server in self.servers if server.port == port)

    def stop(self) -> None:
        """End all."""
        for server in self.servers:
            server.stop()


def _program(name: str) -> str:
    found = shutil.which(name)
    assert found is not None, f"no {name} on PATH: type tools/ensure-services"
    return found
