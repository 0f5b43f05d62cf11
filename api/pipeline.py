"""What stands around the REST API: mounts, health, CORS, request ids, the body's bound, and who asks.

OpenStack's own middleware does the work, in Masakari's order; the root and unknown versions need no token.
"""

import json
import logging
import re
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.util import application_uri

from oslo_config import cfg
from oslo_context.context import generate_request_id
from oslo_middleware import Healthcheck, request_id
from oslo_middleware.cors import CORS
from oslo_middleware.healthcheck import opts as health
from oslo_middleware.http_proxy_to_wsgi import HTTPProxyToWSGI
from oslo_middleware.sizelimit import RequestBodySizeLimiter

from kasugai.adapters.settings.values import ApiSettings
from kasugai.api.asking import Asking
from kasugai.api.environ import BASE, EVERYONE, ROUTE, Environ, Wsgi
from kasugai.api.errors import CONTENT_TYPE, ApiError, bad_request
from kasugai.api.metering import metered
from kasugai.api.paths import below_v1
from kasugai.api.versions import choices, version_list

HEALTH = "/healthcheck"
THEIR_NUMBER = "HTTP_" + request_id.INBOUND_HEADER.upper().replace("-", "_")
"""Where in the environment the id lies that a request was given by whoever sent it on."""
MOST_BYTES = 256 * 1024
"""What is read of a body before anybody has shown who he is, whatever [oslo_middleware] allows."""
GUARDS = (("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"))
"""Stand on every answer: what it says is about hosts and is seldom true a minute later."""
MOST_DIGITS = 16
"""A longer length is nobody's."""

log = logging.getLogger(__name__)
DISABLED_BY = "/etc/masakari/healthcheck_disable"
"""The file whose presence takes the API out of a load balancer, unless [healthcheck] names another."""


Page = tuple[str, Callable[[Wsgi], Wsgi]]
"""A path, and what makes the page that stands there of the whole; it needs no token."""


def around(
    app: Wsgi,
    conf: cfg.ConfigOpts,
    api: ApiSettings,
    mounts: dict[str, Wsgi] | None = None,
    page: Page | None = None,
) -> Wsgi:
    """Return the whole: `app` below /v1, each of `mounts` below its own path, all behind the same admission; and below
    its path `page`, which is before it."""
    admitted = {path: _admitted(each, conf, api) for path, each in {"/v1": app, **(mounts or {})}.items()}
    healthcheck = _healthcheck(conf)
    proxied: Wsgi = HTTPProxyToWSGI(_Versions(api.link_prefix), conf)

    def root(environ: Environ, start_response: Any) -> Iterable[bytes]:
        try:
            return whole(environ, start_response)
        except Exception:
            log.exception("a bug, or a setting that OpenStack's middleware cannot live with")
            bug = ApiError(500, "Unexpected API Error. Please report it with the log of the API.")
            return _answered(start_response, "500 Internal Server Error", bug.body(), CONTENT_TYPE)

    def mounted(environ: Environ, start_response: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path in ("/", HEALTH):
            environ[ROUTE] = path
        if path == HEALTH:
            return healthcheck(environ, start_response)
        for mount, each in admitted.items():
            if path == mount or path.startswith(f"{mount}/"):
                return each(environ, start_response)
        return proxied(environ, start_response)

    whole = _paged(mounted, page)
    return metered(_guarded(root))


def _paged(inner: Wsgi, page: Page | None) -> Wsgi:
    """Return `inner` with the page before it."""
    if page is None:
        return inner
    place, shown = page[0], page[1](inner)

    def answered(environ: Environ, start_response: Any) -> Iterable[bytes]:
        if not environ.get("PATH_INFO", "").startswith(f"{place}/"):
            return inner(environ, start_response)
        environ[ROUTE] = place
        return shown(environ, start_response)

    return answered


def _guarded(app: Wsgi) -> Wsgi:
    def answered(environ: Environ, start_response: Any) -> Iterable[bytes]:
        def started(line: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            return start_response(line, [*headers, *GUARDS], *more)

        return app(environ, started)

    return answered


def _admitted(app: Wsgi, conf: cfg.ConfigOpts, api: ApiSettings) -> Wsgi:
    """In Masakari's order, from the outside: CORS, proxy, request id, size, who asks."""
    inner: Wsgi = _Based(app, api.link_prefix)
    inner = Asking(inner, conf) if api.auth_strategy == "keystone" else _Everyone(inner)
    return _cors(_proxied(numbered(_sized(inner, conf)), conf), conf)


def numbered(app: Wsgi) -> Wsgi:
    """Give each request an id, and tell it: what oslo.middleware's RequestId does, under its names.

    That one makes a request and a response object of webob each time: a tenth of what a refused duplicate takes
    (bench/api.py). A test holds the two against each other.
    """

    def answered(environ: Environ, start_response: Any) -> Iterable[bytes]:
        number = generate_request_id()
        environ[request_id.ENV_REQUEST_ID] = number
        theirs = environ.get(THEIR_NUMBER, "")
        if re.match(request_id.ID_FORMAT, theirs):
            environ[request_id.GLOBAL_REQ_ID] = theirs

        def started(line: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            return start_response(line, [*headers, (request_id.HTTP_RESP_HEADER_REQUEST_ID, number)], *more)

        return app(environ, started)

    return answered


def _sized(app: Wsgi, conf: cfg.ConfigOpts) -> Wsgi:
    """The bound is OpenStack's middleware's business, except for a request that says that it keeps within it."""
    limiter: Wsgi = RequestBodySizeLimiter(app, conf)  # registers its option
    most = min(conf.oslo_middleware.max_request_body_size, MOST_BYTES)
    conf.set_override("max_request_body_size", most, group="oslo_middleware")

    def sized(environ: Environ, start_response: Any) -> Iterable[bytes]:
        length = environ.get("CONTENT_LENGTH", "")
        fits = len(length) < MOST_DIGITS and length.isascii() and length.isdigit() and int(length) <= most
        return (app if fits else limiter)(environ, start_response)

    return sized


def _proxied(app: Wsgi, conf: cfg.ConfigOpts) -> Wsgi:
    """Without its option this middleware does nothing, at the price of a request and a response object."""
    parsing: Wsgi = HTTPProxyToWSGI(app, conf)
    return parsing if conf.oslo_middleware.enable_proxy_headers_parsing else app


def _cors(app: Wsgi, conf: cfg.ConfigOpts) -> Wsgi:
    """Where no origin is allowed, only the answers to OPTIONS are this middleware's."""
    cors = CORS(app, conf)

    def preflight(environ: Environ, start_response: Any) -> Iterable[bytes]:
        asked: Wsgi = cors if environ["REQUEST_METHOD"] == "OPTIONS" else app
        return asked(environ, start_response)

    return cors if cors.allowed_origins else preflight


def _healthcheck(conf: cfg.ConfigOpts) -> Wsgi:
    for options in (health.HEALTHCHECK_OPTS, health.DISABLE_BY_FILE_OPTS):
        conf.register_opts(options, group="healthcheck")
    conf.set_default("backends", ["disable_by_file"], group="healthcheck")
    conf.set_default("disable_by_file_path", DISABLED_BY, group="healthcheck")
    answers: Wsgi = Healthcheck(None, conf)
    return answers


class _Based:
    """Tells the application its own address, and where below /v1 it is."""

    def __init__(self, app: Wsgi, link_prefix: str) -> None:
        self._app = app
        self._link_prefix = link_prefix

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        environ[BASE] = _base(environ, self._link_prefix)
        below = below_v1(environ.get("PATH_INFO", ""))
        if below is not None:
            environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + "/v1"
            environ["PATH_INFO"] = below
        return self._app(environ, start_response)


class _Everyone:
    """`noauth2`: everyone is admin, under the user and project that the token names, if it names any."""

    def __init__(self, app: Wsgi) -> None:
        self._app = app

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        user, _, project = environ.get("HTTP_X_AUTH_TOKEN", "").partition(":")
        environ["HTTP_X_USER_ID"] = user or "admin"
        environ.pop("HTTP_X_PROJECT_ID", None)
        if project:
            environ["HTTP_X_PROJECT_ID"] = project
        environ["HTTP_X_ROLES"] = "admin"
        environ[EVERYONE] = True
        return self._app(environ, start_response)


class _Versions:
    """The root: which versions there are, for whoever asks; any unknown prefix gets the choices."""

    def __init__(self, link_prefix: str) -> None:
        self._link_prefix = link_prefix

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        base, path = _base(environ, self._link_prefix), environ.get("PATH_INFO", "")
        is_write = environ["REQUEST_METHOD"] not in ("GET", "HEAD", "OPTIONS")
        if path == "/" and is_write and not environ.get("CONTENT_LENGTH", "").strip("0"):
            return _answered(
                start_response, "400 Bad Request", bad_request("Empty body").body(), CONTENT_TYPE
            )
        if path == "/" and not is_write:
            return _answered(start_response, "200 OK", json.dumps(version_list(base)).encode())
        return _answered(start_response, "300 Multiple Choices", json.dumps(choices(base, path)).encode())


def _answered(
    start_response: Any, status: str, body: bytes, media_type: str = "application/json"
) -> list[bytes]:
    start_response(status, [("Content-Type", media_type), ("Content-Length", str(len(body)))])
    return [body]


def _base(environ: Environ, link_prefix: str) -> str:
    """Return the root's URL without a slash at its end."""
    return (link_prefix or application_uri(environ)).rstrip("/")
