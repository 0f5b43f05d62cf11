"""BMCs for a simulated cloud's hosts, each a process of its own, and the lines of power.yaml that reach them."""

import json
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import bcrypt
import yaml

from kasugai.sim.child import Child, free_port
from tests.support.redfish_bmc import system_of

PATIENCE = "4"
"""Seconds for which an agent waits for a host to go off (20 by default, also after a refusal)."""
LOGIN, PASSWORD = "kasugai", "pl4nted-s3cret"


class RedfishBmc:
    """Context manager: one Redfish service for some hosts, over TLS."""

    def __init__(self, folder: Path, cloud: str, hosts: Sequence[str]) -> None:
        """`cloud`: the simulated cloud's URL."""
        self._folder, self._cloud, self._hosts = folder, cloud, hosts
        self.port = free_port()

    def __enter__(self) -> Self:
        """Start it, and wait until it listens."""
        certificate, key = _certificate(self._folder)
        passwords = self._folder / "htpasswd"
        passwords.write_text(f"{LOGIN}:{bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()}\n")
        given = {
            "cloud": self._cloud,
            "hosts": list(self._hosts),
            "port": self.port,
            "passwords": str(passwords),
            "certificate": str(certificate),
            "key": str(key),
        }
        command = [sys.executable, "-W", "ignore", "-m", "tests.support.redfish_bmc", json.dumps(given)]
        self._child = Child(command, log=self._folder / "redfish.log")
        self._child.start(lambda: _answers(self.port))
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self._child.stop()

    def device(self, host: str, **more: str) -> dict[str, object]:
        """Return the host's device as power.yaml has it."""
        parameters = {
            "ip": "127.0.0.1",
            "ipport": str(self.port),
            "username": LOGIN,
            "password": PASSWORD,
            "ssl_insecure": "1",
            "power_timeout": PATIENCE,
            "systems_uri": f"/redfish/v1/Systems/{system_of(host)}",
        }
        return {"agent": "fence_redfish", "parameters": parameters | more}


class IpmiBmc:
    """Context manager: one host's BMC that speaks IPMI."""

    def __init__(self, folder: Path, cloud: str, host: str) -> None:
        """`cloud`: the simulated cloud's URL."""
        self._log = folder / "ipmi.log"
        self.port = free_port()
        self._given = {
            "cloud": cloud,
            "host": host,
            "port": self.port,
            "login": LOGIN,
            "password": PASSWORD,
        }

    def __enter__(self) -> Self:
        """Start it, and wait until it listens."""
        self._log.touch()
        command = [sys.executable, "-W", "ignore", "-m", "tests.support.ipmi_bmc", json.dumps(self._given)]
        self._child = Child(command, log=self._log)
        self._child.start(lambda: "listening" in self._log.read_text())
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self._child.stop()

    def device(self, **more: str) -> dict[str, object]:
        """Return the host's device as power.yaml has it."""
        parameters = {
            "ip": "127.0.0.1",
            "ipport": str(self.port),
            "lanplus": "1",
            "power_timeout": PATIENCE,
            "username": LOGIN,
            "password": PASSWORD,
        }
        return {"agent": "fence_ipmilan", "parameters": parameters | more}


def power_yaml(folder: Path, hosts: dict[str, list[dict[str, object]]]) -> Path:
    """Write a power.yaml as it must be."""
    file = folder / "power.yaml"
    file.write_text(yaml.safe_dump({"hosts": hosts}))
    file.chmod(0o600)
    return file


def _certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate that nobody else believes, as BMCs have them."""
    certificate, key = folder / "bmc.pem", folder / "bmc.key"
    subject = ("-subj", "/CN=bmc", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "1")
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    made = ("-keyout", str(key), "-out", str(certificate))
    subprocess.run(("openssl", "req", "-x509", *curve, *subject, *made), check=True, capture_output=True)
    return certificate, key


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
