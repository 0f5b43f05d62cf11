"""The demo's own eyes: an agent for each simulated host, enrolled under a master key of the demo's own, and whom
liveness hears.

All agents run on this one machine: they cannot reach or miss one another there, so they ask no peers, and the machine's
own processes and guests are none of theirs. What they do is beat, and prove whose beat it is.
"""

from collections.abc import Iterable
from pathlib import Path
from urllib.request import urlopen

from kasugai.adapters.proving.keeping import make
from kasugai.adapters.proving.masters import derive, new_master
from kasugai.adapters.settings.values import TelemetrySettings
from kasugai.sim.child import free_port

MASTER = "agents.keys"
"""The file of master keys in the demo's folder."""
PRIVATE = 0o600


def enroll(folder: Path, kafka: str, hosts: Iterable[str]) -> dict[str, Path]:
    """Make a master key, and for each host a key and an agent.conf; return these files by host."""
    master = new_master()
    make(str(folder / MASTER), master)
    found: dict[str, Path] = {}
    for host in hosts:
        key, found[host] = folder / f"{host}.key", folder / f"agent-{host}.conf"
        key.touch(mode=PRIVATE)
        key.write_text(derive(master, host).line(host) + "\n")
        found[host].write_text(AGENT.format(host=host, key=key, state=folder / f"{host}.state", kafka=kafka))
    return found


def section(folder: Path) -> str:
    """Return what kasugai.conf says of the eyes: by which keys agents are believed, how often evidence is looked for,
    and where liveness shows whom it hears."""
    return SECTION.format(keys=folder / MASTER, port=free_port())


def heard(telemetry: TelemetrySettings) -> int:
    """Return how many hosts liveness hears beat, by its own metric; 0 while it shows none."""
    try:
        with urlopen(f"http://{telemetry.bind}:{telemetry.liveness_port}/metrics", timeout=5) as answer:
            return beating(answer.read().decode())
    except OSError:
        return 0


def beating(metrics: str) -> int:
    """Return the number of beating hosts that a page of metrics shows."""
    rows = (line.rpartition(" ") for line in metrics.splitlines() if line.startswith(HEARD))
    return sum(int(float(value)) for labels, _, value in rows if 'state="beating"' in labels)


HEARD = "kasugai_liveness_hosts{"

AGENT = """\
# Written by kasugai demo: one of several agents on one machine. Not for production.
[agent]
host = {host}
key_file = {key}
state_dir = {state}
health_port = 0
[kafka]
bootstrap_servers = {kafka}
[host]
enabled = false
[process]
enabled = false
[instance]
enabled = false
"""

SECTION = """\
[agents]
master_keys_file = {keys}
[observe]
interval = 1000
[telemetry]
liveness_port = {port}
"""
