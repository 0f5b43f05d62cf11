"""A real Corosync and Pacemaker cluster on this machine: each node in namespaces of its own, joined by one bridge.

Needs root, and Debian's corosync, pacemaker, pacemaker-cli-utils and fence-agents (tools/ensure-services).
Nothing of it is reached from outside its namespaces; a node's death ends all that ran on it.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.support.sources import REPO

REMOTED = REPO / ".services" / "pacemaker-remote" / "usr" / "sbin" / "pacemaker-remoted"
"""Debian's package of it conflicts with Pacemaker's, so tools/ensure-services only unpacks it."""
NETWORK = "192.0.2"
LOG = "PCMK_logfile=/var/log/pacemaker/pacemaker.log"
OWN = ("etc/corosync", "etc/pacemaker", "var/lib/corosync", "var/lib/pacemaker", "var/log/pacemaker")
"""Folders that each node has to itself."""

COROSYNC = """\
totem {{
    version: 2
    cluster_name: kasugai
    transport: udpu
    token: 1000
}}
system {{
    sched_rr: no
    move_to_root_cgroup: no
}}
nodelist {{
{nodes}}}
quorum {{
    provider: corosync_votequorum
}}
logging {{
    to_syslog: no
    to_logfile: yes
    logfile: /var/lib/corosync/corosync.log
}}
"""
NODE = """\
    node {{
        ring0_addr: {address}
        name: {name}
        nodeid: {number}
    }}
"""
INIT = """\
set -e
for each in {own}; do mount --bind {home}/$each /$each; done
mount -t tmpfs tmpfs /run; mount -t tmpfs tmpfs /dev/shm
hostname {name}; ip link set lo up; touch {home}/ready
while :; do sleep 3600 & wait $!; done
"""
CIB = """\
<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.9" admin_epoch="0" epoch="1" num_updates="0">
<configuration><crm_config><cluster_property_set id="o">
  <nvpair id="o1" name="stonith-enabled" value="true"/>
  <nvpair id="o2" name="dc-deadtime" value="2s"/>
  <nvpair id="o3" name="cluster-recheck-interval" value="60s"/>
</cluster_property_set></crm_config>
<nodes/>
<resources>
  <primitive id="fence" class="stonith" type="fence_dummy">
    <instance_attributes id="f"><nvpair id="f1" name="pcmk_host_list" value="{names}"/>
      <nvpair id="f2" name="pcmk_host_check" value="static-list"/>
      <nvpair id="f3" name="status_file" value="/run/fence"/></instance_attributes>
  </primitive>{remotes}
</resources><constraints/></configuration><status/></cib>
"""
REMOTE = """
  <primitive id="{name}" class="ocf" provider="pacemaker" type="remote">
    <instance_attributes id="{name}-a"><nvpair id="{name}-a1" name="server" value="{address}"/></instance_attributes>
    <operations><op id="{name}-m" name="monitor" interval="2s" timeout="5s"/>
      <op id="{name}-s" name="start" interval="0" timeout="6s"/></operations>
  </primitive>"""


class Node:
    """One machine: its processes, its folders, its place on the network."""

    def __init__(self, cluster: "HaCluster", number: int, name: str) -> None:
        """Lay it out; nothing runs yet."""
        self.cluster, self.number, self.name = cluster, number, name
        self.address = f"{NETWORK}.{number}"
        self.home = cluster.folder / name
        self.running: list[subprocess.Popen[bytes]] = []
        self.init = 0

    def boot(self) -> None:
        """Give it folders, namespaces and a cable."""
        for each in OWN:
            (self.home / each).mkdir(parents=True)
        for each in ("cib", "pengine", "blackbox", "cores"):
            (self.home / "var/lib/pacemaker" / each).mkdir()
        self._power_on()

    def boot_again(self) -> None:
        """Give power back to a full node that has died: its disk is what it was."""
        (self.home / "ready").unlink()
        self._power_on()
        self.start_corosync()
        self.start_pacemaker()

    def start_corosync(self) -> None:
        """Start it; it seeks its membership by itself."""
        self.launch("corosync", "-f")

    def start_pacemaker(self) -> None:
        """Start it once there is quorum."""
        wait_for(self._is_quorate, f"quorum on {self.name}")
        self.launch("env", LOG, "pacemakerd", "-f")

    def start_remoted(self) -> None:
        """Start what a remote node has in place of both."""
        self.launch("env", LOG, shutil.which("pacemaker-remoted") or str(REMOTED))

    def _is_quorate(self) -> bool:
        return "Quorate:          Yes" in self.says("corosync-quorumtool", "-s")

    def _power_on(self) -> None:
        script = INIT.format(own=" ".join(OWN), home=self.home, name=self.name)
        flags = ("--mount", "--net", "--uts", "--ipc", "--pid", "--fork", "--kill-child", "--mount-proc")
        unshare = subprocess.Popen(["unshare", *flags, "sh", "-c", script], stderr=subprocess.DEVNULL)
        self.running.append(unshare)
        wait_for((self.home / "ready").exists, f"{self.name} has booted")
        children = Path(f"/proc/{unshare.pid}/task/{unshare.pid}/children").read_text()
        self.init = int(children.split()[0])
        self.cluster.plug(self)

    @property
    def within(self) -> tuple[str, ...]:
        """What goes before a command that is to run on it."""
        return ("nsenter", "-t", str(self.init), "-m", "-n", "-u", "-i", "-p")

    def run(self, *command: str, text: str = "") -> str:
        """Run a command on it and return what it printed; AssertionError when it fails."""
        done = subprocess.run(
            [*self.within, *command], input=text, capture_output=True, text=True, timeout=30, check=False
        )
        assert done.returncode == 0, f"{self.name}: {command}: {done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout

    def says(self, *command: str) -> str:
        """Run a command on it and return what it printed, however it ended."""
        done = subprocess.run(
            [*self.within, *command], capture_output=True, text=True, timeout=30, check=False
        )
        return done.stdout

    def launch(self, *command: str) -> None:
        """Start a process of its own on it."""
        log = (self.home / f"{Path(command[0]).name}.out").open("wb")
        with log:
            process = subprocess.Popen(
                [*self.within, *command], stdout=log, stderr=log, start_new_session=True
            )
        self.running.append(process)

    def signal(self, name: str, process: str) -> None:
        """Send a signal to one of its processes, by its name within its own namespace."""
        self.run("pkill", f"-{name}", "-x", process[:15])

    def die(self) -> None:
        """Lose power: all that runs on it ends at once, and its cable is dead."""
        with suppress(ProcessLookupError):
            os.kill(self.init, 9)
        for each in self.running:
            each.kill()  # nsenter stops together with what it runs, and would not see its end
            each.wait(10)
        self.running.clear()

    def cut_off(self) -> None:
        """Pull its cable."""
        self.cluster.cable(self, "down")

    def plug_in(self) -> None:
        """Put its cable back."""
        self.cluster.cable(self, "up")


class HaCluster:
    """Three nodes with Corosync and Pacemaker, and as many remote nodes as are asked for."""

    def __init__(self, remotes: tuple[str, ...] = ()) -> None:
        """Lay it out; nothing runs yet."""
        self.folder = Path(tempfile.mkdtemp(prefix="ha-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.nodes = [Node(self, number, f"n{number}") for number in (1, 2, 3)]
        self.remotes = [Node(self, number, name) for number, name in enumerate(remotes, 11)]
        self._hub: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "HaCluster":
        """Boot all, and wait until the cluster has a leader and sees all of its nodes."""
        try:
            self._boot()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """End all of it."""
        for node in (*self.nodes, *self.remotes):
            if node.init:
                node.die()
        if self._hub is not None:  # its bridge and the cables go with it
            self._hub.kill()
            self._hub.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _boot(self) -> None:
        assert os.geteuid() == 0, "namespaces need root: run these tests as root"
        self._hub = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        wait_for(self._is_apart, "the bridge's namespace")
        self._on_hub("ip", "link", "add", "br0", "type", "bridge")
        self._on_hub("ip", "link", "set", "br0", "up")
        for node in (*self.nodes, *self.remotes):
            node.boot()
        self._configure()
        for node in self.nodes:
            node.start_corosync()
        for node in self.nodes:
            node.start_pacemaker()
        for node in self.remotes:
            node.start_remoted()
        wait_for(self._has_joined, "three members", 60)

    def _has_joined(self) -> bool:
        return self.nodes[0].says("cibadmin", "--query").count('join="member"') == 3

    def _is_apart(self) -> bool:
        assert self._hub is not None
        return os.readlink(f"/proc/{self._hub.pid}/ns/net") != os.readlink("/proc/self/ns/net")

    def _configure(self) -> None:
        nodes = "".join(NODE.format(address=n.address, name=n.name, number=n.number) for n in self.nodes)
        for node in (*self.nodes, *self.remotes):
            (node.home / "etc/corosync/corosync.conf").write_text(COROSYNC.format(nodes=nodes))
            (node.home / "etc/pacemaker/authkey").write_bytes(b"k" * 4096)
            cib = node.home / "var/lib/pacemaker/cib/cib.xml"
            cib.write_text(self._cib())
            cib.chmod(0o600)
            theirs = [str(node.home / f"var/{each}/pacemaker") for each in ("lib", "log")]
            _call("chown", "-R", "hacluster:haclient", *theirs)

    def _cib(self) -> str:
        names = " ".join(node.name for node in (*self.nodes, *self.remotes))
        remotes = "".join(REMOTE.format(name=each.name, address=each.address) for each in self.remotes)
        return CIB.format(names=names, remotes=remotes)

    def plug(self, node: Node) -> None:
        """Give a node its cable to the bridge."""
        end = f"v{node.number}"
        self._on_hub(
            "ip", "link", "add", end, "type", "veth", "peer", "name", "eth0", "netns", str(node.init)
        )
        self._on_hub("ip", "link", "set", end, "master", "br0", "up")
        node.run("ip", "address", "add", f"{node.address}/24", "dev", "eth0")
        node.run("ip", "link", "set", "eth0", "up")

    def cable(self, node: Node, state: str) -> None:
        """Set a node's cable up or down."""
        self._on_hub("ip", "link", "set", f"v{node.number}", state)

    def _on_hub(self, *command: str) -> None:
        assert self._hub is not None
        _call("nsenter", "-t", str(self._hub.pid), "-n", *command)


def _call(*command: str) -> None:
    subprocess.run(command, check=True, timeout=30)


def wait_for(holds: Callable[[], bool], what: str, seconds: float = 20) -> None:
    """Return once it holds; AssertionError after `seconds`."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, f"not within {seconds:g} s: {what}"
        time.sleep(0.05)
