"""The REST API below /v1 as a Falcon application: its routes, and what every request goes through.

Who asks has been established before (pipeline.py); what a resource does is its own business.
"""

import logging
import re
from typing import Any

import falcon
from oslo_context.context import RequestContext

from kasugai.adapters.inventory import Conflict
from kasugai.adapters.redis_claims import Undecided
from kasugai.adapters.settings.values import ApiSettings
from kasugai.api import microversions
from kasugai.api.environ import EVERYONE, ROUTE
from kasugai.api.errors import CONTENT_TYPE, ApiError, NoRoute, NoUser, away, conflict
from kasugai.api.extensions import Extension, Extensions, Version
from kasugai.api.handling import Caller, Doors
from kasugai.api.hosts import Host, Hosts
from kasugai.api.notifications import Notifications, OneNotification, VMove, VMoves
from kasugai.api.paths import locate
from kasugai.api.policies import Policy
from kasugai.api.segments import Segment, Segments
from kasugai.core.recovering.doors import (
    CloudAway,
    CloudRefused,
    CloudUnsure,
    LedgerAway,
    LogAway,
    LogRefused,
)
from kasugai.core.words import policy as core

JSON_TYPES = frozenset({"", "application/json", "application/vnd.openstack.masakari+json", "text/plain"})
AWAY = (LogAway, LedgerAway, CloudAway, CloudRefused, CloudUnsure)
MEANINGS = {LogAway: "Kafka", LedgerAway: "Redis"}
UNDECIDED = "Another notification of this failure is being published; try again."

log = logging.getLogger(__name__)


class Admission:
    """Falcon's middleware: the path, then the microversion, the media type and the caller's credentials."""

    mount = "/v1"
    """What stands before the paths that are routed here."""

    def __init__(self, policy: Policy, project_id_regex: str) -> None:
        """Ask `policy` who is an administrator."""
        self._policy = policy
        self._project_id = re.compile(project_id_regex)

    def process_request(self, req: falcon.Request, _resp: falcon.Response) -> None:
        """Find the path below the mount, and who asks; nothing is said about a request that leads nowhere."""
        located = locate(req.path, self._project_id)
        if located is None:
            raise NoRoute
        req.path, req.context.project = located.path, located.project

    def process_resource(
        self, req: falcon.Request, _resp: falcon.Response, resource: object, _params: object
    ) -> None:
        """Admit a request that leads somewhere, or say what is wrong with it."""
        require_responder(req, resource)
        version = microversions.asked(req.get_header(microversions.HEADER))
        req.context.version = version
        require_json(req)
        credentials = self.credentials(req, req.context.project)
        req.context.caller = Caller(credentials=credentials, version=version)

    def process_response(
        self, req: falcon.Request, resp: falcon.Response, _resource: object, _succeeded: bool
    ) -> None:
        """Say which microversion was used, and for the metrics which route."""
        if req.uri_template is not None:
            req.env[ROUTE] = self.mount + req.uri_template
        version = getattr(req.context, "version", None)
        if version is not None and not resp.get_header(microversions.HEADER):
            resp.set_headers(microversions.headers(microversions.dotted(version)))

    def credentials(self, req: falcon.Request, project: str | None) -> dict[str, Any]:
        """Return who asks; NoUser for nobody, ApiError 400 for another project than the path's."""
        context = RequestContext.from_environ(req.env)
        if context.user_id is None:
            raise NoUser
        if project is not None and context.project_id not in (None, project):
            raise ApiError(400, "Malformed request url: the project id does not match the token's.")
        values = dict(context.to_policy_values())
        everyone = req.env.get(EVERYONE, False)
        return values | {"is_admin": bool(everyone) or self._policy.is_admin(values)}


def require_responder(req: falcon.Request, resource: object) -> None:
    """NoRoute unless the resource answers to that method: 404 before anything else is said about the request."""
    if not hasattr(resource, f"on_{req.method.lower()}"):
        raise NoRoute


def require_json(req: falcon.Request) -> None:
    """ApiError 415 for a media type that is not ours, whatever the method, as Masakari has it."""
    media_type = (req.content_type or "").partition(";")[0].strip().lower()
    if media_type not in JSON_TYPES:
        raise ApiError(415, f"Unsupported Content-Type {media_type[:100]}")


class Refused:
    """A path where other methods than those of Masakari are 405 in the envelope, not 404."""

    def __init__(self, *methods: str) -> None:
        """Answer 405 to `methods`."""
        for method in methods:
            setattr(self, f"on_{method.lower()}", _refuse)


def _refuse(req: falcon.Request, _resp: falcon.Response, **_: str) -> None:
    raise ApiError(405, f"The method {req.method} is not allowed for this resource.")


def make_app(doors: Doors, policy: Policy, api: ApiSettings, default: core.Policy) -> falcon.App[Any, Any]:
    """Return the application; `default` is the policy of segments that are made over it."""
    app = falcon.App(middleware=[Admission(policy, api.project_id_regex)])
    app.req_options.strip_url_path_trailing_slash = False
    given = (doors, policy, api.max_limit)
    for path, resource in {
        "/": Version(),
        "/versions/v1.0": Version(),
        "/versions": Refused("GET"),
        "/segments": Segments(*given, default),
        "/segments/new": Refused("GET"),
        "/segments/{segment_id}": Segment(*given),
        "/segments/{segment_id}/action": Refused("POST"),
        "/segments/{segment_id}/hosts": Hosts(*given),
        "/segments/{segment_id}/hosts/new": Refused("GET"),
        "/segments/{segment_id}/hosts/{host_id}": Host(*given),
        "/segments/{segment_id}/hosts/{host_id}/action": Refused("POST"),
        "/notifications": Notifications(*given),
        "/notifications/new": Refused("GET"),
        "/notifications/{notification_id}": _also(OneNotification(*given), "PUT", "DELETE"),
        "/notifications/{notification_id}/action": Refused("POST"),
        "/notifications/{notification_id}/vmoves": _also(VMoves(*given), "POST"),
        "/notifications/{notification_id}/vmoves/{vmove_id}": _also(VMove(*given), "PUT", "DELETE"),
        "/notifications/{notification_id}/vmoves/new": Refused("GET"),
        "/extensions": Extensions(*given),
        "/extensions/new": Refused("GET"),
        "/extensions/{alias}": Extension(*given),
    }.items():
        app.add_route(path, resource)
    for error, handler in HANDLERS.items():
        app.add_error_handler(error, handler)
    return app


def _also(resource: Any, *methods: str) -> Any:
    for method in methods:
        setattr(resource, f"on_{method.lower()}", _refuse)
    return resource


def _on_error(req: falcon.Request, resp: falcon.Response, error: ApiError, _params: object) -> None:
    resp.status = error.status
    resp.content_type = CONTENT_TYPE
    resp.data = error.body()
    resp.set_headers(error.headers)


def _on_away(req: falcon.Request, resp: falcon.Response, error: Exception, params: object) -> None:
    log.warning("%s %s: %s", req.method, req.path, error)
    who = MEANINGS.get(type(error), "Nova")
    text = UNDECIDED if isinstance(error, Undecided) else f"{who} cannot be reached at present; try again."
    _on_error(req, resp, away(text), params)


def _on_conflict(req: falcon.Request, resp: falcon.Response, error: Conflict, params: object) -> None:
    _on_error(req, resp, conflict(f"{error}."), params)


def _on_refused(req: falcon.Request, resp: falcon.Response, error: LogRefused, params: object) -> None:
    _on_error(req, resp, ApiError(400, f"No record can carry this: {error}."), params)


def _on_nothing(_req: falcon.Request, resp: falcon.Response, _error: Exception, _params: object) -> None:
    _in_plain_text(resp, 404, "404 Not Found\n\nThe resource could not be found.\n")


def _on_nobody(_req: falcon.Request, resp: falcon.Response, _error: Exception, _params: object) -> None:
    _in_plain_text(resp, 401, "401 Unauthorized\n\nThere is no user in the request.\n")


def _in_plain_text(resp: falcon.Response, status: int, text: str) -> None:
    resp.status, resp.content_type, resp.text = status, "text/plain; charset=UTF-8", text


def _on_http(req: falcon.Request, resp: falcon.Response, error: falcon.HTTPError, params: object) -> None:
    _on_error(req, resp, ApiError(error.status_code, error.title or "Malformed request"), params)


def _on_bug(req: falcon.Request, resp: falcon.Response, error: Exception, params: object) -> None:
    log.error("%s %s: a bug", req.method, req.path, exc_info=error)
    text = f"Unexpected API Error. Please report it with the log of the API. {type(error)}"
    _on_error(req, resp, ApiError(500, text), params)


HANDLERS: dict[Any, Any] = {
    Exception: _on_bug,
    falcon.HTTPError: _on_http,
    falcon.HTTPNotFound: _on_nothing,
    falcon.HTTPMethodNotAllowed: _on_nothing,
    NoRoute: _on_nothing,
    NoUser: _on_nobody,
    ApiError: _on_error,
    Conflict: _on_conflict,
    LogRefused: _on_refused,
    **dict.fromkeys(AWAY, _on_away),
}
