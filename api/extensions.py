"""/extensions and the version document of /v1: what the API says about itself."""

import json

import falcon

from kasugai.api.environ import BASE
from kasugai.api.errors import not_found
from kasugai.api.handling import Resource, answer, caller_of
from kasugai.api.versions import version_document

EXTENSIONS = {
    "extensions": ("Extensions", "What the API consists of."),
    "notifications": ("Notifications", "Failures that were reported, and what came of them."),
    "os-hosts": ("Hosts", "Compute hosts of failover segments."),
    "segments": ("Segments", "Failover segments."),
    "versions": ("Versions", "What versions there are."),
    "vmoves": ("vmoves", "Moves of instances."),
}
"""Name and description by alias."""


class Extensions(Resource):
    """The collection."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List what the caller may see."""
        self.enforce(req, "extensions:index")
        credentials = caller_of(req).credentials
        seen = [alias for alias in EXTENSIONS if self.policy.allows(f"{alias}:discoverable", credentials)]
        answer(resp, json.dumps({"extensions": [_row(alias) for alias in seen]}).encode())


class Extension(Resource):
    """One of them."""

    def on_get(self, req: falcon.Request, resp: falcon.Response, alias: str) -> None:
        """Show it."""
        self.enforce(req, "extensions:detail")
        if alias not in EXTENSIONS:
            raise not_found("extension", alias)
        answer(resp, json.dumps({"extension": _row(alias)}).encode())


class Version:
    """The version document."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Show it."""
        answer(resp, json.dumps(version_document(req.env[BASE])).encode())


def _row(alias: str) -> dict[str, object]:
    name, description = EXTENSIONS[alias]
    about = {"name": name, "alias": alias, "description": description}
    return about | {"namespace": "", "updated": "", "links": []}
