"""/notifications and /notifications/{uuid}/vmoves: what was reported, and what came of it.

A POST is claimed, published, and answered when Kafka has it. What a notification is in Kasugai's words is said in
reporting.py; everything that is shown comes from the views.
"""

import json
import logging
from dataclasses import replace
from itertools import islice

import falcon

from kasugai.api import bodies, shown
from kasugai.api.bodies import Body, parsed, valid
from kasugai.api.errors import ApiError, bad_request, conflict, not_found
from kasugai.api.handling import Resource, answer, caller_of, query_of
from kasugai.api.metering import claims, unknown_hosts
from kasugai.api.nearest import nearest
from kasugai.api.occurrences import occurrence
from kasugai.api.own.rules import PREFIX
from kasugai.api.paging import Page, Query, Row, cut, holding, page, sort, unknown_marker
from kasugai.api.ports import UnknownMarker, Views
from kasugai.api.reporting import Trust, fault_of, is_kept, view_of
from kasugai.api.views import NotificationView
from kasugai.api.words import moment, shown_exactly
from kasugai.core.recovering.doors import LedgerAway, LogAway
from kasugai.core.words.inventory import HostRecord
from kasugai.core.words.signals import Fault, Notification
from kasugai.core.words.timing import Millis

COLUMNS = (
    *("id", "notification_uuid", "generated_time", "source_host_uuid", "type", "payload", "status"),
    *("failover_segment_uuid", "message", "created_at", "updated_at", "deleted_at", "deleted"),
)
MOVE_COLUMNS = (
    *("id", "uuid", "notification_uuid", "instance_uuid", "instance_name", "source_host", "dest_host"),
    *("start_time", "end_time", "type", "status", "message"),
    *("created_at", "updated_at", "deleted_at", "deleted"),
)
DETAILS_SINCE = (1, 1)
MOMENT = 10_000
"""Milliseconds for which the same sign of life, or the same ordinary event, counts once."""

log = logging.getLogger(__name__)


class Notifications(Resource):
    """The collection."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List notifications."""
        self.enforce(req, "notifications:index")
        query = query_of(req)
        asked, fits = page(query, COLUMNS, self.highest_limit), _filter(query)
        rows = _listed(self.require_views(), asked, fits)
        answer(resp, json.dumps({"notifications": rows}).encode())

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Report a failure, or a sign of life."""
        body = valid(parsed(req.bounded_stream.read()), bodies.NOTIFICATION_CREATE)["notification"]
        self.enforce(req, "notifications:create")
        valid(body["payload"], bodies.PAYLOADS[body["type"]])
        host = self._host(body["hostname"], body)
        may = Trust(
            assertion=self.may(req, f"{PREFIX}notification:assert"),
            alive=self.may(req, f"{PREFIX}notification:alive"),
        )
        view = self._accepted(host, self._notification(body, host), may)
        answer(resp, json.dumps({"notification": shown.notification(view)}).encode(), 202)

    def _host(self, name: str, body: Body) -> HostRecord:
        registry = self.doors.registry
        found = registry.known().host_named(name) or registry.read().host_named(name)
        if found is None:
            self._record_unknown(name, body)
            raise self._unknown(name)
        if found.is_set_aside(self.doors.wall.now()):
            raise conflict(f"Notification received from host {name} of type host on maintenance is ignored.")
        return found

    def _record_unknown(self, name: str, body: Body) -> None:
        """Let correlate record why nothing is done (`unknown-subject`); it is refused all the same, also without it."""
        host = HostRecord(host_uuid="", name=name, segment_id="")
        registry, nobody = self.doors.registry, Trust(assertion=False, alive=False)
        said = fault_of(
            self._notification(body, host), host, self.doors.wall.now(), registry.offset(), nobody
        )
        try:
            self.doors.reports.report(replace(said, notification=None))
        except LogAway as away:
            log.warning("that the host %s is unknown could not be recorded: %s", name, away)

    def _unknown(self, name: str) -> ApiError:
        """Refuse a report about a host that nobody has described, loudly: whoever monitors it believes it guarded."""
        unknown_hosts.add()
        near = nearest(name, (host.name for host in self.doors.registry.known().hosts()))
        hint = f" Did you mean {near}?" if near else ""
        log.warning(
            "a report about the unknown host %s is refused: nothing would be done for it.%s", name, hint
        )
        return bad_request(f"Host with name {name} could not be found.{hint}")

    def _notification(self, body: Body, host: HostRecord) -> Notification:
        return Notification(
            notification_uuid=self.doors.wall.new_uuid(),
            notification_type=body["type"],
            generated_time=shown_exactly(moment(body["generated_time"])),
            payload=body["payload"],
            segment_id=host.segment_id,
        )

    def _accepted(self, host: HostRecord, notification: Notification, may: Trust) -> NotificationView:
        """Claim, publish, keep the claim, show. What fails before Kafka has it leaves nothing behind."""
        uuid, key = notification.notification_uuid, occurrence(host.host_uuid, notification)
        registry = self.doors.registry
        said = fault_of(notification, host, self.doors.wall.now(), registry.offset(), may)
        holder = self._claimed(key, uuid)
        if holder is not None:
            raise conflict(f"Notification of this failure has been received already: {holder}.")
        try:
            stamp = self.doors.reports.report(said)
        except Exception:
            self._give_back(key, uuid)
            raise
        view = view_of(said, notification, stamp)
        self._keep(key, view, said)
        return view

    def _claimed(self, key: str, uuid: str) -> str | None:
        try:
            holder = self.doors.claims.take(key, uuid)
        except LedgerAway:
            claims.add("unknown")
            raise
        claims.add("refused" if holder else "taken")
        return holder

    def _give_back(self, key: str, uuid: str) -> None:
        try:
            self.doors.claims.release(key, uuid)
        except LedgerAway as error:
            log.warning("a claim could not be given back and ends by itself: %s", error)

    def _keep(self, key: str, view: NotificationView, said: Fault) -> None:
        """Kafka has the notification, so the answer is yes whatever Redis says; the projector makes up for it."""
        try:
            self.doors.claims.confirm(key, view.notification_uuid, Millis(0 if is_kept(said) else MOMENT))
            self.doors.views.accept(view)
        except LedgerAway as error:
            log.warning("notification %s is accepted and not shown yet: %s", view.notification_uuid, error)


class OneNotification(Resource):
    """One of them."""

    def on_get(self, req: falcon.Request, resp: falcon.Response, notification_id: str) -> None:
        """Show a notification, from 1.1 on with its progress."""
        self.enforce(req, "notifications:detail")
        views = self.require_views()
        row = shown.notification(_known(views, notification_id))
        if caller_of(req).version >= DETAILS_SINCE:
            row["recovery_workflow_details"] = [
                shown.workflow_detail(detail) for detail in views.details(notification_id)
            ]
        answer(resp, json.dumps({"notification": row}).encode())


class VMoves(Resource):
    """A notification's moves."""

    def on_get(self, req: falcon.Request, resp: falcon.Response, notification_id: str) -> None:
        """List them."""
        self.enforce(req, "vmoves:index")
        query = query_of(req)
        asked = page(query, MOVE_COLUMNS, self.highest_limit)
        fits = holding({name: query[name][-1] for name in ("status", "type") if name in query})
        rows = sort(_moves(self.require_views(), notification_id), asked)
        answer(resp, json.dumps({"vmoves": cut(rows, asked, fits)}).encode())


class VMove(Resource):
    """One of them."""

    def on_get(self, req: falcon.Request, resp: falcon.Response, notification_id: str, vmove_id: str) -> None:
        """Show it."""
        self.enforce(req, "vmoves:detail")
        rows = _moves(self.require_views(), notification_id)
        found = next((row for row in rows if row["uuid"] == vmove_id), None)
        if found is None:
            raise not_found("vmove", vmove_id)
        answer(resp, json.dumps({"vmove": found}).encode())


def _known(views: Views, uuid: str) -> NotificationView:
    found = views.notification(uuid)
    if found is None:
        raise not_found("notification", uuid)
    return found


def _moves(views: Views, uuid: str) -> list[shown.Row]:
    if _known(views, uuid).type != "COMPUTE_HOST":
        raise bad_request(f"Notification {uuid} is not of type COMPUTE_HOST: it has no vmoves.")
    return [shown.vmove(view) for view in views.vmoves(uuid)]


def _filter(query: Query) -> dict[str, str]:
    found = {
        name: query[name][-1]
        for name in ("status", "type", "source_host_uuid", "generated-since")
        if name in query
    }
    if "generated-since" in found:
        try:
            found["generated-since"] = shown_exactly(moment(found["generated-since"]))
        except ValueError:
            raise bad_request("Invalid value for generated-since") from None
    return found


def _fits(row: Row, wanted: dict[str, str]) -> bool:
    exact = {name: value for name, value in wanted.items() if name != "generated-since"}
    return exact.items() <= row.items() and row["generated_time"] >= wanted.get("generated-since", "")


def _listed(views: Views, asked: Page, wanted: dict[str, str]) -> list[Row]:
    """In the usual order no more is read than is shown; any other order needs them all."""
    if not asked.is_newest_first:
        every = sort((shown.notification(view) for view in views.notifications()), asked)
        return cut(every, asked, lambda row: _fits(row, wanted))
    try:
        rows = (shown.notification(view) for view in views.notifications(asked.marker))
        return list(islice((row for row in rows if _fits(row, wanted)), asked.limit))
    except UnknownMarker:
        raise unknown_marker(asked.marker or 0) from None
