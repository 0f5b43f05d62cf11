"""Kasugai's own resources as a Falcon application: its routes, and the same answers to errors as below /v1."""

from collections.abc import Sequence
from typing import Any

import falcon

from kasugai.adapters.settings.values import ApiSettings
from kasugai.api import microversions
from kasugai.api.app import HANDLERS, Admission, require_json, require_responder
from kasugai.api.handling import Caller, Doors, answer
from kasugai.api.own.commands import Commands
from kasugai.api.own.explaining import Explain
from kasugai.api.own.incidents import Incident, Incidents, Plan, Timeline, Verdicts
from kasugai.api.own.links import Link
from kasugai.api.own.openapi import document
from kasugai.api.own.recoveries import Recoveries, Recovery
from kasugai.api.own.rules import MOUNT
from kasugai.api.policies import Policy


class OwnAdmission(Admission):
    """The media type and the caller's credentials; there are no microversions here."""

    mount = ""

    def process_request(self, _req: falcon.Request, _resp: falcon.Response) -> None:
        """Paths are routed as they are."""

    def process_resource(
        self, req: falcon.Request, _resp: falcon.Response, resource: object, _params: object
    ) -> None:
        """Admit a request that leads somewhere, or say what is wrong with it."""
        require_responder(req, resource)
        require_json(req)
        req.context.caller = Caller(credentials=self.credentials(req, None), version=microversions.HIGHEST)


class Document:
    """The OpenAPI document, for whoever has a token."""

    def __init__(self, document: bytes) -> None:
        """Serve these bytes."""
        self._document = document

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        """Show it."""
        answer(resp, self._document)


def own_app(
    doors: Doors, policy: Policy, api: ApiSettings, keys: Sequence[bytes] = ()
) -> falcon.App[Any, Any]:
    """Return the application that is mounted at MOUNT; `keys` have signed the links."""
    app = falcon.App(middleware=[OwnAdmission(policy, api.project_id_regex)])
    app.req_options.strip_url_path_trailing_slash = False
    given = (doors, policy, api.max_limit)
    for path, resource in {
        "/incidents": Incidents(*given),
        "/incidents/{incident}": Incident(*given),
        "/incidents/{incident}/plan": Plan(*given),
        "/incidents/{incident}/timeline": Timeline(*given),
        "/recoveries": Recoveries(*given),
        "/recoveries/{recovery}": Recovery(*given),
        "/verdicts": Verdicts(*given),
        "/explain": Explain(*given),
        "/commands": Commands(*given),
        "/links/{link}": Link(*given, keys),
        "/openapi.json": Document(document()),
    }.items():
        app.add_route(MOUNT + path, resource)
    for error, handler in HANDLERS.items():
        app.add_error_handler(error, handler)
    return app
