"""A real Redis for tests that can be killed and started again with what it kept.

Debian's redis-server where it is on PATH, else the one of the `demo` extra.
"""

import shutil
import socket
from pathlib import Path

from kasugai.sim.embedded import EmbeddedRedis


class RedisServer(EmbeddedRedis):
    """A Redis that writes every command to disk before it answers (appendfsync always)."""

    def __init__(self, *options: str) -> None:
        """Choose the binary, a port and a folder; port and data stay over restarts. `options`: the server's own."""
        found = shutil.which("redis-server")
        super().__init__(
            binary=Path(found) if found else None,
            options=("--appendonly", "yes", "--appendfsync", "always", *options),
        )

    def kill(self) -> None:
        """End the server as a power cut would."""
        self._child.kill()

    def restart(self) -> None:
        """Start the server again on the same port with the same data, ending it first if it runs."""
        self._child.stop()
        self.start()

    def replace(self) -> None:
        """End the server as a power cut would, and start a new and empty one in its place."""
        self._child.kill()
        shutil.rmtree(Path(self._folder.name, "appendonlydir"))
        self.start()

    def pause(self) -> None:
        """Make the server hang: connections stay open, nothing answers."""
        self._child.pause()

    def resume(self) -> None:
        """Let a hanging server go on."""
        self._child.resume()

    def flushall(self) -> None:
        """Remove every key of every database."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(b"FLUSHALL\r\n")
            assert connection.recv(64) == b"+OK\r\n"
