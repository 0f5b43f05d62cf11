"""A real RabbitMQ for tests: one node and an epmd of its own, everything on the loopback interface.

It takes some ten seconds to start, so tests of one session share it and keep apart by virtual host.
"""

import json
import os
import signal
import socket
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from kasugai.sim.child import Child, free_port
from tests.support.certificates import Certificates

SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server"
"""The script itself: the one in /usr/sbin changes the user and keeps to fixed folders."""
USER, PASSWORD, VHOST = "kasugai", "hunter2", "k"
BRIDGE = "kasugai-bridge"
BRIDGE_RIGHTS = {
    "configure": "^kasugai-bridge$",
    "write": "^kasugai-bridge$",
    "read": "^(kasugai-bridge|nova)$",
}
"""As docs/operators/bridge-setup.md gives them."""


class RabbitServer:
    """Debian's RabbitMQ without any of the machine's settings."""

    def __init__(self, *hosts: str, certificates: Certificates | None = None) -> None:
        """Choose ports and a folder, and write the node's settings. `hosts`: more virtual hosts; `certificates`: it has
        a second door, with TLS, for who shows one of theirs."""
        self._folder = TemporaryDirectory(prefix="kasugai-rabbit-")
        folder = Path(self._folder.name)
        self.port, self.tls_port, epmd = free_port(), free_port(), free_port()
        (folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{self.port}\nlog.console = true\nlog.file = false\n"
            f"disk_free_limit.absolute = 50MB\nload_definitions = {folder}/definitions.json\n"
            + ("" if certificates is None else _guarded(certificates, self.tls_port))
        )
        (folder / "enabled_plugins").write_text("[].\n")
        (folder / "definitions.json").write_text(json.dumps(_definitions(VHOST, *hosts)))
        environment = {
            "HOME": str(folder),
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "RABBITMQ_NODENAME": "t@localhost",
            "RABBITMQ_MNESIA_BASE": f"{folder}/mnesia",
            "RABBITMQ_LOG_BASE": f"{folder}/log",
            "RABBITMQ_CONFIG_FILE": f"{folder}/rabbitmq",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder}/enabled_plugins",
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "ERL_EPMD_PORT": str(epmd),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        }
        words = [f"{name}={value}" for name, value in environment.items()]
        self._epmd = Child(["epmd", "-address", "127.0.0.1", "-port", str(epmd)], log=folder / "epmd.log")
        self._child = Child(["env", "-i", *words, SERVER], log=folder / "server.log")
        self._epmd_port = epmd

    @property
    def url(self) -> str:
        """Return oslo.messaging's transport_url."""
        return self.url_of(VHOST)

    def url_of(self, host: str) -> str:
        """Return that of a virtual host."""
        return f"rabbit://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{host}"

    def bridge_url(self, host: str, *, password: str = PASSWORD, port: int | None = None) -> str:
        """Return what [bridge] says, with a login that has the rights of docs/operators/bridge-setup.md."""
        return f"rabbit://{BRIDGE}:{password}@127.0.0.1:{port or self.port}/{host}"

    def kill(self) -> None:
        """End the node as a power cut would: the script and what it has started; what is durable stays."""
        node = _below(self._child.pid)
        self._child.kill()
        for pid in node:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def restart(self) -> None:
        """Start the node again after `kill`."""
        self._child.start(lambda: _speaks(self.port, b"AMQP\x00\x00\x09\x01"))

    def start(self) -> Self:
        """Start it and wait until it speaks AMQP."""
        self._epmd.start(lambda: _speaks(self._epmd_port, b""))
        self._child.start(lambda: _speaks(self.port, b"AMQP\x00\x00\x09\x01"))
        return self

    def stop(self) -> None:
        """End it and remove its data."""
        self._child.stop()
        self._epmd.stop()
        self._folder.cleanup()


def _below(pid: int) -> list[int]:
    """Return the ids of all processes below one."""
    children = [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [*children, *(each for child in children for each in _below(child))]


def _definitions(*hosts: str) -> dict[str, object]:
    allowed = {"configure": ".*", "write": ".*", "read": ".*"}
    logins = {USER: allowed, BRIDGE: BRIDGE_RIGHTS}
    return {
        "vhosts": [{"name": "/"}, *({"name": host} for host in hosts)],
        "users": [
            {"name": USER, "password": PASSWORD, "tags": "administrator"},
            {"name": BRIDGE, "password": PASSWORD, "tags": ""},
        ],
        "permissions": [
            {"user": user, "vhost": host, **rights} for host in hosts for user, rights in logins.items()
        ],
    }


def _guarded(certificates: Certificates, port: int) -> str:
    return (
        f"listeners.ssl.1 = 127.0.0.1:{port}\nssl_options.cacertfile = {certificates.ca}\n"
        f"ssl_options.certfile = {certificates.certificate('server')}\n"
        f"ssl_options.keyfile = {certificates.key('server')}\n"
        "ssl_options.verify = verify_peer\nssl_options.fail_if_no_peer_cert = true\n"
    )


def _speaks(port: int, greeting: bytes) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            if greeting:
                connection.sendall(greeting)
                return connection.recv(8) != b""
            return True
    except OSError:
        return False
