"""What the demo stands on: Kafka, Redis and a cloud, each embedded unless a real one is named; and kasugai.conf for it.

Start it from the main thread: the embedded parts die with the thread that started them.
"""

import asyncio
import os
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from kasugai.adapters.kafka.layout import Finding, wanted
from kasugai.adapters.kafka.topics import Topics
from kasugai.adapters.redis_ledger import RedisLedger
from kasugai.adapters.redis_url import BadUrl
from kasugai.adapters.settings import KafkaSettings, SettingError, Settings, StreamSettings, load
from kasugai.cli.demo import devices, eyes
from kasugai.cli.demo.simulated import HOSTS, SOURCE, SimulatedCloud
from kasugai.cli.exits import Misused, SaidNo
from kasugai.sim.embedded import EmbeddedKafka, EmbeddedRedis

PARTITIONS = 4
GATHER = 2.5
"""Seconds in which both workers join: then their group is complete at once."""
CLOUD = "sim"
"""The simulated cloud's name in its clouds.yaml."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What was asked for on the command line; None: embedded."""

    kafka: str | None = None
    redis: str | None = None
    cloud: str | None = None
    host: str | None = None
    """With a real cloud: the dead host."""


@dataclass(slots=True, kw_only=True)
class Parts:
    """The running parts."""

    folder: Path
    """Configuration and logs."""
    choice: Choice
    kafka: str = ""
    redis: str = ""
    simulated: SimulatedCloud | None = None
    agents: Mapping[str, Path] = field(default_factory=dict)
    """The agents' configuration by host; none of a real cloud's, whose hosts have agents of their own or none."""
    _stack: ExitStack = field(default_factory=ExitStack)

    @property
    def is_mock(self) -> bool:
        """Whether Kafka is the embedded broker, which cannot say how it keeps its topics."""
        return self.choice.kafka is None

    @property
    def profile(self) -> str:
        """The time-outs: short ones, unless a real cloud is at stake."""
        return "test" if self.choice.cloud is None else "production"

    @property
    def host(self) -> str:
        """The host that dies."""
        return self.choice.host or SOURCE

    @property
    def config(self) -> Path:
        """The kasugai.conf that all processes share."""
        return self.folder / "kasugai.conf"

    def settings(self) -> Settings:
        """Return what that file says; Misused when an address from the command line is none."""
        try:
            return load([str(self.config)])
        except SettingError as error:
            raise Misused(str(error)) from error

    def start(self) -> None:
        """Start what is embedded, write kasugai.conf, and make the topics. LedgerAway when a Redis of the caller's does
        not serve: the processes would wait for it without a word here."""
        if self.choice.redis is None:
            self.redis = self._stack.enter_context(EmbeddedRedis()).url
        else:
            self.redis = self.choice.redis
            asyncio.run(_reach(self.redis))
        if self.choice.cloud is None:
            self.simulated = SimulatedCloud(self.folder, sys.executable)
            self._stack.callback(self.simulated.stop)
            self.simulated.start()
        self._start_kafka()

    def _start_kafka(self) -> None:
        if self.choice.kafka is not None:
            self.kafka = self.choice.kafka
            self._write_config()
            return self._make_topics()
        bare = Settings(
            kafka=KafkaSettings(bootstrap_servers="-"), stream=StreamSettings(partitions=PARTITIONS)
        )
        topics = {topic.name: topic.partitions for topic in wanted(bare)}
        self.kafka = self._stack.enter_context(EmbeddedKafka(topics, gather=GATHER)).bootstrap
        return self._write_config()

    def stop(self) -> None:
        """End what is embedded."""
        self._stack.close()

    def _make_topics(self) -> None:
        settings = self.settings()
        bad = [
            report for report in Topics(settings).apply(wanted(settings)) if report.finding is not Finding.OK
        ]
        if bad:
            raise SaidNo(
                f"{self.kafka}: {bad[0].topic} is there and {', '.join(bad[0].differences)}: the demo needs a broker "
                f"without Kasugai's topics, or with {PARTITIONS} partitions and one replica"
            )

    def _write_config(self) -> None:
        """Real clouds are looked up where OpenStack's clients look, and where their variable says."""
        real = os.environ.get("OS_CLIENT_CONFIG_FILE", "")
        text = CONFIG.format(
            kafka=self.kafka,
            redis=self.redis,
            cloud=self.choice.cloud or CLOUD,
            file=self.simulated.clouds_file if self.simulated else real,
            partitions=PARTITIONS,
            profile=self.profile,
        )
        self.config.write_text(text + self._sight())

    def _sight(self) -> str:
        """Return what is said of power and agents: the simulated cloud has its own, a real one's are left alone."""
        if self.simulated is None:
            return devices.NONE
        self.agents = eyes.enroll(self.folder, self.kafka, HOSTS)
        return devices.describe(self.folder, self.simulated.url, HOSTS) + eyes.section(self.folder)


async def _reach(url: str) -> None:
    """Return when that Redis serves a ledger; Misused when the url is none."""
    try:
        ledger = RedisLedger.from_url(url)
    except BadUrl as error:
        raise Misused(
            f"--redis {error}; for example: kasugai demo --redis redis://127.0.0.1:6379/0"
        ) from error
    async with ledger:
        await ledger.check()


CONFIG = """\
# Written by kasugai demo: everything on one machine. Not for production.
[kafka]
bootstrap_servers = {kafka}
replication = 1
min_insync = 1
[redis]
url = {redis}
[nova]
cloud = {cloud}
clouds_file = {file}
[stream]
partitions = {partitions}
[worker]
profile = {profile}
"""
