"""Placement over HTTP: its version document, resource providers, and allocation candidates, which go over the cloud's
wire. One guest is one VCPU."""

from collections.abc import Callable, Mapping
from typing import Any

from kasugai.sim.cloud import SimCloud
from kasugai.sim.cloud.model import Answer, Refused
from kasugai.sim.cloud.placement import RAM, Room, guests_in
from kasugai.sim.cloud.wire import Request
from kasugai.sim.http.carrying import carry
from kasugai.sim.http.server import HttpReply, HttpRequest

PREFIX = "/placement"
DISABLED = "COMPUTE_STATUS_DISABLED"


class PlacementApi:
    """The service."""

    def __init__(self, cloud: SimCloud, accepts: Callable[[str], bool]) -> None:
        """Serve `cloud` to who has a token that is accepted."""
        self._cloud, self._accepts = cloud, accepts

    async def respond(self, request: HttpRequest) -> HttpReply:
        """Answer any request below /placement."""
        path = request.path.removeprefix(PREFIX).rstrip("/")
        reads = {"/allocation_candidates": self._candidates, "/resource_providers": self._providers}
        if request.method != "GET" or (path and path not in reads):
            return HttpReply(status=404, body=_error(404, "The resource could not be found."))
        if not path:
            return HttpReply(body={"versions": [_version()]})

        def act() -> Answer[HttpReply]:
            if not self._accepts(request.headers.get("x-auth-token", "")):
                raise Refused(401, "Authentication required")
            return reads[path](request.query)

        note = Request(t=self._cloud.world.now(), method="GET", path=path, action="room", subject="")
        return await carry(self._cloud.wire, note, act, _error)

    def _providers(self, query: Mapping[str, str]) -> Answer[HttpReply]:
        answer = self._cloud.nova.placement.providers()
        name = query.get("name")
        found = [room for room in answer.value if name in (None, room.host)]
        rows = [{"uuid": self._uuid(room), "name": room.host, "generation": 1} for room in found]
        return Answer(HttpReply(body={"resource_providers": rows}), answer.took)

    def _candidates(self, query: Mapping[str, str]) -> Answer[HttpReply]:
        asked = dict(part.partition(":")[::2] for part in query.get("resources", "").split(",") if part)
        if not asked:
            raise Refused(400, "JSON does not validate: 'resources' is a required property")
        answer = self._cloud.nova.placement.providers()
        skips = f"!{DISABLED}" in query.get("required", "").split(",")
        need = guests_in({name: int(amount) for name, amount in asked.items()})
        found = [r for r in answer.value if r.free >= need and not (skips and r.is_disabled)]
        amounts = {name: int(amount) for name, amount in asked.items()}
        body = {
            "allocation_requests": [
                {
                    "allocations": {self._uuid(room): {"resources": amounts}},
                    "mappings": {"": [self._uuid(room)]},
                }
                for room in found[: int(query.get("limit", len(found)))]
            ],
            "provider_summaries": {self._uuid(room): _summary(self._uuid(room), room) for room in found},
        }
        return Answer(HttpReply(body=body), answer.took)

    def _uuid(self, room: Room) -> str:
        return str(self._cloud.world.derive("provider", room.host))


def _summary(uuid: str, room: Room) -> dict[str, Any]:
    return {
        "resources": {
            "VCPU": {"capacity": room.capacity, "used": room.used},
            "MEMORY_MB": {"capacity": room.capacity * RAM, "used": room.used * RAM},
        },
        "traits": [DISABLED] if room.is_disabled else [],
        "parent_provider_uuid": None,
        "root_provider_uuid": uuid,
    }


def _version() -> dict[str, Any]:
    links = [{"rel": "self", "href": ""}]
    return {"id": "v1.0", "max_version": "1.39", "min_version": "1.0", "status": "CURRENT", "links": links}


def _error(status: int, message: str) -> Mapping[str, Any]:
    return {"errors": [{"status": status, "title": "", "detail": message}]}
