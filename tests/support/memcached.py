"""A memcached for tests: `get` and `set` of its text protocol, and what has been kept."""

import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread


class Memcached(socketserver.ThreadingTCPServer):
    """It keeps everything for as long as it lives."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.kept: dict[bytes, tuple[bytes, bytes]] = {}
        """Flags and data by key."""

    @property
    def address(self) -> str:
        """Where it listens, as memcached_servers wants it."""
        return f"127.0.0.1:{self.server_address[1]}"


class _Session(socketserver.StreamRequestHandler):
    server: Memcached

    def handle(self) -> None:
        while words := self.rfile.readline().split():
            match words:
                case [b"set", key, flags, _, size, *_]:
                    data = self.rfile.read(int(size) + 2)[:-2]
                    self.server.kept[key] = flags, data
                    self.wfile.write(b"STORED\r\n")
                case [b"get", key]:
                    if key in self.server.kept:
                        flags, data = self.server.kept[key]
                        self.wfile.write(b"VALUE %s %s %d\r\n%s\r\n" % (key, flags, len(data), data))
                    self.wfile.write(b"END\r\n")
                case _:
                    self.wfile.write(b"ERROR\r\n")


@contextmanager
def memcached() -> Iterator[Memcached]:
    """Serve for the length of the block."""
    with Memcached() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
