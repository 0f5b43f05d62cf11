"""What an agent takes of a hypervisor at rest, beside masakari-monitors' host, process and instance monitors.

Both run side by side. Guests are those of libvirt's test driver, 100 domains that run without anything behind them, in
a real libvirtd, which has keepalive and events. masakari-monitors run from .venv-clients (`make clients`). Where
libvirtd or its binding is missing on either side, guests are left out on both, and the figures say so;
`KASUGAI_BENCH_LIBVIRT` names a folder that has the binding.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from bench.figures import Figure
from bench.site import await_, say
from kasugai.schemas.topics import FAULTS, HEARTBEATS, PEERS
from tests.support.kafka import REPO, KafkaServer

GUESTS = 100
SETTLE, REST = 20.0, 60.0
"""Seconds before the measurement and of it."""
FIRST_BEAT = 60.0
PROCESSES = 3
CLIENTS = REPO / ".venv-clients" / "bin"
MONITORS = ("masakari-hostmonitor", "masakari-processmonitor", "masakari-instancemonitor")
LIBVIRT = os.environ.get("KASUGAI_BENCH_LIBVIRT", "")


@dataclass(frozen=True, slots=True)
class Taken:
    """What processes have taken together."""

    mebibytes: float
    cpu: float
    """Seconds of a core."""


def run() -> Iterator[Figure]:
    """Start all, let them rest, and compare."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="kasugai-agent-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        kafka = KafkaServer().start()
        stack.callback(kafka.stop)
        kafka.create_topics(dict.fromkeys((HEARTBEATS, PEERS, *FAULTS.values()), 12))
        sleepers = [stack.enter_context(_ended(["sleep", "10000"])) for _ in range(PROCESSES)]
        uri = f"test+unix:///{folder}/guests.xml?socket={folder}/libvirt/libvirt-sock"
        _write(folder, kafka.bootstrap, [child.pid for child in sleepers], uri)
        _warm()
        guests = _has_libvirt(Path(sys.executable)) and _has_libvirt(CLIENTS / "python")
        if guests:
            stack.enter_context(_ended(_libvirtd(folder), folder / "libvirtd.log"))
            await_((folder / "libvirt" / "libvirt-sock").exists, "libvirtd's socket")
        began = time.monotonic()
        agent = stack.enter_context(_ended([*_AGENT, str(folder / "agent.conf")], folder / "agent.log"))
        yield _figure("start to first heartbeat", _first_beat(kafka.bootstrap) - began, "s", 1.0)
        yield _figure("start to first heartbeat, time of a core", _taken([agent.pid]).cpu, "s")
        theirs = [
            stack.enter_context(
                _ended([str(CLIENTS / name), *_CONF, str(folder / "m.conf")], folder / f"{name}.log")
            )
            for name in MONITORS
            if guests or name != "masakari-instancemonitor"
        ]
        yield from _compared([agent.pid], [child.pid for child in theirs], GUESTS if guests else 0)
        if ended := [child.args for child in (agent, *theirs) if child.poll() is not None]:
            raise RuntimeError(f"ended before it was measured: {ended}; see {folder}")


def _compared(ours: Sequence[int], theirs: Sequence[int], guests: int) -> Iterator[Figure]:
    say(f"{SETTLE + REST:.0f} s of rest with {guests} guests, {PROCESSES} processes and 4 peers")
    time.sleep(SETTLE)
    before = _taken(ours), _taken(theirs)
    time.sleep(REST)
    (our, their) = _taken(ours), _taken(theirs)
    our_cpu, their_cpu = (
        100 * (after.cpu - was.cpu) / REST for after, was in zip((our, their), before, strict=True)
    )
    yield _figure(f"agent, {guests} guests: memory", our.mebibytes, "MiB", 45)
    yield _figure(f"agent, {guests} guests: of a core", our_cpu, "%", 0.3)
    yield _figure(f"masakari-monitors, {guests} guests: memory", their.mebibytes, "MiB")
    yield _figure(f"masakari-monitors, {guests} guests: of a core", their_cpu, "%")
    yield _figure("memory beside masakari-monitors", our.mebibytes / their.mebibytes, "x", 1 / 3)
    yield _figure("time of a core beside masakari-monitors", our_cpu / their_cpu, "x", 1 / 3)


_AGENT = (sys.executable, "-m", "kasugai.cli", "agent", "--config-file")
_CONF = ("--config-file",)


def _libvirtd(folder: Path) -> list[str]:
    """Return what starts a libvirtd without rights in a folder: one with them would be the machine's."""
    for part in ("libvirt", "home"):
        (folder / part).mkdir()
    (folder / "libvirtd.conf").write_text(
        f'unix_sock_dir = "{folder}/libvirt"\nauth_unix_rw = "none"\nauth_unix_ro = "none"\n'
    )
    own = ["env", f"HOME={folder}/home", f"XDG_RUNTIME_DIR={folder}", f"XDG_CONFIG_HOME={folder}"]
    command = [*own, "libvirtd", "-f", str(folder / "libvirtd.conf")]
    if os.geteuid() != 0:
        return command
    for place in (folder, *folder.rglob("*")):
        shutil.chown(place, "nobody", "nogroup")
    return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *command]


def _write(folder: Path, bootstrap: str, pids: Sequence[int], uri: str) -> None:
    """Write both configurations: the same processes, the same guests."""
    (folder / "guests.xml").write_text(_node())
    for n, pid in enumerate(pids):
        (folder / f"{n}.pid").write_text(str(pid))
    entries = "".join(
        "- process_name: sleep\n  start_command: 'true'\n  restart_command: 'true'\n  run_as_root: false\n"
        "  pre_start_command:\n  post_start_command:\n  pre_restart_command:\n  post_restart_command:\n"
        for _ in pids[:1]
    )
    (folder / "theirs.yaml").write_text(entries)
    ours = "".join(f"- process_name: p{n}\n  pid_file: {folder}/{n}.pid\n" for n in range(len(pids)))
    (folder / "ours.yaml").write_text(ours)
    peers = "".join(f"cmp{n} management 127.0.0.{n}\n" for n in range(1, 6))
    (folder / "peers").write_text(peers)
    (folder / "agent.conf").write_text(
        f"[agent]\nhost = cmp1\nproof = none\nstate_dir = {folder}/state\nhealth_port = 0\n"
        f"[kafka]\nbootstrap_servers = {bootstrap}\n[host]\npeers_file = {folder}/peers\n"
        f"[process]\nprocess_list_path = {folder}/ours.yaml\n[libvirt]\nconnection_uri = {uri}\n"
    )
    (folder / "m.conf").write_text(
        f"[DEFAULT]\nlog_dir = {folder}\n[api]\nauth_url = http://127.0.0.1:9/v3\nauth_type = password\n"
        f"username = m\npassword = m\nproject_name = service\n[libvirt]\nconnection_uri = {uri}\n"
        f"[process]\nprocess_list_path = {folder}/theirs.yaml\n"
    )


def _node() -> str:
    """Return a node of libvirt's test driver with as many running domains."""
    domains = "".join(
        f"<domain type='test'><name>instance-{n:08x}</name><uuid>5b8e1c1e-3f0a-4d0e-8a55-{n:012x}</uuid>"
        "<memory>524288</memory><vcpu>1</vcpu><os><type>hvm</type></os></domain>"
        for n in range(GUESTS)
    )
    return f"<node><cpu><mhz>6000</mhz><model>i986</model></cpu><memory>99999999</memory>{domains}</node>"


def _first_beat(bootstrap: str) -> float:
    """Return when the first beat was there."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "bench", "fetch.wait.max.ms": 10})
    consumer.assign([TopicPartition(HEARTBEATS, n, OFFSET_BEGINNING) for n in range(12)])
    message = consumer.poll(FIRST_BEAT)
    seen = time.monotonic()
    consumer.close()
    if message is None or message.error() is not None:
        raise TimeoutError(f"no heartbeat within {FIRST_BEAT:.0f} s")
    return seen


def _has_libvirt(python: Path) -> bool:
    return (
        subprocess.run(
            [python, "-c", "import libvirt"], env=_env(), capture_output=True, check=False
        ).returncode
        == 0
    )


def _env() -> dict[str, str]:
    """As in production: Python keeps what it has compiled, and the unit's own setting."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | ({"PYTHONPATH": LIBVIRT} if LIBVIRT else {}) | {"MALLOC_ARENA_MAX": "1"}


def _warm() -> None:
    """Let Python compile what an agent loads, as an installation does."""
    modules = (
        "kasugai.agents.app, kasugai.agents.peers.watch, kasugai.agents.process.watch, kasugai.cli.agent"
    )
    subprocess.run([sys.executable, "-c", f"import {modules}"], env=_env(), check=True)


class _ended:
    """A process for the length of a block, with all of its children."""

    def __init__(self, command: Sequence[str], log: Path | None = None) -> None:
        self._out = open(log, "ab") if log else None  # noqa: SIM115 - closed with the process
        self._child = subprocess.Popen(
            command,
            stdout=self._out or subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            env=_env(),
            start_new_session=True,
        )

    def __enter__(self) -> "subprocess.Popen[bytes]":
        return self._child

    def __exit__(self, *_: object) -> None:
        for pid in _family(self._child.pid):
            try:
                os.kill(pid, 9)
            except ProcessLookupError:
                continue
        self._child.wait()
        if self._out is not None:
            self._out.close()


def _taken(pids: Sequence[int]) -> Taken:
    """Return what these processes and their children take now, and took that have ended."""
    family = [pid for parent in pids for pid in _family(parent)]
    return Taken(sum(map(_resident, family)) / 1024, sum(map(_cpu, family)))


def _family(pid: int) -> list[int]:
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [each for child in task.read_text().split() for each in _family(int(child))]
    return found


def _resident(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def _cpu(pid: int) -> float:
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, words[11:15])) / os.sysconf("SC_CLK_TCK")


def _figure(what: str, value: float, unit: str, limit: float | None = None) -> Figure:
    return Figure(bench="agent", what=what, value=value, unit=unit, limit=limit)
