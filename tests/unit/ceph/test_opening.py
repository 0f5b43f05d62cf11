"""From power.yaml to hosts' clusters: what may be written there, and what is refused with its place."""

import asyncio
import json
from pathlib import Path

import pytest

from kasugai.adapters.ceph import CephStorage, NoStorage, closables, storage_of
from kasugai.adapters.ceph.checking import StorageCheck
from kasugai.adapters.power import BadDevices, DeviceTrouble, devices
from kasugai.adapters.settings.values import PowerSettings
from kasugai.core.recovering.doors import FenceRefused, StorageAway
from kasugai.core.recovering.storage import Disk, DiskKind, StorageState

GOOD = {
    "user": "client.kasugai",
    "keyring": "/k",
    "addresses": "198.51.100.11 2001:db8::11",
    "volumes": "a b",
}


def described(folder: Path, *devices: dict[str, object], script: str = "exit 0") -> PowerSettings:
    """Return settings with a power.yaml for cmp1, and programs that are this script."""
    for name in ("ceph", "rbd", "fence_dummy"):
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    file = folder / "power.yaml"
    file.touch(0o600)
    file.write_text(json.dumps({"hosts": {"cmp1": devices}}))
    return PowerSettings(devices_file=str(file), agents_dir=str(folder))


def ceph(folder: Path, **parameters: str | None) -> dict[str, object]:
    said = {**GOOD, "programs": str(folder), **parameters}
    return {"agent": "ceph", "parameters": {name: value for name, value in said.items() if value is not None}}


def test_a_host_with_both(tmp_path: Path) -> None:
    settings = described(
        tmp_path, {"agent": "fence_dummy"}, ceph(tmp_path, root_disks="vms", watch_timeout="60")
    )
    assert [device.kind for device in devices(settings, 60)["cmp1"]] == ["fence_dummy"]
    where = closables(settings, 60)["cmp1"]
    assert [str(address) for address in where.addresses] == ["198.51.100.11", "2001:db8::11"]
    assert (where.volumes, where.root_disks, where.watch_ends, where.timeout) == (
        ("a", "b"),
        ("vms",),
        60_000,
        54.0,
    )
    assert list(where.images(Disk(DiskKind.VOLUME, "1"))) == ["a/volume-1", "b/volume-1"]
    assert list(where.images(Disk(DiskKind.ROOT, "g"))) == ["vms/g_disk"]
    assert list(where.images(Disk(DiskKind.EPHEMERAL, "g"))) == ["vms/g_disk.eph0"]
    assert isinstance(storage_of(settings, 60), CephStorage)


def test_a_host_with_storage_alone_has_no_power_device(tmp_path: Path) -> None:
    settings = described(tmp_path, ceph(tmp_path) | {"timeout": "20s"})
    assert devices(settings, 60) == {}
    assert closables(settings, 60)["cmp1"].timeout == 20.0


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"keyring": None}, "keyring is missing"),
        ({"adresses": "x"}, "nobody reads adresses"),
        ({"volumes": None}, "name the pools"),
        ({"addresses": "cmp1"}, "IP addresses with blanks between them"),
        ({"addresses": "198.51.100.0/24"}, "IP addresses with blanks between them"),
        ({"addresses": " ".join(f"198.51.100.{n}" for n in range(17))}, "1 to 16 addresses"),
        ({"watch_timeout": "30s"}, "watch_timeout is a number"),
        ({"programs": "/nowhere"}, "/nowhere/ceph is no program"),
    ],
)
def test_what_is_refused(parameters: dict[str, str | None], said: str, tmp_path: Path) -> None:
    with pytest.raises(BadDevices, match=said):
        closables(described(tmp_path, ceph(tmp_path, **parameters)), 60)


def test_a_time_out_that_no_fence_has(tmp_path: Path) -> None:
    with pytest.raises(BadDevices, match=r"timeout is longer than 54 s"):
        closables(described(tmp_path, ceph(tmp_path) | {"timeout": "60s"}), 60)


def test_power_comes_first(tmp_path: Path) -> None:
    with pytest.raises(BadDevices, match="power is tried first"):
        closables(described(tmp_path, ceph(tmp_path), {"agent": "fence_dummy"}), 60)


@pytest.mark.parametrize(
    ("script", "state"),
    [
        ("echo '[]'", StorageState.OPEN),
        (
            'echo \'[{"addr":"198.51.100.11:0/0","until":"2099-01-01T00:00:00.0+0000"},'
            '{"addr":"[2001:db8::11]:0/0","until":"2099-01-01T00:00:00.0+0000"}]\'',
            StorageState.CLOSED,
        ),
    ],
)
def test_a_check_asks_and_does_nothing(script: str, state: StorageState, tmp_path: Path) -> None:
    where = closables(described(tmp_path, ceph(tmp_path), script=script), 60)["cmp1"]
    check = StorageCheck(where)
    assert asyncio.run(check.status()) is state
    assert check.name == "ceph (/etc/ceph/ceph.conf) for 198.51.100.11, 2001:db8::11"


def test_a_check_of_one_that_does_not_answer(tmp_path: Path) -> None:
    where = closables(described(tmp_path, ceph(tmp_path), script="exit 1"), 60)["cmp1"]
    with pytest.raises(DeviceTrouble, match="exit code 1 without a word"):
        asyncio.run(StorageCheck(where).status())


def test_without_any() -> None:
    none = storage_of(PowerSettings(), 60)
    assert isinstance(none, NoStorage)
    assert not none.has("cmp1")
    assert asyncio.run(none.read("cmp1", ())).state is StorageState.UNKNOWN
    with pytest.raises(FenceRefused):
        asyncio.run(none.close("cmp1"))
    with pytest.raises(FenceRefused):
        asyncio.run(none.open("cmp1", ()))
    with pytest.raises(StorageAway):
        asyncio.run(none.free("cmp1", ()))
