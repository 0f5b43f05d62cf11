"""Kasugai beside the stack: a Kafka, a Redis, and every process as an operator runs it, with the user of
deploy/openstack/. It starts and tells, and judges nothing.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from types import MappingProxyType
from typing import Self

from acceptance.progress import say
from acceptance.stack.layout import HOSTS, KASUGAI, PASSWORD, REGION, REPORT_INTERVAL, SERVICE, Layout, User
from kasugai.adapters.kafka.layout import wanted
from kasugai.adapters.kafka.reader import Reader
from kasugai.adapters.kafka.topics import Topics
from kasugai.adapters.settings import Settings, load
from kasugai.cli.fault import publish
from kasugai.cli.main import build_parser
from kasugai.cli.segment import apply
from kasugai.cli.segment_file import WantedHost, WantedSegment
from kasugai.core.telling.incident_views import IncidentView, fold
from kasugai.core.words.policy import Policy
from kasugai.schemas.codec import Undecodable, decode
from tests.support.fake_agents import FakeAgents
from tests.support.kafka import KafkaServer
from tests.support.redis import RedisServer
from tests.support.settings_file import settings_for, trusting_admins
from tests.support.supervisor import COMMANDS, Supervisor
from tests.support.told import Told

SEGMENT = "acceptance"
PROCESSES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        **COMMANDS,
        **dict.fromkeys(("worker-1", "worker-2"), ("worker", "host", "instance", "process")),
        "project-1": ("project",),
        "api-1": ("api",),
    }
)
CONF = """\
[nova]
auth_url = {auth_url}
username = {user}
password = {password}
project_name = {project}
region_name = {region}
[worker]
report_interval = {report}
[bridge]
transport_url = {bus}
[power]
devices_file = {devices}
agents_dir = {agents}
"""
DEVICE = "  {host}: [{{agent: fence_fake, parameters: {{ip: {host}, password: kasugai}}}}]\n"
API = """\
[api]
listen = 127.0.0.1
port = {port}
auth_strategy = keystone
[keystone_authtoken]
www_authenticate_uri = {auth_url}
auth_type = password
auth_url = {auth_url}
username = {user}
password = {password}
project_name = {project}
user_domain_name = Default
project_domain_name = Default
memcached_servers = 127.0.0.1:{memcached}
"""


class Ours:
    """Context manager: everything runs and is at work; no segment is described yet."""

    def __init__(self, layout: Layout, bus: str, with_devices: bool = False) -> None:
        """Nothing is started yet. `bus`: the url of that on which Nova notifies. `with_devices`: each host has a power
        device, which shows what `switch` said."""
        self._bus = bus
        self._layout = layout
        self._with_devices = with_devices
        self.folder = layout.folder / "kasugai"
        self.config = self.folder / "kasugai.conf"
        self.told = Told()
        self.processes = Supervisor(self.folder, self.config, PROCESSES)

    def __enter__(self) -> Self:
        """Start all."""
        with ExitStack() as stack:
            self.folder.mkdir(exist_ok=True)
            self._agents = self._install_agents()
            self.kafka = KafkaServer().start()
            stack.callback(self.kafka.stop)
            self.redis = RedisServer()
            self.redis.start()
            stack.callback(self.redis.stop)
            self.settings = self._configure()
            Topics(self.settings).apply(wanted(self.settings))
            stack.callback(self.processes.stop)
            self.processes.start()
            stack.callback(self.told.end)
            self.told.begin(self.settings.kafka)
            self.processes.until(self._is_at_work, 120, lambda: "all processes at work")
            self._stack = stack.pop_all()
        say("Kasugai's processes are at work")
        return self

    def __exit__(self, *_: object) -> None:
        """End all."""
        self._stack.close()

    def conf(self, user: User = KASUGAI) -> str:
        """Return the text of kasugai.conf with which Nova is asked as that user."""
        more = CONF.format(
            auth_url=self._layout.auth_url,
            user=user.name,
            password=PASSWORD,
            project=user.project,
            region=REGION,
            report=REPORT_INTERVAL * 1000,
            bus=self._bus,
            devices=self.folder / "power.yaml" if self._with_devices else "",
            agents=self._agents.folder,
        )
        api = API.format(
            port=self._layout.masakari_port,
            auth_url=self._layout.auth_url,
            user=SERVICE.name,
            password=PASSWORD,
            project=SERVICE.project,
            memcached=self._layout.memcached_port,
        )
        return settings_for(
            kafka=self.kafka.conf,
            redis=self.redis.url,
            profile="production",
            more=more + api + trusting_admins(self.folder),
        )

    def _install_agents(self) -> FakeAgents:
        folder = self.folder / "agents"
        folder.mkdir(exist_ok=True)
        agents = FakeAgents(folder)
        for host in HOSTS:
            agents.device(host)
        devices = "hosts:\n" + "".join(DEVICE.format(host=host) for host in HOSTS)
        (self.folder / "power.yaml").write_text(devices)
        (self.folder / "power.yaml").chmod(0o600)
        return agents

    def _configure(self) -> Settings:
        self.config.write_text(self.conf())
        return load([str(self.config)])

    def _is_at_work(self) -> bool:
        return all(self.processes.is_at_work(name) for name in COMMANDS) and self._api_answers()

    def _api_answers(self) -> bool:
        connection = HTTPConnection("127.0.0.1", self._layout.masakari_port, timeout=5)
        try:
            connection.request("GET", "/healthcheck")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    @contextmanager
    def bridge(self) -> Iterator[None]:
        """Let a bridge hear what Nova notifies for as long as the block lasts."""
        bridge = Supervisor(self.folder, self.config, {"bridge-1": ("bridge",)})
        try:
            bridge.start()
            bridge.until(lambda: bridge.is_at_work("bridge-1"), 60, lambda: "the bridge hears Nova")
            yield
        finally:
            bridge.stop()

    # What operators do.

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `kasugai WORDS` to its end."""
        argv = [sys.executable, "-m", "kasugai.cli", *words, "--config-file", str(self.config)]
        return subprocess.run(
            argv,
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
            env={**os.environ, "NO_COLOR": "1"},
        )

    def describe(self, policy: Policy) -> None:
        """Put all hosts into one segment with that policy."""
        hosts = tuple(WantedHost(name=host) for host in HOSTS)
        segment = WantedSegment(name=SEGMENT, policy=policy, hosts=hosts)
        asyncio.run(apply(self.settings.kafka, [segment], prune=False))

    def switch(self, host: str, power: str) -> None:
        """Let a host's power device read `on` or `off` from now on."""
        self._agents.switch(host, power)

    def report(self, host: str) -> None:
        """`kasugai fault publish HOST --fenced`: a person who knows says that it is off."""
        self._publish(host, "--fenced")

    def revive(self, host: str) -> None:
        """`kasugai fault publish HOST --alive`: it is back."""
        self._publish(host, "--alive")

    def _publish(self, host: str, word: str) -> None:
        """In this process: an interpreter's start would be measured with it."""
        said = build_parser().parse_args(["fault", "publish", host, word])
        asyncio.run(publish(self.settings.kafka, said))

    # What is told.

    def published(self, topic: str) -> list[object]:
        """Return what stands in a topic, values or the bytes that are none."""
        return asyncio.run(_all_of(self.settings, topic))

    def incident(self, host: str) -> IncidentView | None:
        """Return the newest incident of a host."""
        found = [view for view in fold(self.told.seen) if view.host == host]
        return found[-1] if found else None

    def until(self, so: Callable[[], bool], within: float, missing: Callable[[], object]) -> None:
        """Wait until it is so, starting again whoever ended; AssertionError says what is missing and each log's end."""
        self.processes.until(so, within, missing)


async def _all_of(settings: Settings, topic: str) -> list[object]:
    found: list[object] = []
    async with Reader(settings.kafka, "acceptance") as reader:
        for partition in await reader.partitions(topic):
            for record in (await reader.read_range(topic, partition, 0)).records:
                try:
                    found.append(decode(record.value or b""))
                except Undecodable:
                    found.append(record.value)
    return found
