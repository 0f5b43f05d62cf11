"""Whether the API admits a client: asked with a token of its own through the very door that clients take.

The login is the one of [keystone_authtoken], anew each time, so that Keystone, the cache of tokens and the middleware
are all gone through. It vouches for nothing else: doors behind it say for themselves how they are.
"""

import asyncio
import json
from collections.abc import Callable
from io import BytesIO
from wsgiref.util import setup_testing_defaults

from keystoneauth1 import loading
from oslo_config import cfg

from kasugai.api.environ import Environ, Wsgi

GROUP = "keystone_authtoken"
PATH = "/v1/"
"""What anybody with a token may read."""
WELL, ILL = 30.0, 5.0
"""Seconds between two requests while clients are admitted, and while they are not."""
PATIENCE = 10
"""Seconds for each request of a login, where [keystone_authtoken] names no time."""

Login = Callable[[], str]
"""Returns a token of our own; raises whatever keystoneauth does."""


class Readiness:
    """What the door has said last."""

    def __init__(self, wsgi: Wsgi, login: Login) -> None:
        """Ask `wsgi` with what `login` returns."""
        self._wsgi, self._login = wsgi, login
        self._why = "nobody has been admitted yet"

    def waits_for(self) -> str:
        """Return why clients are not admitted; empty when they are."""
        return self._why

    def ask(self) -> str:
        """Ask once, and return why clients are not admitted. Blocks."""
        try:
            status, body = _get(self._wsgi, self._login())
        except Exception as error:
            self._why = f"no token can be had for [{GROUP}]: {type(error).__name__}: {error}".splitlines()[0]
        else:
            self._why = "" if status == 200 else f"a request with a token is answered {status}: {_said(body)}"
        return self._why

    async def keep_asking(self) -> None:
        """Ask again and again, on a thread."""
        while True:
            why = await asyncio.to_thread(self.ask)
            await asyncio.sleep(ILL if why else WELL)


def own_login(conf: cfg.ConfigOpts) -> Login:
    """Return a login as the middleware's own, from the same options (which it has registered)."""
    options = conf[GROUP]
    group = options.auth_section or GROUP
    auth = loading.load_auth_from_conf_options(conf, group)
    verify = False if options.insecure else options.cafile or True
    timeout = options.http_connect_timeout or PATIENCE

    def login() -> str:
        session = loading.session.Session().load_from_options(
            auth=auth, verify=verify, cert=options.certfile, key=options.keyfile, timeout=timeout
        )
        session.invalidate()
        return str(session.get_token())

    return login


def _get(wsgi: Wsgi, token: str) -> tuple[int, bytes]:
    environ: Environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": PATH,
        "HTTP_X_AUTH_TOKEN": token,
        "wsgi.input": BytesIO(),
    }
    setup_testing_defaults(environ)
    heard: list[str] = []
    body = b"".join(wsgi(environ, lambda status, *_: heard.append(status)))
    return int(heard[0].split()[0]), body


def _said(body: bytes) -> str:
    """Return the sentence of an error, or the beginning of whatever it is."""
    try:
        return str(next(iter(json.loads(body).values()))["message"])
    except (ValueError, AttributeError, StopIteration, KeyError, TypeError):
        return body[:200].decode(errors="replace")
