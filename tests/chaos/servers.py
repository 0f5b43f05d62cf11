"""What the pipeline stands on, so that it can be taken away: a Kafka node, a Redis with a replica, a Nova of its own.

Nothing here waits for a server to come back: who starts it again goes on meanwhile, as the world does.
"""

import json
import socket
import sys
import urllib.request
from contextlib import nullcontext, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from kasugai.sim.child import Child, ServerFailedError, free_port
from tests.support.kafka import KafkaServer
from tests.support.machines import HUB


class Broker(KafkaServer):
    """A Kafka node that is taken away and comes back when it likes."""

    def launch(self) -> None:
        """Start it with what it has on disk, and do not wait."""
        self._child.start(lambda: True)

    def shut_down(self) -> None:
        """End it in good order, and wait until it has ended."""
        self._child.stop()

    @property
    def has_failed(self) -> bool:
        """Whether it has ended by itself."""
        return self._child.exit_code is not None


class HubBroker(Broker):
    """A Kafka node that machines reach too, at the hub of their networks."""

    hub = ""
    """Where they do."""

    def settings(self, usual: str) -> str:
        """Return the settings with a second door."""
        port = free_port()
        self.hub = f"{HUB}:{port}"
        lines = []
        for line in usual.splitlines():
            name, _, value = line.partition("=")
            if name in ("listeners", "advertised.listeners"):
                value += f",HUB://{self.hub}"
            elif name == "listener.security.protocol.map":
                value += ",HUB:PLAINTEXT"
            lines.append(f"{name}={value}")
        return "\n".join(lines) + "\n"


class RedisPair:
    """A Redis and a replica of it. The address stays: at a failover the replica takes it over."""

    def __init__(self) -> None:
        """Choose an address."""
        self._folder = TemporaryDirectory(prefix="kc-redis-")
        self._numbers = 0
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._place = self._next_place()

    def start(self) -> None:
        """Start both and wait for both."""
        self._master = self._launch(self.port, self._place)
        self._add_replica()

    def stop(self) -> None:
        """End both."""
        for child in (self._master, self._replica):
            child.stop()
        self._folder.cleanup()

    def kill(self) -> None:
        """End the master as a power cut would."""
        self._master.kill()

    def restart(self) -> None:
        """Start the master with what it had on disk."""
        self._master = self._launch(self.port, self._place)

    def pause(self) -> None:
        """Make the master hang."""
        self._master.pause()

    def resume(self) -> None:
        """Let it go on."""
        self._master.resume()

    def flush_all(self) -> None:
        """Forget everything."""
        say(self.port, "FLUSHALL")

    def overwrite(self, key: str, command: str, *words: str, lasting: int = 0, beside: bool = False) -> None:
        """Put something else where a key is, or `beside` what is there; it expires after so many milliseconds, if that
        is not 0. One that finds another type than it is for changes nothing."""
        if not beside:
            say(self.port, f"DEL {key}")
        with suppress(ServerFailedError) if beside else nullcontext():
            say(self.port, " ".join((command, key, *words)))
        if lasting:
            say(self.port, f"PEXPIRE {key} {lasting}")

    def cut_replica(self) -> None:
        """From now on the replica grows old."""
        say(self._replica_port, "REPLICAOF NO ONE")

    def fail_over(self) -> None:
        """The master is gone, and the replica stands at its address with what it knows; it gets a replica itself.
        One that nobody has cut off (the master was away just then) must be told all the same."""
        self._master.kill()
        self.cut_replica()
        say(self._replica_port, f"CONFIG SET port {self.port}")
        self._master, self._place = self._replica, self._replica_place
        self._add_replica()

    def _add_replica(self) -> None:
        self._replica_port, self._replica_place = free_port(), self._next_place()
        self._replica = self._launch(
            self._replica_port, self._replica_place, "--replicaof", "127.0.0.1", str(self.port)
        )

    def _next_place(self) -> Path:
        self._numbers += 1
        place = Path(self._folder.name, str(self._numbers))
        place.mkdir()
        return place

    @staticmethod
    def _launch(port: int, place: Path, *options: str) -> Child:
        where = ("--bind", "127.0.0.1", "--port", str(port), "--dir", str(place), "--save", "")
        command = ["redis-server", *where, "--appendonly", "yes", "--appendfsync", "everysec", *options]
        child = Child([*command, "--repl-diskless-sync-delay", "0"], log=place / "log")
        child.start(lambda: _answers(port))
        return child


def say(port: int, words: str) -> str:
    """Say something to a Redis and return its answer, an error as ServerFailedError."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(f"{words}\r\n".encode())
        answer = connection.recv(64).decode()
    if answer.startswith("-"):
        message = f"Redis at {port} says to {words!r}: {answer.strip()}"
        raise ServerFailedError(message)
    return answer


def _answers(port: int) -> bool:
    try:
        return say(port, "PING").startswith("+PONG")
    except (OSError, ServerFailedError):
        return False


class NovaProcess:
    """The simulated cloud as a process, and the levers and the truth behind its API."""

    def __init__(self, folder: Path, *, hosts: int, seed: int, spawn: float) -> None:
        """So many hosts cmp1, cmp2, ... without guests."""
        self.clouds = folder / "clouds.yaml"
        self._log = folder / "nova.log"
        options = ("--hosts", str(hosts), "--guests", "0", "--seed", str(seed), "--spawn", str(spawn))
        command = [sys.executable, "-m", "kasugai.sim.http", *options, "--clouds-yaml", str(self.clouds)]
        self._child = Child(command, log=self._log)
        self.url = ""

    def start(self) -> None:
        """Start it and wait until it serves."""
        self._log.write_text("")
        self._child.start(lambda: "serving " in self._log.read_text())
        self.url = self._log.read_text().split("serving ")[1].split()[0]

    def stop(self) -> None:
        """End it."""
        self._child.stop()

    def do(self, verb: str, *args: object, **kwargs: object) -> Any:
        """Say a verb of `sim.cloud`; ServerFailedError when it is refused."""
        return self._ask("POST", "/sim/do", {"verb": verb, "args": args, "kwargs": kwargs})["result"]

    def read(self, what: str) -> Any:
        """Return `state`, `witness`, `diary` or `requests`."""
        return self._ask("GET", f"/sim/{what}", None)

    def _ask(self, method: str, path: str, body: object) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as no:
            message = f"{path}: {no.read().decode()}"
            raise ServerFailedError(message) from no
