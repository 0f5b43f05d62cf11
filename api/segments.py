"""/segments: failover segments, as the inventory describes them."""

import json
from dataclasses import replace

import falcon

from kasugai.adapters.inventory import Description, Inventory
from kasugai.api import shown
from kasugai.api.bodies import Body, parsed, segment_schema, valid
from kasugai.api.errors import bad_request, conflict
from kasugai.api.handling import Doors, Resource, answer, caller_of, query_of, segment_of
from kasugai.api.paging import Query, cut, holding, page, sort
from kasugai.api.policies import Policy
from kasugai.api.words import boolean
from kasugai.core.words import policy as core
from kasugai.core.words.inventory import SegmentRecord

COLUMNS = tuple(shown.segment(SegmentRecord(segment_id="", name="")))
UNDER_RECOVERY = "Failover segment {name} can't be deleted as it has hosts under recovery: {hosts}."


class Segments(Resource):
    """The collection."""

    def __init__(self, doors: Doors, policy: Policy, highest_limit: int, default: core.Policy) -> None:
        """`default` is the policy of segments that are made here."""
        super().__init__(doors, policy, highest_limit)
        self._default = default

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List segments."""
        self.enforce(req, "segments:index")
        query = query_of(req)
        asked, fits = page(query, COLUMNS, self.highest_limit), holding(_filter(query))
        rows = sort(map(shown.segment, self.doors.registry.read().segments()), asked)
        answer(resp, json.dumps({"segments": cut(rows, asked, fits)}).encode())

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Create a segment."""
        schema = segment_schema(caller_of(req).version, create=True)
        body = valid(parsed(req.bounded_stream.read()), schema)["segment"]
        self.enforce(req, "segments:create")
        uuid = self.doors.wall.new_uuid()
        new = described(SegmentRecord(segment_id=uuid, name="", policy=self._default, version=0), body)
        after = self.doors.registry.edit(lambda _: [new])
        answer(resp, _one(segment_of(after, uuid)), 201)


class Segment(Resource):
    """One of them."""

    def on_get(self, req: falcon.Request, resp: falcon.Response, segment_id: str) -> None:
        """Show a segment."""
        self.enforce(req, "segments:detail")
        answer(resp, _one(segment_of(self.doors.registry.read(), segment_id)))

    def on_put(self, req: falcon.Request, resp: falcon.Response, segment_id: str) -> None:
        """Change a segment; its open incidents finish under the policy that they were opened with."""
        schema = segment_schema(caller_of(req).version, create=False)
        body = valid(parsed(req.bounded_stream.read()), schema)["segment"]
        self.enforce(req, "segments:update")
        after = self.doors.registry.edit(lambda now: [described(segment_of(now, segment_id), body)])
        answer(resp, _one(segment_of(after, segment_id)))

    def on_delete(self, req: falcon.Request, resp: falcon.Response, segment_id: str) -> None:
        """Delete a segment with all of its hosts; 409 while one of them is under recovery."""
        self.enforce(req, "segments:delete")
        segment_of(self.doors.registry.read(), segment_id)
        busy = self.require_views().busy_hosts()
        self.doors.registry.edit(lambda now: _gone(now, segment_id, busy))
        resp.status = 204


def described(record: SegmentRecord, body: Body) -> SegmentRecord:
    """Return the record's next version with what a body says of it."""
    said = dict(body)
    if "recovery_method" in said:
        said["policy"] = replace(record.policy, method=core.Method(said.pop("recovery_method")))
    if "enabled" in said:
        said["armed"] = bool(boolean(said.pop("enabled")))
    if "description" in said:
        said["description"] = said["description"] or ""
    return replace(record, version=record.version + 1, **said)


def _gone(now: Inventory, segment_id: str, busy: frozenset[str]) -> list[Description]:
    segment, hosts = segment_of(now, segment_id), list(now.hosts(segment_id))
    under = sorted(host.name for host in hosts if host.host_uuid in busy)
    if under:
        raise conflict(UNDER_RECOVERY.format(name=segment.name, hosts=", ".join(under[:10])))
    found: list[Description] = [*hosts, segment]
    return [replace(record, version=record.version + 1, deleted=True) for record in found]


def _filter(query: Query) -> dict[str, object]:
    """Return what rows must hold."""
    found: dict[str, object] = {
        name: query[name][-1] for name in ("recovery_method", "service_type") if name in query
    }
    if "enabled" in query:
        found["enabled"] = boolean(query["enabled"][-1])
        if found["enabled"] is None:
            raise bad_request(f"Invalid value for enabled: {query['enabled'][-1][:50]}")
    return found


def _one(record: SegmentRecord) -> bytes:
    return json.dumps({"segment": shown.segment(record)}).encode()
