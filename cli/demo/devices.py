"""The demo's power devices: the simulated cloud's own, one for each of its hosts, and no other.

Its hosts may bear the names of real ones, so nothing of the machine's own power.yaml is ever read.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from kasugai.sim.http.fence_sim import NAME, install

PRIVATE = 0o600


def describe(folder: Path, url: str, hosts: Iterable[str]) -> str:
    """Put the simulated cloud's fence agent into `folder`, describe a device of each host at `url` beside it, and
    return what kasugai.conf says of both."""
    install(folder)
    file = folder / "power.yaml"
    devices = {host: [{"agent": NAME, "parameters": {"ip": url, "plug": host}}] for host in hosts}
    file.touch(mode=PRIVATE)
    file.write_text(json.dumps({"hosts": devices}, indent=1))  # JSON is YAML
    return SECTION.format(file=file, folder=folder)


NONE = """\
[power]
devices_file =
"""
"""What kasugai.conf says where the cloud is a real one: a person vouches that its host is off."""

SECTION = """\
[power]
devices_file = {file}
agents_dir = {folder}
"""
