"""As much of Glance and Neutron as Nova asks for a guest without networks: any image; no port, no network.

Run by Kasugai's own Python: python acceptance/inside/stub.py PORT. It believes every token.
"""

import sys
from typing import Any

import falcon
import waitress

IMAGE = "acce0000-0000-4000-8000-000000000001"
SEEN = "2026-01-01T00:00:00Z"


class Versions:
    """Both services' version documents."""

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """Show Glance's v2 and Neutron's v2.0 as the current ones."""
        response.media = {
            "versions": [
                {
                    "id": name,
                    "status": "CURRENT",
                    "links": [{"rel": "self", "href": f"{request.prefix}/{path}/"}],
                }
                for name, path in (("v2.9", "v2"), ("v2.0", "v2.0"))
            ]
        }


class Images:
    """Glance."""

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """List the image."""
        response.media = {"images": [_image(IMAGE)], "first": "/v2/images", "schema": "/v2/schemas/images"}

    def on_get_one(self, request: falcon.Request, response: falcon.Response, image: str) -> None:
        """Show it: there is every image."""
        response.media = _image(image)

    def on_get_schema(self, request: falcon.Request, response: falcon.Response, name: str) -> None:
        """Let the client take any property."""
        names = ("id", "name", "status", "visibility", "container_format", "disk_format")
        types = {name: {"type": ["null", "string"]} for name in names}
        loose = {"type": "string"}
        response.media = {"name": name, "properties": types, "additionalProperties": loose, "links": []}


class Nothing:
    """Neutron: every list is empty, nothing is limited."""

    def on_get(self, request: falcon.Request, response: falcon.Response, name: str) -> None:
        """Show an empty list."""
        response.media = {name.replace("-", "_"): []}

    def on_get_quota(self, request: falcon.Request, response: falcon.Response, project: str) -> None:
        """Show that nothing is limited."""
        response.media = {"quota": {"port": -1, "network": -1, "security_group": -1}}


def _image(image: str) -> dict[str, Any]:
    return {
        "id": image,
        "name": "acceptance",
        "status": "active",
        "visibility": "public",
        "container_format": "bare",
        "disk_format": "raw",
        "min_disk": 0,
        "min_ram": 0,
        "size": 1,
        "protected": False,
        "os_hidden": False,
        "checksum": "68b329da9893e34099c7d8ad5cb9c940",
        "tags": [],
        "created_at": SEEN,
        "updated_at": SEEN,
        "self": f"/v2/images/{image}",
        "file": f"/v2/images/{image}/file",
        "schema": "/v2/schemas/image",
    }


def application() -> falcon.App[falcon.Request, falcon.Response]:
    """Return the WSGI application."""
    app = falcon.App()
    versions, images, nothing = Versions(), Images(), Nothing()
    for path in ("/", "/v2", "/v2.0"):
        app.add_route(path, versions)
    app.add_route("/v2/images", images)
    app.add_route("/v2/images/{image}", images, suffix="one")
    app.add_route("/v2/schemas/{name}", images, suffix="schema")
    app.add_route("/v2.0/{name}", nothing)
    app.add_route("/v2.0/quotas/{project}", nothing, suffix="quota")
    app.req_options.strip_url_path_trailing_slash = True
    return app


if __name__ == "__main__":
    waitress.serve(application(), host="127.0.0.1", port=int(sys.argv[1]), threads=8)
