"""The Storage port's suite, and the rights that it needs, on a real Ceph: `make ceph-check`. No part of `make test`.

The port is made from a power.yaml, and asks as a user with the rights that docs/operators/storage-fence.md gives and no
others, from a machine of its own.
"""

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from kasugai.adapters.ceph import CephStorage, closables
from kasugai.adapters.settings.values import PowerSettings
from kasugai.core.recovering.storage import Disk, DiskKind, StorageState
from kasugai.workers.ports import Storage
from tests.conformance.storage.stories import STORIES, Story
from tests.support.ceph import Ceph, Writer
from tests.support.sources import REPO

PAGE = REPO / "docs" / "operators" / "storage-fence.md"
FILE = """\
defaults:
  ceph:
    parameters:
      conf: {conf}
      user: kasugai
      keyring: {keyring}
      programs: {programs}
      volumes: volumes
      root_disks: vms
hosts:
  h1: [{{agent: ceph, parameters: {{addresses: {h1} 203.0.113.1}}}}]
  h2: [{{agent: ceph, parameters: {{addresses: {h2} 203.0.113.2}}}}]
"""


def caps() -> dict[str, str]:
    """Return the rights as the operators' page gives them: of each service the text in quotes."""
    command = PAGE.read_text().partition("ceph auth get-or-create client.kasugai")[2].partition("```")[0]
    words = command.replace("\\\n", "").split("'")
    return {before.split()[0]: said for before, said in zip(words[::2], words[1::2], strict=False)}


@pytest.fixture(scope="module")
def ceph() -> Iterator[Ceph]:
    """One cluster for all."""
    cluster = Ceph()
    try:
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture(scope="module")
def keyring(ceph: Ceph) -> Path:
    """The worker's user."""
    return ceph.user("kasugai", **caps())


@pytest.fixture
def place(ceph: Ceph, keyring: Path, tmp_path: Path) -> Iterator["RealCeph"]:
    """A cluster that is closed to nobody."""
    found = RealCeph(ceph, keyring, tmp_path)
    yield found
    found.clear()


class RealCeph:
    """Clients in network namespaces, and a cluster."""

    def __init__(self, ceph: Ceph, keyring: Path, folder: Path) -> None:
        self._ceph = ceph
        self._writers: dict[tuple[str, str], Writer] = {}
        self._machines = {name: ceph.machines[name] for name in ("h1", "h2")}
        file = folder / "power.yaml"
        file.touch(0o600)
        file.write_text(
            FILE.format(
                conf=ceph.conf,
                keyring=keyring,
                programs=ceph.program(folder / "bin"),
                **{name: machine.address for name, machine in self._machines.items()},
            )
        )
        hosts = closables(PowerSettings(devices_file=str(file), read_timeout=20_000), 60)
        self.port: Storage = CephStorage(hosts.get, now=_now)

    def addresses(self, host: str) -> tuple[str, str]:
        return self._machines[host].address, f"203.0.113.{host[1:]}"

    async def write(self, host: str, name: str) -> Disk:
        disk = Disk(DiskKind.VOLUME, str(uuid4()))
        await asyncio.to_thread(self._ceph.image, _image(disk))
        writer = await asyncio.to_thread(self._ceph.writer, host, _image(disk))
        self._writers[host, disk.id] = writer
        return disk

    async def writes(self, host: str, disk: Disk) -> bool:
        return self._writers[host, disk.id].ended() is None

    async def may_write(self, host: str, disk: Disk) -> bool:
        words = ("rbd", "bench", _image(disk), "--io-type", "write", "--io-size", "4K", "--io-total", "4K")
        known = ("-c", str(self._ceph.conf), "--keyring", f"{self._ceph.home}/admin.keyring")
        command = (*self._machines[host].within, *words, *known)
        done = await asyncio.to_thread(subprocess.run, command, capture_output=True, timeout=60)
        assert done.returncode in (0, 108), done.stderr
        return done.returncode == 0

    async def stand_still(self, host: str) -> None:
        for writer in self._of(host):
            writer.stop_still()

    async def go_on(self, host: str) -> None:
        for writer in self._of(host):
            writer.go_on()

    async def die(self, host: str) -> None:
        for writer in self._of(host):
            writer.kill()

    async def close_by_hand(self, address: str, seconds: int) -> None:
        await asyncio.to_thread(
            self._ceph.admin, "ceph", "osd", "blocklist", "add", f"{address}:0/0", str(seconds)
        )

    async def is_closed_to(self, address: str) -> bool:
        found = await asyncio.to_thread(self._ceph.ask, "ceph", "osd", "dump")
        return f"{address}:0/0" in found["blocklist"]

    async def lockers(self, disk: Disk) -> tuple[str, ...]:
        found = await asyncio.to_thread(self._ceph.ask, "rbd", "lock", "ls", _image(disk))
        hosts = {machine.address: name for name, machine in self._machines.items()}
        return tuple(hosts[lock["address"].partition(":")[0]] for lock in found)

    async def pass_time(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def go_away(self) -> None:
        self._ceph.machines["worker"].cable("down")

    async def answer(self) -> None:
        self._ceph.machines["worker"].cable("up")

    def clear(self) -> None:
        """Let nothing of this story be left."""
        for writer in self._writers.values():
            writer.kill()
        self._ceph.machines["worker"].cable("up")
        self._ceph.admin("ceph", "osd", "blocklist", "clear")

    def _of(self, host: str) -> list[Writer]:
        return [writer for (where, _), writer in self._writers.items() if where == host]


def _image(disk: Disk) -> str:
    return f"volumes/volume-{disk.id}"


def _now() -> float:
    from kasugai.adapters.wall import Wall

    return Wall().now() / 1000


@pytest.mark.parametrize("story", STORIES, ids=lambda story: str(story.__name__))
def test_story(story: Story, place: RealCeph) -> None:
    """With the clock that everybody has."""
    asyncio.run(story(place))


def test_root_and_ephemeral_disks_go_by_novas_names(ceph: Ceph, place: RealCeph) -> None:
    guest = str(uuid4())
    for image in (f"vms/{guest}_disk", f"vms/{guest}_disk.eph0"):
        ceph.image(image)

    async def story() -> None:
        await place.port.close("h1")
        await place.port.free("h1", (Disk(DiskKind.ROOT, guest), Disk(DiskKind.EPHEMERAL, guest)))

    asyncio.run(story())


def test_a_closed_host_cannot_be_told_from_a_dead_one_by_its_lock(ceph: Ceph, place: RealCeph) -> None:
    """Lifting a lock puts nobody on the blocklist who was not there: entries of `rbd` would be nobody's to lift."""

    async def story() -> None:
        disk = await place.write("h1", "n")
        await place.port.close("h1")
        await place.port.free("h1", (disk,))
        assert (await place.port.read("h1", ())).state is StorageState.CLOSED

    asyncio.run(story())
    entries = ceph.ask("ceph", "osd", "dump")["blocklist"]
    assert sorted(entries) == sorted(f"{address}:0/0" for address in place.addresses("h1"))


ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
FORBIDDEN = {
    "close one process": "ceph osd blocklist add 198.51.100.11:0/4711 60",
    "clear the blocklist": "ceph osd blocklist clear",
    "take an OSD out": "ceph osd out 0",
    "make a pool": "ceph osd pool create mine 8",
    "read a key": "ceph auth get client.admin",
    "read data": "rbd export volumes/volume-rights -",
    "write data": "rados -p volumes put rbd_data.1.0000000000000000 /etc/hostname",
    "make an image": "rbd create volumes/volume-more --size 1M",
    "remove an image": "rbd rm volumes/volume-rights",
    "list objects": "rados -p volumes ls",
}


@pytest.mark.parametrize("command", FORBIDDEN.values(), ids=FORBIDDEN.keys())
def test_the_workers_user_may_not(command: str, ceph: Ceph, keyring: Path) -> None:
    if "volume-rights" in command and not ceph.admin("rbd", "info", "volumes/volume-rights", check=False):
        ceph.image("volumes/volume-rights")
    known = ("-c", str(ceph.conf), "--id", "kasugai", "--keyring", str(keyring))
    words = (*ceph.machines["worker"].within, *command.split(), *known)
    done = subprocess.run(
        words,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=ENVIRONMENT | {"CEPH_KEYRING": str(keyring)},
    )
    assert done.returncode != 0, command
    denied = ("Operation not permitted", "EACCES", "access denied")
    assert any(word in done.stderr for word in denied), done.stderr
