"""/segments/{segment}/hosts: the compute hosts of a segment, as the inventory describes them.

A host's name must be that of a nova-compute service. Taking a host out of maintenance is a sign of life. A host that a
recovery has taken out of service is shown as on maintenance, which it is not in the inventory (ADR 23).
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

import falcon

from kasugai.adapters.inventory import Description, Inventory
from kasugai.api import bodies, shown
from kasugai.api.bodies import Body, parsed, valid
from kasugai.api.errors import bad_request, conflict
from kasugai.api.handling import Resource, answer, host_of, query_of, segment_of
from kasugai.api.paging import Query, cut, holding, page, sort
from kasugai.api.views import OutView
from kasugai.api.words import boolean
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.signals import Source, Symptom, fault
from kasugai.core.words.subject import Kind

_NONE = HostRecord(host_uuid="", name="", segment_id=""), SegmentRecord(segment_id="", name="")
COLUMNS = (*shown.host(*_NONE, 0, is_out=False),)
SORTABLE = tuple(column for column in COLUMNS if column != "failover_segment")
Place = tuple[str, str]
"""A segment's id and a host's name."""
Outs = Mapping[Place, Sequence[OutView]]
OBSERVER = "api"
"""Who says so when a notification or an operator speaks through the REST API."""


class HostResource(Resource):
    """What both the collection and a host need."""

    def require_compute(self, name: str) -> None:
        """ApiError 400 unless Nova has a nova-compute service of that host."""
        if not self.doors.computes.knows(name):
            raise bad_request(f"Compute host with hostname '{name}' could not be found.")

    def one(self, inventory: Inventory, record: HostRecord, outs: Outs) -> bytes:
        """Return a host's body."""
        return json.dumps({"host": self.row(inventory, record, outs)}).encode()

    def row(self, inventory: Inventory, record: HostRecord, outs: Outs) -> shown.Row:
        """Return a host's row."""
        segment = segment_of(inventory, record.segment_id)
        return shown.host(record, segment, self.doors.wall.now(), is_out=_place(record) in outs)

    def outs(self) -> Outs:
        """Return what keeps hosts out of service, by segment and host; ApiError 503 while that is not known."""
        found: dict[Place, list[OutView]] = defaultdict(list)
        for view in self.require_views().hosts_out():
            found[view.segment, view.host].append(view)
        return found


class Hosts(HostResource):
    """The collection."""

    def on_get(self, req: falcon.Request, resp: falcon.Response, segment_id: str) -> None:
        """List a segment's hosts."""
        self.enforce(req, "os-hosts:index")
        query = query_of(req)
        asked, fits = page(query, SORTABLE, self.highest_limit), holding(_filter(query))
        inventory = self.doors.registry.read()
        segment_of(inventory, segment_id)
        outs = self.outs()
        rows = (self.row(inventory, record, outs) for record in inventory.hosts(segment_id))
        answer(resp, json.dumps({"hosts": cut(sort(rows, asked), asked, fits)}).encode())

    def on_post(self, req: falcon.Request, resp: falcon.Response, segment_id: str) -> None:
        """Add a host to a segment, also while others of it are being recovered."""
        body = valid(parsed(req.bounded_stream.read()), bodies.HOST_CREATE)["host"]
        self.enforce(req, "os-hosts:create")
        segment_of(self.doors.registry.read(), segment_id)
        self.require_compute(body["name"])
        uuid = self.doors.wall.new_uuid()
        blank = HostRecord(host_uuid=uuid, name="", segment_id=segment_id, version=0)

        def add(now: Inventory) -> list[Description]:
            segment_of(now, segment_id)
            return [described(blank, body)]

        after = self.doors.registry.edit(add)
        answer(resp, self.one(after, host_of(after, segment_id, uuid), {}), 201)


class Host(HostResource):
    """One of them."""

    def on_get(self, req: falcon.Request, resp: falcon.Response, segment_id: str, host_id: str) -> None:
        """Show a host."""
        self.enforce(req, "os-hosts:detail")
        inventory = self.doors.registry.read()
        record = host_of(inventory, segment_id, host_id)
        answer(resp, self.one(inventory, record, self.outs()))

    def on_put(self, req: falcon.Request, resp: falcon.Response, segment_id: str, host_id: str) -> None:
        """Change a host; 409 while it is under recovery."""
        body = valid(parsed(req.bounded_stream.read()), bodies.HOST_UPDATE)["host"]
        self.enforce(req, "os-hosts:update")
        self._refuse_busy(segment_id, host_id, "updated")
        if "name" in body:
            self.require_compute(body["name"])
        outs = self.outs()
        after = self.doors.registry.edit(lambda now: [described(host_of(now, segment_id, host_id), body)])
        record = host_of(after, segment_id, host_id)
        if "on_maintenance" in body and not record.on_maintenance:
            self._tell_alive(record, outs.get(_place(record), ()))
            outs = {}  # by this word it is in service: what follows from that is shown as soon as it is done
        answer(resp, self.one(after, record, outs))

    def on_delete(self, req: falcon.Request, resp: falcon.Response, segment_id: str, host_id: str) -> None:
        """Delete a host; 409 while it is under recovery."""
        self.enforce(req, "os-hosts:delete")
        self._refuse_busy(segment_id, host_id, "deleted")
        self.doors.registry.edit(lambda now: [_gone(host_of(now, segment_id, host_id))])
        resp.status = 204

    def _refuse_busy(self, segment_id: str, host_id: str, what: str) -> None:
        record = host_of(self.doors.registry.read(), segment_id, host_id)
        if host_id in self.require_views().busy_hosts():
            raise conflict(f"Host {record.name} can't be {what} as it is under recovery.")

    def _tell_alive(self, record: HostRecord, outs: Sequence[OutView]) -> None:
        """An operator vouches for the host, and for each process for whose failure a recovery has shut it. Repeated
        with the same PUT, so that a lost one may be sent again."""
        self._report(record, Kind.HOST, "")
        for process in sorted({view.process for view in outs if view.process}):
            self._report(record, Kind.PROCESS, process)

    def _report(self, record: HostRecord, kind: Kind, detail: str) -> None:
        self.doors.reports.report(
            fault(
                kind=kind,
                detail=detail,
                host=record.name,
                host_uuid=record.host_uuid,
                observer=OBSERVER,
                source=Source.REPORTED,
                symptom=Symptom.ALIVE,
                episode=f"maintenance-{record.version}",
                inventory_offset=self.doors.registry.offset(),
            )
        )


def _place(record: HostRecord) -> Place:
    return record.segment_id, record.name


def described(record: HostRecord, body: Body) -> HostRecord:
    """Return the record's next version with what a body says of it."""
    said = {name: value for name, value in body.items() if name not in ("type", "reserved", "on_maintenance")}
    said |= {name: bool(boolean(body[name])) for name in ("reserved", "on_maintenance") if name in body}
    if "type" in body:
        said["host_type"] = body["type"]
    if "on_maintenance" in said:
        said["maintenance_until"] = 0
    return replace(record, version=record.version + 1, **said)


def _gone(record: HostRecord) -> HostRecord:
    return replace(record, version=record.version + 1, deleted=True)


def _filter(query: Query) -> dict[str, object]:
    """Return what rows must hold; a name that does not exist matches nothing."""
    found: dict[str, object] = {name: query[name][-1] for name in ("type", "name") if name in query}
    for name in ("on_maintenance", "reserved"):
        if name in query:
            found[name] = boolean(query[name][-1])
            if found[name] is None:
                raise bad_request(f"Invalid value for {name}: {query[name][-1][:50]}")
    return found
