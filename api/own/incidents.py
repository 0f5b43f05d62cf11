"""/incidents and what hangs below one: list with filters and pages, show, plan, timeline; and /verdicts by subject."""

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import falcon

from kasugai.api.errors import bad_request, not_found
from kasugai.api.handling import Resource, answer, query_of
from kasugai.api.own import shown
from kasugai.api.own.rules import PREFIX
from kasugai.api.paging import Query
from kasugai.api.ports import UnknownMarker, Views
from kasugai.api.views import IncidentView
from kasugai.api.words import boolean
from kasugai.core.words.incident import Phase
from kasugai.core.words.subject import INCIDENT_KINDS, Kind

PAGE = 100
"""How many things a list shows unless it is asked for more."""


class Incidents(Resource):
    """The list."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List incidents, newest first."""
        self.enforce(req, f"{PREFIX}incidents:index")
        query = query_of(req)
        wanted, limit = _filter(query), limit_of(query, self.highest_limit)
        views = self.require_views()
        found = list(islice(_listed(views, _last(query, "marker"), wanted), limit))
        names = names_of(self)
        rows = [shown.incident(view, names) for view in found]
        answer(resp, _dump({"incidents": rows, "next_marker": _next(found, limit)}))


class Incident(Resource):
    """One incident."""

    def on_get(self, req: falcon.Request, resp: falcon.Response, incident: str) -> None:
        """Show where it stands."""
        view = known(self, req, incident)
        answer(resp, _dump({"incident": shown.incident(view, names_of(self))}))


class Plan(Resource):
    """An incident's plan."""

    def on_get(self, req: falcon.Request, resp: falcon.Response, incident: str) -> None:
        """Show the steps and their states."""
        answer(resp, _dump({"plan": shown.plan(known(self, req, incident))}))


class Timeline(Resource):
    """An incident's story."""

    def on_get(self, req: falcon.Request, resp: falcon.Response, incident: str) -> None:
        """Tell it, in the narrator's words."""
        known(self, req, incident)
        lines = self.doors.views.timeline(incident)
        answer(resp, _dump({"timeline": [shown.line(line) for line in lines]}))


class Verdicts(Resource):
    """What was decided about a subject: why, and why not."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List the verdicts about `subject`, newest first."""
        self.enforce(req, f"{PREFIX}verdicts:index")
        query = query_of(req)
        subject, limit = _last(query, "subject"), limit_of(query, self.highest_limit)
        if not subject:
            raise bad_request("subject is missing: for example ?subject=host/cmp1")
        verdicts = self.require_views().verdicts(subject)
        rows = [shown.verdict(view) for view in reversed(verdicts)]
        answer(resp, _dump({"verdicts": rows[:limit]}))


def known(resource: Resource, req: falcon.Request, incident: str) -> IncidentView:
    """Return the incident if the caller may see it; ApiError 403 or 404."""
    resource.enforce(req, f"{PREFIX}incidents:detail")
    found = resource.require_views().incident(incident)
    if found is None:
        raise not_found("incident", incident[:100])
    return found


def names_of(resource: Resource) -> Mapping[str, str]:
    """Return the segments' names."""
    return {segment.segment_id: segment.name for segment in resource.doors.registry.known().segments()}


def limit_of(query: Query, highest: int) -> int:
    """Return how many things to show at most; ApiError 400 for what is no number."""
    text = _last(query, "limit") or str(PAGE)
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0):
        raise bad_request(f"limit must be a number from 1 to {highest}")
    return min(int(text), highest)


def _last(query: Query, name: str) -> str:
    return query.get(name, [""])[-1]


def _filter(query: Query) -> dict[str, Any]:
    """Return what an incident's fields must be; ApiError 400 for a word that no field can be."""
    words = ("kind", "host", "phase", "segment")
    found: dict[str, Any] = {name: _last(query, name) for name in words if name in query}
    if found.get("kind", Kind.HOST) not in INCIDENT_KINDS:
        raise bad_request(f"kind must be one of {', '.join(INCIDENT_KINDS)}")
    if found.get("phase", Phase.OPENED) not in list(Phase):
        raise bad_request(f"phase must be one of {', '.join(Phase)}")
    if "open" in query:
        found["is_open"] = boolean(_last(query, "open"))
        if found["is_open"] is None:
            raise bad_request("open must be true or false")
    return found


def _listed(views: Views, marker: str, wanted: Mapping[str, Any]) -> Iterator[IncidentView]:
    try:
        found = views.incidents(marker or None)
    except UnknownMarker:
        raise bad_request(f"marker {marker[:100]} not found") from None
    return (view for view in found if all(getattr(view, name) == value for name, value in wanted.items()))


def _next(found: list[IncidentView], limit: int) -> str | None:
    """Where the next page begins; None after the last one."""
    return found[-1].incident if len(found) == limit else None


def _dump(body: object) -> bytes:
    return json.dumps(body).encode()
