"""Keystone's middleware behind one rule: what it fails at before it knows who asks is "Keystone is away", never a bug.

A CA file that is being replaced, a name that does not resolve, a login that is refused for a moment, an answer of
whatever stands before Keystone: the middleware lets them through as errors of every kind. Clients are told 503, which
they repeat; operators what it was, once a minute.
"""

import logging
from collections.abc import Iterable
from typing import Any, Final

from keystoneauth1.exceptions import ClientException
from keystonemiddleware.auth_token import AuthProtocol
from oslo_config import cfg

from kasugai.adapters.wall import monotonic
from kasugai.api.environ import Environ, Wsgi
from kasugai.api.errors import CONTENT_TYPE, away

ADMITTED: Final = "kasugai.admitted"
"""Set when the middleware has let a request through: what fails from there on is not its own."""

QUIET = 60.0
"""Seconds between two lines about the same trouble."""

EXPECTED = (OSError, ClientException)
"""What a network, a file or Keystone can be blamed for; anything else is told with its traceback."""

log = logging.getLogger(__name__)


class Asking:
    """The application behind Keystone's middleware."""

    def __init__(self, app: Wsgi, conf: cfg.ConfigOpts) -> None:
        """Ask as [keystone_authtoken] says; nobody is asked yet."""
        options = {"oslo_config_config": conf, "oslo_config_project": "kasugai"}
        self._protocol: Wsgi = AuthProtocol(_marked(app), options)
        self._told = float("-inf")

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Answer a request; 503 when it cannot be found out who asks."""
        try:
            return self._protocol(environ, start_response)
        except Exception as error:
            if ADMITTED in environ:
                raise
            self._tell(error)
            body = away("Keystone cannot be asked who you are at present; try again.").body()
            headers = [("Content-Type", CONTENT_TYPE), ("Content-Length", str(len(body)))]
            start_response("503 Service Unavailable", headers)
            return [body]

    def _tell(self, error: Exception) -> None:
        if monotonic() - self._told < QUIET:
            return
        self._told = monotonic()
        trace = None if isinstance(error, EXPECTED) else error
        log.warning(
            "Keystone cannot be asked who a client is, requests are answered 503: %s: %s",
            type(error).__name__,
            error,
            exc_info=trace,
        )


def _marked(app: Wsgi) -> Wsgi:
    def admitted(environ: Environ, start_response: Any) -> Iterable[bytes]:
        environ[ADMITTED] = True
        return app(environ, start_response)

    return admitted
