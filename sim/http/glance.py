"""Glance over HTTP: its version document, and one image by id, which goes over the cloud's wire."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from kasugai.sim.cloud import SimCloud
from kasugai.sim.cloud.model import Answer, Refused
from kasugai.sim.cloud.wire import Request
from kasugai.sim.http.carrying import carry
from kasugai.sim.http.server import HttpReply, HttpRequest

PREFIX = "/image"
IMAGE = re.compile(PREFIX + r"/v2(/images/([^/]+))")


class Glance:
    """The service."""

    def __init__(self, cloud: SimCloud, accepts: Callable[[str], bool], base: Callable[[], str]) -> None:
        """Serve `cloud` to who has a token that is accepted; `base` is the address of all services."""
        self._cloud, self._accepts, self._base = cloud, accepts, base

    async def respond(self, request: HttpRequest) -> HttpReply:
        """Answer any request below /image."""
        asked = IMAGE.fullmatch(request.path)
        if request.method == "GET" and asked is not None:
            return await self._show(request, *asked.groups())
        if request.method == "GET" and request.path.rstrip("/") == PREFIX:
            return HttpReply(status=300, body={"versions": [self._version()]})
        return HttpReply(status=404)

    async def _show(self, request: HttpRequest, path: str, image: str) -> HttpReply:
        def act() -> Answer[HttpReply]:
            if not self._accepts(request.headers.get("x-auth-token", "")):
                raise Refused(401, "This server could not verify that you are authorized")
            answer = self._cloud.images.show_image(image)
            found = answer.value
            body = {"id": image, "tags": list(found.tags), "visibility": "public", **found.properties}
            return Answer(HttpReply(body=body), answer.took)

        now = self._cloud.world.now()
        note = Request(t=now, method="GET", path=path, action="image", subject=image)
        return await carry(self._cloud.wire, note, act, _error_body)

    def _version(self) -> dict[str, Any]:
        links = [{"rel": "self", "href": f"{self._base()}{PREFIX}/v2/"}]
        return {"id": "v2.17", "status": "CURRENT", "links": links}


def _error_body(status: int, message: str) -> Mapping[str, Any]:
    return {"message": message, "code": f"{status}", "title": ""}
