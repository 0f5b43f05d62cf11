"""The cloud of docs/operators/whatif.md: two racks, one nearly full, and guests of whom not all come back."""

from kasugai.sim.cloud import SimCloud

RACKS = """\
name: rack1
policy: {root-disks: local}
hosts: [cmp1, cmp2, cmp3, cmp4]
---
name: rack2
hosts: [cmp5, cmp6, cmp7]
"""
DEVICES = "hosts:\n" + "".join(f"  cmp{n}: [{{agent: fence_sim}}]\n" for n in (1, 2, 3, 5, 6, 7))
"""cmp4 has none."""


def build(cloud: SimCloud) -> None:
    """Seven hosts in two zones, and two aggregates."""
    for n in range(1, 8):
        cloud.add_host(f"cmp{n}", zone="az1" if n < 5 else "az2", capacity=6 if n < 5 else 8)
    cloud.add_aggregate("row-a", "cmp1", "cmp4")
    for host, names in {
        "cmp1": ("web1", "web2", "web3", "web4", "db1"),
        "cmp2": ("web5", "web6", "web7", "web8", "db2"),
        "cmp3": ("web9", "web10", "web11", "web12"),
        "cmp4": ("batch1", "batch2", "batch3", "batch4", "batch5"),
        "cmp5": ("app1", "app2", "app3"),
        "cmp6": ("app4",),
        "cmp7": ("app5", "app6"),
    }.items():
        for name in names:
            cloud.add_guest(name, host)
    cloud.add_image("debian-13")
    cloud.add_guest("scratch1", "cmp1", image="debian-13")
    cloud.add_guest("gpu1", "cmp1", extra_specs={"pci_passthrough:alias": "a100:1"})
    cloud.add_group("databases", "db1", "db2")
