"""Counts what the REST API answers and how long it takes, by method and route template: never by path, which holds ids.

Whoever knows the template leaves it in the request's environment (environ.py).
"""

from collections.abc import Iterable
from typing import Any, Final

from kasugai.adapters.telemetry.api_metrics import ANSWERING, CLAIMS, REQUESTS, UNKNOWN_HOSTS
from kasugai.adapters.telemetry.meters import Tally, observe
from kasugai.adapters.wall import monotonic
from kasugai.api.environ import ROUTE, Environ, Wsgi

NONE: Final = "none"
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"})
OTHER: Final = "other"

claims: Final = Tally(CLAIMS)
"""What became of claims: taken, refused or unknown."""
unknown_hosts: Final = Tally(UNKNOWN_HOSTS)
"""Reports about hosts that nobody has described."""
_requests: Final = Tally(REQUESTS)


def metered(app: Wsgi) -> Wsgi:
    """Return the application with its answers counted."""

    def answered(environ: Environ, start_response: Any) -> Iterable[bytes]:
        status = "500"

        def started(line: str, *more: Any) -> Any:
            nonlocal status
            status = line[:3]
            return start_response(line, *more)

        begun = monotonic()
        body = app(environ, started)
        method, route = environ["REQUEST_METHOD"], environ.get(ROUTE, NONE)
        method = method if method in METHODS else OTHER
        observe(ANSWERING, monotonic() - begun, method=method, route=route)
        _requests.add(method, route, status)
        return body

    return answered
