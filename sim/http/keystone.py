"""Keystone v3 as far as keystoneauth and keystonemiddleware need it: versions, tokens, their validation, a catalog;
and the tags of projects, which go over the cloud's wire.

One user, one project of its own. Tokens expire after `token_life` seconds of the cloud's clock, or when told to.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from kasugai.sim.cloud import SimCloud
from kasugai.sim.cloud.model import Answer, Refused
from kasugai.sim.cloud.wire import Request
from kasugai.sim.http.carrying import carry
from kasugai.sim.http.render import US
from kasugai.sim.http.server import HttpReply, HttpRequest

PREFIX = "/identity"
USER, PASSWORD, PROJECT = "admin", "sim-password", "admin"
PROJECT_ID = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
TAGS = re.compile(PREFIX + r"/v3(/projects/([^/]+)/tags)")
NO_TOKEN = "The request you have made requires authentication."
APPLICATION_ID, APPLICATION_SECRET = "kasugai-sim", "sim-application-secret"


class Keystone:
    """Hands out tokens and knows which are good."""

    def __init__(self, cloud: SimCloud, base: Callable[[], str], nova_path: str) -> None:
        """`base` returns the server's root URL; `nova_path` is the compute endpoint below it."""
        self._cloud = cloud
        self._world = cloud.world
        self._base = base
        self._nova_path = nova_path
        self._tokens: dict[str, float] = {}
        self._issued = 0
        self._others: list[dict[str, Any]] = []
        self.token_life = 3600.0
        self.user_id = US
        """Of the one user."""
        self.endpoint: str | None = f"{PREFIX}/v3"
        """Its own path in the catalog; None: it is not in it."""

    def expire_tokens(self) -> None:
        """Every token so far is refused from now on."""
        self._tokens.clear()

    def issued(self) -> list[str]:
        """Return every token that was ever issued and not expired by order."""
        return list(self._tokens)

    def accepts(self, token: str) -> bool:
        """Whether the token is good at this instant."""
        return self._tokens.get(token, float("-inf")) > self._world.now()

    def enlist(self, kind: str, name: str, url: str) -> None:
        """Put one more service into the catalog of tokens that are issued from now on."""
        self._others.append(_service(kind, name, url))

    async def project_tags(self, request: HttpRequest) -> HttpReply | None:
        """Answer a request for a project's tags; None: it is another one."""
        asked = TAGS.fullmatch(request.path)
        if request.method != "GET" or asked is None:
            return None
        path, project = asked.groups()

        def act() -> Answer[HttpReply]:
            if not self.accepts(request.headers.get("x-auth-token", "")):
                raise Refused(401, NO_TOKEN)
            answer = self._cloud.identity.list_project_tags(project)
            return Answer(HttpReply(body={"tags": list(answer.value)}), answer.took)

        note = Request(t=self._world.now(), method="GET", path=path, action="project-tags", subject=project)
        return await carry(self._cloud.wire, note, act, _error_body)

    def respond(self, request: HttpRequest) -> HttpReply:
        """Answer any other request below /identity."""
        match request.method, request.path.removeprefix(PREFIX).rstrip("/"):
            case "GET", "":
                return HttpReply(status=300, body={"versions": {"values": [self._version()]}})
            case "GET", "/v3":
                return HttpReply(body={"version": self._version()})
            case "POST", "/v3/auth/tokens":
                return self._issue(request.json()["auth"]["identity"])
            case "GET" | "HEAD", "/v3/auth/tokens":
                return self._validate(request)
            case _:
                return _error(404, "The resource could not be found.")

    def _version(self) -> dict[str, Any]:
        return {
            "id": "v3.14",
            "status": "stable",
            "links": [{"rel": "self", "href": f"{self._base()}{PREFIX}/v3/"}],
        }

    def _issue(self, identity: dict[str, Any]) -> HttpReply:
        if not _is_known(identity):
            return _error(401, NO_TOKEN)
        self._issued += 1
        token = str(self._world.derive("token", self._issued))
        self._tokens[token] = self._world.now() + self.token_life
        return HttpReply(status=201, headers={"X-Subject-Token": token}, body={"token": self._body()})

    def _validate(self, request: HttpRequest) -> HttpReply:
        """Say what a token is worth, to whoever has one that is good."""
        if not self.accepts(request.headers.get("x-auth-token", "")):
            return _error(401, NO_TOKEN)
        subject = request.headers.get("x-subject-token", "")
        if not self.accepts(subject):
            return _error(404, "Could not find token.")
        return HttpReply(headers={"X-Subject-Token": subject}, body={"token": self._body()})

    def _body(self) -> dict[str, Any]:
        domain = {"id": "default", "name": "Default"}
        wall = self._world.wall()
        return {
            "methods": ["password"],
            "user": {"id": self.user_id, "name": USER, "domain": domain},
            "project": {"id": PROJECT_ID, "name": PROJECT, "domain": domain},
            "roles": [{"id": "sim-role", "name": "admin"}],
            "issued_at": _stamp(wall),
            "expires_at": _stamp(wall + self.token_life),
            "catalog": [
                *([self._service("identity", "keystone", self.endpoint)] if self.endpoint else []),
                self._service("compute", "nova", self._nova_path),
                self._service("image", "glance", "/image"),
                self._service("placement", "placement", "/placement"),
                *self._others,
            ],
        }

    def _service(self, kind: str, name: str, path: str) -> dict[str, Any]:
        return _service(kind, name, f"{self._base()}{path}")


def _service(kind: str, name: str, url: str) -> dict[str, Any]:
    endpoints = [
        {"id": f"{name}-{interface}", "interface": interface, "region": "sim", "region_id": "sim", "url": url}
        for interface in ("public", "internal", "admin")
    ]
    return {"id": name, "type": kind, "name": name, "endpoints": endpoints}


def _is_known(identity: dict[str, Any]) -> bool:
    """Whether the credentials are the laboratory's: by password or by application credential."""
    user = identity.get("password", {}).get("user", {})
    application = identity.get("application_credential", {})
    return (user.get("name"), user.get("password")) == (USER, PASSWORD) or (
        application.get("id"),
        application.get("secret"),
    ) == (APPLICATION_ID, APPLICATION_SECRET)


def _error(code: int, message: str) -> HttpReply:
    return HttpReply(status=code, body=_error_body(code, message))


def _error_body(code: int, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "title": HTTPStatus(code).phrase, "message": message}}


def _stamp(wall: float) -> str:
    return datetime.fromtimestamp(wall, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
