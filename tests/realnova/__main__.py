"""Serves one town after the other on a free port of the loopback, until SIGTERM."""

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterable
from typing import Any

import eventlet
import eventlet.wsgi
from nova.tests.fixtures.nova import PROJECT_ID

from tests.realnova.town import VERBS, Town, forgive_deprecations, give_each_process_its_own_locks

COMPUTE, TOWN = "/compute", "/town/"
USER = "admin"
"""Who asks, unless a request names somebody."""
ADMIN = {"HTTP_X_ROLES": "admin,member,reader", "HTTP_X_AUTH_TOKEN": "any"}
"""What keystonemiddleware would have written into the environment."""

Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], object]


class Site:
    """The town of the moment behind one WSGI application."""

    def __init__(self) -> None:
        """No town yet. Nova's fixtures ask the caller's greenlet, the ancestor of all, which case one is of."""
        self._town: Town | None = None
        self._towns = 0
        self._ancestor = eventlet.getcurrent()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        path = environ["PATH_INFO"]
        if path.startswith(TOWN):
            return self._say(path.removeprefix(TOWN), environ, start_response)
        if path.startswith(COMPUTE) and self._town is not None:
            environ["SCRIPT_NAME"], environ["PATH_INFO"] = COMPUTE, path.removeprefix(COMPUTE)
            project = environ.get("HTTP_X_PROJECT_ID", PROJECT_ID)
            user = environ.get("HTTP_X_USER_ID", USER)
            environ.update(ADMIN, HTTP_X_PROJECT_ID=project, HTTP_X_USER_ID=user)
            answer: Iterable[bytes] = self._town.api_fixture.app()(environ, start_response)
            return answer
        start_response("404 Not Found", [])
        return []

    def _say(self, verb: str, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        words = json.loads(environ["wsgi.input"].read() or b"{}")
        try:
            body, status = {"result": self._do(verb, words)}, "200 OK"
        except Exception:
            body, status = {"error": traceback.format_exc()}, "500 Internal Server Error"
        start_response(status, [("Content-Type", "application/json")])
        return [json.dumps(body).encode()]

    def _do(self, verb: str, words: dict[str, Any]) -> Any:
        if verb in ("begin", "end"):
            if self._town is not None:
                self._town.close()
            self._town = None
            if verb == "begin":
                self._towns += 1
                self._town = Town(self._towns)
                self._ancestor.test_case_id = self._town.id()
                self._town.setUp()
            return None
        if verb not in VERBS or self._town is None:
            raise KeyError(f"no verb {verb!r}, or no town")
        return getattr(self._town, verb)(**words)


def main() -> None:
    """Serve."""
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    forgive_deprecations()
    give_each_process_its_own_locks()
    listening = eventlet.listen(("127.0.0.1", 0))
    sys.stdout.write(f"serving http://127.0.0.1:{listening.getsockname()[1]}\n")
    sys.stdout.flush()
    eventlet.wsgi.server(listening, Site(), log_output=False)


if __name__ == "__main__":
    main()
