"""Serves the REST API with waitress: `kasugai api`. One process, or several that share a listening socket.

Each process opens its doors after the fork, because Kafka's client has threads. If one of several ends, all end, and
whoever supervises starts them again.
"""

import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

import waitress.server

from kasugai.adapters.settings import ApiSettings, Settings
from kasugai.api.process import Process

BACKLOG = 1024
CONNECTIONS = 2000
"""Connections that a process keeps open at a time."""
MOST_BYTES = 16 * 1024 * 1024
"""What waitress reads of a body at most; [oslo_middleware] max_request_body_size is the bound that clients meet."""
ENDED = 70
"""The exit code when one of several processes has ended by itself."""

log = logging.getLogger(__name__)


class CannotListen(Exception):
    """The address is taken or not ours; one line."""


def main(settings: Settings, files: Sequence[str]) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code."""
    listening = listen(settings.api)
    log.info("serving http://%s:%d/v1", settings.api.listen, listening.getsockname()[1])
    if settings.api.workers == 1:
        return _serve(settings, files, listening)
    return _several(settings.api.workers, lambda: _serve(settings, files, listening))


def listen(api: ApiSettings) -> socket.socket:
    """Return the listening socket."""
    family = socket.AF_INET6 if ":" in api.listen else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((api.listen, api.port))
    except OSError as error:
        raise CannotListen(
            f"[api] {api.listen}:{api.port} cannot be listened on: {error.strerror}"
        ) from error
    found.listen(BACKLOG)
    return found


def _serve(settings: Settings, files: Sequence[str], listening: socket.socket) -> int:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    with Process(settings, files) as process:
        server: Any = waitress.server.create_server(
            process.wsgi,
            sockets=[listening],
            threads=settings.api.threads,
            ident="kasugai",
            connection_limit=CONNECTIONS,
            max_request_body_size=MOST_BYTES,
            clear_untrusted_proxy_headers=False,  # [oslo_middleware] enable_proxy_headers_parsing decides
            expose_tracebacks=False,
        )
        server.run()
    return 0


def _end(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def _several(workers: int, serve: Callable[[], int]) -> int:
    """Fork, wait, and end all when one ends or when told to."""
    children = {_forked(serve) for _ in range(workers)}
    told: list[int] = []

    def end(number: int, _frame: FrameType | None) -> None:
        told.append(number)
        _signal_all(children)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    code = 0
    while children:
        pid, status = os.wait()
        children.discard(pid)
        if not told:
            log.error("process %d has ended (%d): ending all", pid, os.waitstatus_to_exitcode(status))
            code = ENDED
            told.append(0)
            _signal_all(children)
    return code


def _forked(serve: Callable[[], int]) -> int:
    pid = os.fork()
    if pid == 0:
        code = ENDED
        try:
            code = serve()
        except SystemExit as ended:
            code = int(ended.code or 0)
        except BaseException:
            log.exception("a process of the API cannot go on")
        finally:
            sys.stderr.flush()
            os._exit(code)
    return pid


def _signal_all(children: set[int]) -> None:
    for pid in tuple(children):
        os.kill(pid, signal.SIGTERM)
