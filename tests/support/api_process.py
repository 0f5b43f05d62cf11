"""The REST API as operators run it: `kasugai api` as a process, on a real Kafka and Redis and the simulated cloud."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

from kasugai.adapters.kafka.layout import wanted
from kasugai.adapters.kafka.topics import Topics
from kasugai.adapters.settings import load
from kasugai.sim.child import Child, free_port
from kasugai.sim.cloud import QUICK, SimCloud
from kasugai.sim.http import CloudThread
from kasugai.sim.http.keystone import PASSWORD, PROJECT, USER
from tests.support.kafka import KafkaServer
from tests.support.redis import RedisServer
from tests.support.settings_file import settings_for, trusting_admins

API = """\
[api]
listen = 127.0.0.1
auth_strategy = {strategy}
[keystone_authtoken]
www_authenticate_uri = {keystone}
auth_type = password
auth_url = {keystone}
username = {user}
password = {password}
project_name = {project}
user_domain_name = Default
project_domain_name = Default
"""


class Site:
    """Where everything is, and which processes run there. Use it from the main thread."""

    def __init__(self, folder: Path, kafka: KafkaServer, redis: RedisServer, cloud: CloudThread) -> None:
        """Write the configuration and make the topics."""
        self.folder, self.kafka, self.redis, self.cloud = folder, kafka, redis, cloud
        self.clouds = folder / "clouds.yaml"
        self.clouds.write_text(cloud.door.clouds_yaml())
        self.config = self.write("keystone")
        settings = load([str(self.config)])
        Topics(settings).apply(wanted(settings))
        self._children: dict[str, Child] = {}

    def write(self, strategy: str) -> Path:
        """Return a kasugai.conf with that auth_strategy."""
        found = self.folder / f"{strategy}.conf"
        asking = API.format(
            strategy=strategy,
            keystone=f"{self.cloud.door.url}/identity",
            user=USER,
            password=PASSWORD,
            project=PROJECT,
        )
        found.write_text(
            settings_for(
                kafka=self.kafka.conf,
                redis=self.redis.url,
                clouds=self.clouds,
                more=asking + trusting_admins(self.folder),
            )
        )
        return found

    def run(self, *words: str, name: str, config: Path | None = None) -> Child:
        """Start `kasugai WORDS` in the background."""
        argv = [sys.executable, "-m", "kasugai.cli", *words, "--config-file", str(config or self.config)]
        child = Child(argv, log=self.folder / f"{name}.log")
        child.start(lambda: True)
        self._children[name] = child
        return child

    def api(self, name: str, strategy: str = "keystone", more: str = "") -> int:
        """Start one `kasugai api` and return its port when it answers."""
        port, config = free_port(), self.folder / f"{name}.conf"
        config.write_text(
            self.write(strategy).read_text().replace("[api]\n", f"[api]\nport = {port}\n{more}")
        )
        self.serve(name, config, port)
        return port

    def serve(self, name: str, config: Path, port: int) -> None:
        """Start one `kasugai api` whose settings are written, and return when it answers."""
        argv = [sys.executable, "-m", "kasugai.cli", "api", "--config-file", str(config)]
        child = Child(argv, log=self.folder / f"{name}.log")
        child.start(lambda: answers(port))
        self._children[name] = child

    def kill(self, name: str) -> None:
        """End one process as nobody should."""
        self._children.pop(name).kill()

    def end(self, name: str) -> None:
        """End one process as a supervisor does."""
        self._children.pop(name).stop()

    def log(self, name: str) -> str:
        """Return what a process has logged."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def stop(self) -> None:
        """End all processes."""
        for child in self._children.values():
            if child.exit_code is None:
                child.kill()


def answers(port: int) -> bool:
    """Whether an API answers there, and its inventory with it."""
    try:
        status, _ = ask(port, "GET", "/healthcheck")
        return status == 200
    except OSError:
        return False


def ask(port: int, method: str, path: str, body: str | None = None, **headers: str) -> tuple[int, bytes]:
    """Return the answer's status and body."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        given = {"Content-Type": "application/json"} if body is not None else {}
        connection.request(method, path, body, given | headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@contextmanager
def site(folder: Path, hosts: Sequence[str], guests: int = 0) -> Iterator[Site]:
    """Serve a cloud with these hosts, with guests on the first of them, beside a Kafka and a Redis of one's own."""

    def build(cloud: SimCloud) -> None:
        for host in hosts:
            cloud.add_host(host, has_device=False)
        for number in range(guests):
            cloud.add_guest(f"{hosts[0]}-{number + 1}", hosts[0])

    kafka, redis = KafkaServer().start(), RedisServer().start()
    try:
        with CloudThread(build, pace=QUICK) as cloud:
            found = Site(folder, kafka, redis, cloud)
            try:
                yield found
            finally:
                found.stop()
    finally:
        redis.stop()
        kafka.stop()
