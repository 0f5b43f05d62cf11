"""Serves the REST API with waitress: `kasugai api`. One process, or several that share a listening socket.

Each process opens its doors after the fork, because Kafka's client has threads, and is looked at by itself: at a
telemetry port and under a name of its own. If one of several ends, all end, and whoever supervises starts them again.
"""

import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from types import FrameType
from typing import Any

import waitress.server

from kasugai.adapters.kafka.topic_watch import topics_watched
from kasugai.adapters.settings import ApiSettings, SettingError, Settings
from kasugai.adapters.telemetry.api_metrics import API
from kasugai.adapters.telemetry.process import observed
from kasugai.adapters.telemetry.serving import PortTaken
from kasugai.adapters.telemetry.vitals import Vitals
from kasugai.api.pipeline import MOST_BYTES
from kasugai.api.process import Process, refuse_open_door

BACKLOG = 1024
CONNECTIONS = 2000
"""Connections that a process keeps open at a time."""
ENDED = 70
"""The exit code when one of several processes has ended by itself."""
UNFIT = 2
"""The exit code when a setting is wrong: not to be started again before somebody has corrected it."""
HIGHEST_PORT = 65_535

log = logging.getLogger(__name__)


class CannotListen(Exception):
    """The address is taken or not ours; one line."""


def main(settings: Settings, files: Sequence[str]) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code. SettingError, CannotListen or PortTaken at the start."""
    if settings.telemetry.api_port + settings.api.workers - 1 > HIGHEST_PORT:
        raise SettingError("[telemetry] api_port leaves no ports for the following [api] workers")
    refuse_open_door(settings.api)
    listening = listen(settings.api)
    log.info("serving http://%s:%d/v1", settings.api.listen, listening.getsockname()[1])
    if settings.api.workers == 1:
        return _serve(settings, files, listening)
    own = (settings_of_worker(settings, number) for number in range(settings.api.workers))
    return _several([partial(_serve, its, files, listening) for its in own])


def settings_of_worker(settings: Settings, number: int) -> Settings:
    """Return the settings of one of several processes: its own name, and its own telemetry port if there is any."""
    stream, telemetry = settings.stream, settings.telemetry
    return replace(
        settings,
        stream=replace(stream, instance=f"{stream.instance}-{number + 1}"),
        telemetry=replace(telemetry, api_port=telemetry.api_port and telemetry.api_port + number),
    )


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
    """Serve until told to end.

    SystemExit is raised wherever the signal finds us, and C code that is building something may put an error of its own
    in its place (confluent-kafka 2.16 says TypeError, of a property's name): after the signal every error means "end".
    """
    told: list[int] = []

    def end(number: int, _frame: FrameType | None) -> None:
        told.append(number)
        sys.exit(0)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    try:
        return _observed(settings, files, listening)
    except Exception as error:
        if told:
            raise SystemExit(0) from error
        raise


def _observed(settings: Settings, files: Sequence[str], listening: socket.socket) -> int:
    with observed(settings, API) as seen, topics_watched(settings, seen.vitals):
        code = 1
        try:
            _answer(settings, files, listening, seen.vitals)
            code = 0
        except SystemExit:
            code = 0  # told to end before it had begun to serve
            raise
        except SettingError:
            code = UNFIT
            raise
        finally:
            seen.lives.end(code)
    return code


def _answer(settings: Settings, files: Sequence[str], listening: socket.socket, vitals: Vitals) -> None:
    with Process(settings, files, vitals) as process:
        server: Any = waitress.server.create_server(
            process.wsgi,
            sockets=[listening],
            threads=settings.api.threads,
            ident="kasugai",
            connection_limit=CONNECTIONS,
            max_request_body_size=MOST_BYTES,  # waitress reads it whole before we are asked
            clear_untrusted_proxy_headers=False,  # [oslo_middleware] enable_proxy_headers_parsing decides
            expose_tracebacks=False,
        )
        server.run()


def _several(processes: Sequence[Callable[[], int]]) -> int:
    """Fork, wait, and end all when one ends or when told to."""
    children = {_forked(serve) for serve in processes}
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
            ended = os.waitstatus_to_exitcode(status)
            log.error("process %d has ended (%d): ending all", pid, ended)
            code = UNFIT if ended == UNFIT else ENDED
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
        except (SettingError, PortTaken) as error:
            log.critical("%s", error)
            code = UNFIT
        except BaseException:
            log.exception("a process of the API cannot go on")
        finally:
            sys.stderr.flush()
            os._exit(code)
    return pid


def _signal_all(children: set[int]) -> None:
    for pid in tuple(children):
        os.kill(pid, signal.SIGTERM)
