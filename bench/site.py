"""What a bench measures: a Kafka node, a Redis, a simulated Nova in a thread, an inventory, and Kasugai's processes.

It starts and describes; what is measured is each bench's own business.
"""

import asyncio
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from kasugai.adapters.kafka.inventory_reader import InventoryReader
from kasugai.adapters.kafka.layout import wanted
from kasugai.adapters.kafka.topics import Topics
from kasugai.adapters.settings import Settings, load
from kasugai.cli.segment import apply
from kasugai.cli.segment_file import WantedHost, WantedSegment
from kasugai.core.recovering.doors import LogAway
from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import Fault, Source, fault
from kasugai.sim.cloud import REAL, Pace, SimCloud
from kasugai.sim.cloud.wire import Request
from kasugai.sim.embedded import EmbeddedRedis
from kasugai.sim.http import CloudThread
from tests.chaos.crew import Crew
from tests.support.kafka import KafkaServer
from tests.support.settings_file import settings_for


def say(line: str) -> None:
    """Tell whoever waits."""
    sys.stderr.write(f"bench: {line}\n")
    sys.stderr.flush()


def await_(so: Callable[[], bool], what: str, within: float = 120.0) -> float:
    """Wait until it is so and return the seconds that it took; TimeoutError says what did not come."""
    began = time.monotonic()
    while not so():
        if time.monotonic() - began > within:
            message = f"not within {within:.0f} s: {what}"
            raise TimeoutError(message)
        time.sleep(0.005)
    return time.monotonic() - began


AGENT = "#!/bin/sh\necho 'Status: OFF'\nexit 2\n"
"""A power device that reads off, as cheap as a process can be: what is measured is not how long a BMC takes, nor how
long Nova's record must stand still where there is no device (15 s: caution, no speed)."""


class Site:
    """Context manager: the servers run; processes are started by name (`route-1`, `worker-2`)."""

    def __init__(
        self,
        build: Callable[[SimCloud], None] = lambda _: None,
        *,
        pace: Pace = REAL,
        profile: str = "production",
        partitions: int = 12,
        failing: Sequence[str] = (),
    ) -> None:
        """`build` fills the cloud; the `failing` hosts have a power device that reads off."""
        self.cloud = CloudThread(build, pace=pace, seed=1)
        self._profile, self._partitions, self._failing = profile, partitions, failing
        self._said = 0
        self.uuids: dict[str, str] = {}

    def __enter__(self) -> Self:
        """Start the servers and make the topics."""
        with ExitStack() as stack:
            self.folder = Path(tempfile.mkdtemp(prefix="kb-"))
            stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
            self.kafka = KafkaServer().start()
            stack.callback(self.kafka.stop)
            found = shutil.which("redis-server")
            options = ("--appendonly", "yes", "--appendfsync", "everysec")
            self.redis = stack.enter_context(
                EmbeddedRedis(binary=Path(found) if found else None, options=options)
            )
            stack.enter_context(self.cloud)
            self.settings = self._configure()
            Topics(self.settings).apply(wanted(self.settings))
            self.crew = Crew(self.folder, self.folder / "kasugai.conf", names=())
            stack.callback(self.crew.stop)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """End everything; after a failure say what the processes said last."""
        for name in self.crew.pids() if kind else ():
            say(f"{name} said:\n" + "\n".join(self.crew.log(name).splitlines()[-8:]))
        self._stack.close()

    def _configure(self) -> Settings:
        clouds, file = self.folder / "clouds.yaml", self.folder / "kasugai.conf"
        clouds.write_text(self.cloud.door.clouds_yaml())
        file.write_text(
            settings_for(
                kafka=self.kafka.conf,
                redis=self.redis.url,
                clouds=clouds,
                partitions=self._partitions,
                profile=self._profile,
                more=self._devices() + f"[bridge]\ntransport_url = kafka://{self.kafka.bootstrap}/\n",
            )
        )
        return load([str(file)])

    def _devices(self) -> str:
        """Write power.yaml and its agent, and return where they are."""
        agent, file = self.folder / "fence_bench", self.folder / "power.yaml"
        agent.write_text(AGENT)
        agent.chmod(0o755)
        file.touch(mode=0o600)
        file.write_text(
            "hosts:\n" + "".join(f"  {host}: [{{agent: fence_bench}}]\n" for host in self._failing)
            if self._failing
            else "hosts: {}\n"
        )
        return f"[power]\ndevices_file = {file}\nagents_dir = {self.folder}\n"

    def describe(self, segments: Sequence[Sequence[str]], policy: Policy) -> None:
        """Write an inventory: the hosts of each segment."""
        described = [
            WantedSegment(
                name=f"rack{n}", policy=policy, hosts=tuple(WantedHost(name=host) for host in hosts)
            )
            for n, hosts in enumerate(segments, start=1)
        ]
        for _ in range(4):
            try:
                asyncio.run(apply(self.settings.kafka, described, prune=False))
                break
            except LogAway as away:
                say(f"again: {away}")
        total = sum(len(hosts) for hosts in segments)
        await_(lambda: self._read_inventory() >= total, "the inventory")

    def _read_inventory(self) -> int:
        async def read() -> dict[str, str]:
            async with InventoryReader(self.settings.kafka, "bench-inventory") as reader:
                return {host.name: host.host_uuid for host in reader.inventory.hosts()}

        self.uuids = asyncio.run(read())
        return len(self.uuids)

    def start(self, *names: str) -> float:
        """Start processes, wait until they are at work, and return the seconds that it took."""
        for name in names:
            self.crew.add(name)
        return await_(lambda: not self.crew.idle(), f"{names} at work", 180)

    def fault(self, host: str, *, asserted: bool = False, observer: str = "cli", episode: str = "") -> Fault:
        """Return a new report about a host; with `episode`, that one again."""
        self._said += 1
        return fault(
            host=host,
            host_uuid=self.uuids.get(host, ""),
            observer=observer,
            source=Source.REPORTED,
            episode=episode or str(self._said),
            asserted=asserted,
            observed_at=round(time.time() * 1000),
        )

    def requests(self, since: int = 0) -> list[Request]:
        """Return what Nova was asked, from the Nth request on."""
        return self.cloud.do(lambda cloud: list(cloud.wire.requests[since:]))

    def lose(self, hosts: Iterable[str]) -> None:
        """Hosts lose their power."""

        def off(cloud: SimCloud) -> None:
            for host in hosts:
                cloud.hosts.power_off(host)

        self.cloud.do(off)

    def memory(self) -> dict[str, float]:
        """Return the resident memory of each process in MiB."""
        found = {}
        for name, pid in self.crew.pids().items():
            status = Path(f"/proc/{pid}/status").read_text()
            kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
            found[name] = int(kilobytes) / 1024
        return found
