"""/recoveries: what became of the servers of the token's own project, read only.

The project is the token's and nothing else: no query, header or path names one. What is another project's is answered
as what never was. Names of hosts, the incident and the operator's words take a rule of their own.
"""

import json
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import falcon

from kasugai.api.errors import ApiError, bad_request, not_found
from kasugai.api.handling import Resource, answer, caller_of, query_of
from kasugai.api.own.incidents import limit_of
from kasugai.api.own.rules import PREFIX
from kasugai.api.own.shown import stamp
from kasugai.api.paging import Query
from kasugai.api.ports import UnknownMarker, Views
from kasugai.api.recoveries import RecoveryView, State
from kasugai.api.words import boolean

MOST_READ = 2_000
"""Rows that are looked at for one answer, however few of them fit."""


class Recoveries(Resource):
    """The list."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List the project's recoveries, newest first."""
        self.enforce(req, f"{PREFIX}recoveries:index")
        query, project = query_of(req), project_of(req)
        fits, limit = _filter(query), limit_of(query, self.highest_limit)
        found, marker = _page(_listed(self.require_views(), project, query), fits, limit)
        is_inside_shown = self.may(req, f"{PREFIX}recoveries:inside")
        rows = [shown(view, is_inside_shown=is_inside_shown) for view in found]
        answer(resp, json.dumps({"recoveries": rows, "next_marker": marker}).encode())


class Recovery(Resource):
    """One of them."""

    def on_get(self, req: falcon.Request, resp: falcon.Response, recovery: str) -> None:
        """Show where it stands."""
        self.enforce(req, f"{PREFIX}recoveries:detail")
        found = self.require_views().recovery(project_of(req), recovery)
        if found is None:
            raise not_found("recovery", recovery[:100])
        row = shown(found, is_inside_shown=self.may(req, f"{PREFIX}recoveries:inside"))
        answer(resp, json.dumps({"recovery": row}).encode())


def project_of(req: falcon.Request) -> str:
    """Return the project of the token; ApiError 403 for a token of none (of the system, of a domain)."""
    project = caller_of(req).credentials.get("project_id")
    if not project:
        raise ApiError(403, "This is shown to a project: ask with a token of one.")
    return str(project)


def shown(view: RecoveryView, *, is_inside_shown: bool) -> dict[str, Any]:
    """Return a row; null stands for what is the cloud's inside where that is not shown."""
    inside = {
        "incident": view.incident,
        "host": view.host,
        "destination": view.destination or None,
        "reason": view.reason,
    }
    return {
        "recovery": view.recovery,
        "server": view.server,
        "name": view.name,
        "cause": str(view.cause),
        "state": str(view.state),
        "is_open": view.state.is_open,
        "why": view.why,
        "opened_at": stamp(view.opened_at),
        "began_at": stamp(view.began_at),
        "ended_at": stamp(view.ended_at),
        **(inside if is_inside_shown else dict.fromkeys(inside)),
    }


def _page(
    rows: Iterator[RecoveryView], fits: Callable[[RecoveryView], bool], limit: int
) -> tuple[list[RecoveryView], str | None]:
    """Return what fits, and after which row the next page begins: the last one that was looked at, unless it was the
    last there is."""
    found: list[RecoveryView] = []
    for read, view in enumerate(islice(rows, MOST_READ), 1):
        if fits(view):
            found.append(view)
        if len(found) == limit or read == MOST_READ:
            return found, view.recovery
    return found, None


def _listed(views: Views, project: str, query: Query) -> Iterator[RecoveryView]:
    marker = _last(query, "marker")
    try:
        return views.recoveries(project, marker or None)
    except UnknownMarker:
        raise bad_request(f"marker {marker[:100]} not found") from None


def _filter(query: Query) -> Callable[[RecoveryView], bool]:
    """Return what a row must be; ApiError 400 for a word that no field can be."""
    server, state = _last(query, "server"), _last(query, "state")
    is_open = boolean(_last(query, "open")) if "open" in query else None
    if "state" in query and state not in list(State):
        raise bad_request(f"state must be one of {', '.join(State)}")
    if "open" in query and is_open is None:
        raise bad_request("open must be true or false")
    return lambda view: (
        (not server or view.server == server)
        and (not state or view.state == state)
        and (is_open is None or view.state.is_open == is_open)
    )


def _last(query: Query, name: str) -> str:
    return query.get(name, [""])[-1]
