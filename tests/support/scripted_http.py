"""A server of scripted answers on the loopback interface: the stand-in for others' HTTP interfaces (Consul, chats).

It is none of them; it answers what a test tells it to, path by path, and keeps what it was asked.
"""

import json
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from tests.support.certificates import Certificates


@dataclass(slots=True)
class Asked:
    """One request."""

    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    method: str = "GET"
    body: bytes = b""


@dataclass(slots=True)
class Says:
    """What a path answers: a status and JSON, or raw bytes, perhaps after a wait."""

    data: Any = None
    status: int = 200
    raw: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    wait: threading.Event | None = None


Answers = dict[str, Says | Callable[[Asked], Says]]


class ScriptedServer:
    """Context manager: answers by path; 404 for any other."""

    def __init__(
        self, answers: Answers, *, host: str = "127.0.0.1", certificates: Certificates | None = None
    ) -> None:
        """Bind a free port of `host`."""
        self.answers, self.asked = answers, list[Asked]()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer._answer(self)

            def do_POST(self) -> None:
                outer._answer(self)

            def do_PUT(self) -> None:
                outer._answer(self)

            def log_message(self, format: str, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

            def handle_error(self, request: object, client_address: object) -> None:
                """A client that hangs up is part of the tests."""

        self._server = Server((host, 0), Handler)
        self.port: int = self._server.server_address[1]
        if certificates is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificates.certificate("server"), certificates.key("server"))
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        scheme = "http" if certificates is None else "https"
        self.url = f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self) -> Self:
        """Begin to answer."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop; whoever waits for an answer gets none."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def paths(self) -> list[str]:
        """Return the paths that were asked for, in order."""
        return [each.path for each in self.asked]

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(request.path)
        body = request.rfile.read(int(request.headers.get("Content-Length", "0")))
        headers = dict(request.headers.items())
        asked = Asked(parts.path, parse_qs(parts.query), headers, request.command, body)
        self.asked.append(asked)
        scripted = self.answers.get(parts.path, Says(status=404))
        says = scripted if isinstance(scripted, Says) else scripted(asked)
        if says.wait is not None:
            says.wait.wait(30)
        answer = json.dumps(says.data).encode() if says.raw is None else says.raw
        request.send_response(says.status)
        for name, value in says.headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(answer)))
        request.end_headers()
        request.wfile.write(answer)
