"""What a guest's XML says, and of which classes its disks are."""

from pathlib import Path

import pytest

from kasugai.agents.instance.describing import NotAGuestError, description_of
from kasugai.agents.instance.disks import class_of, counted, mounts_of
from kasugai.agents.instance.places import Places
from kasugai.agents.instance.values import Description, Disk, OnEnd
from kasugai.core.words.heartbeats import DiskCount

NOVAS = """
<domain type='kvm' id='3'><name>instance-00000001</name>
  <on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot><on_crash>coredump-destroy</on_crash>
  <devices>
    <disk type='network' device='disk'><source protocol='rbd' name='vms/x_disk'/><target dev='vda'/></disk>
    <disk type='file' device='cdrom'><source file='/var/lib/nova/instances/x/disk.config'/></disk>
    <disk type='block' device='lun'><source dev='/dev/vg/x'/></disk>
    <disk type='file' device='disk'/>
    <channel type='unix'><target type='virtio' name='com.redhat.spice.0' state='connected'/></channel>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0' state='disconnected'/></channel>
  </devices></domain>
"""

MOUNTINFO = r"""
21 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
40 21 0:35 / /var/lib/nova/instances rw shared:2 - nfs4 nas:/instances rw
41 40 0:36 / /var/lib/nova/instances/locks rw - tmpfs tmpfs rw
42 21 0:37 / /mnt/two\040words rw - fuse.glusterfs g:/v rw
43 21 0:38 / /mnt/hidden rw - nfs nas:/a rw
44 21 0:39 / /mnt/hidden rw - xfs /dev/vdb rw
broken line
"""
MOUNTS = mounts_of(MOUNTINFO)


def no_lvm(path: str) -> bool:
    return False


def test_what_matters_of_a_guest_of_novas() -> None:
    assert description_of(NOVAS) == Description(
        on_crash=OnEnd.DESTROY,
        has_agent=True,
        disks=(
            Disk(kind="network", source="rbd"),
            Disk(kind="block", source="/dev/vg/x"),
            Disk(kind="file", source=""),
        ),
    )


def test_what_is_not_said_is_libvirts_default_and_what_is_not_known_is_other() -> None:
    assert description_of("<domain/>") == Description()
    odd = description_of("<domain><on_crash>rename-restart</on_crash><on_reboot>dance</on_reboot></domain>")
    assert (odd.on_crash, odd.on_reboot) == (OnEnd.RESTART, OnEnd.OTHER)


def test_an_agents_channel_may_be_held_open() -> None:
    text = NOVAS.replace("disconnected", "connected")
    assert description_of(text).is_agent_connected and not description_of(NOVAS).is_agent_connected


@pytest.mark.parametrize("text", ["", "<domain>", "<network/>", "\0"])
def test_what_is_no_guest_is_refused(text: str) -> None:
    with pytest.raises(NotAGuestError, match="not a guest's XML"):
        description_of(text)


@pytest.mark.parametrize(
    ("kind", "source", "name"),
    [
        ("network", "rbd", "rbd"),
        ("network", "iscsi", "other"),
        ("file", "/var/lib/nova/instances/x/disk", "shared-file"),
        ("file", "/var/lib/nova/instances/locks/x", "local-file"),
        ("file", "/mnt/two words/x", "shared-file"),
        ("file", "/mnt/hidden/x", "local-file"),
        ("file", "/opt/../var/lib/nova/instances/x", "shared-file"),
        ("file", "", "local-file"),
        ("dir", "/opt", "local-file"),
        ("block", "/dev/sdb", "other"),
        ("vhostuser", "", "other"),
    ],
)
def test_the_class_of_a_disk(kind: str, source: str, name: str) -> None:
    assert class_of(Disk(kind=kind, source=source), MOUNTS, no_lvm) == name


def test_a_guest_counts_once_for_each_class() -> None:
    rbd, lvm = Disk(kind="network", source="rbd"), Disk(kind="block", source="/dev/vg/x")
    guests = [Description(disks=(rbd, rbd, lvm)), Description(disks=(rbd,)), Description()]
    found = counted(guests, MOUNTS, lambda path: path == "/dev/vg/x")
    assert found == (DiskCount(disk="lvm", guests=1), DiskCount(disk="rbd", guests=2))


def test_a_logical_volume_is_one_that_lvm_made(tmp_path: Path) -> None:
    for device, made_by in (("dm-0", "LVM-abc"), ("dm-1", "mpath-360")):
        (tmp_path / "sys" / device / "dm").mkdir(parents=True)
        (tmp_path / "sys" / device / "dm" / "uuid").write_text(made_by)
        (tmp_path / device).touch()
        (tmp_path / f"link-{device}").symlink_to(tmp_path / device)
    places = Places(mounts=tmp_path / "nowhere", blocks=tmp_path / "sys")

    def classes(path: str) -> list[str]:
        disk = Disk(kind="block", source=str(tmp_path / path))
        return [each.disk for each in places.counted([Description(disks=(disk,))])]

    assert [classes(name) for name in ("link-dm-0", "link-dm-1", "gone")] == [["lvm"], ["other"], ["other"]]


def test_this_hosts_own_mounts_can_be_read() -> None:
    disk = Disk(kind="file", source="/proc/self/x")
    assert Places().counted([Description(disks=(disk,))]) == (DiskCount(disk="local-file", guests=1),)
