"""What every resource of the REST API starts from: the doors, the policy, and what a request brings with it.

It knows Falcon's request and no resource.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import falcon

from kasugai.adapters.inventory import Inventory
from kasugai.api.errors import away, bad_request, not_found
from kasugai.api.microversions import Microversion
from kasugai.api.policies import Policy
from kasugai.api.ports import Claims, Computes, Orders, Registry, Reports, Views, Wall
from kasugai.core.words.inventory import HostRecord, SegmentRecord

MOST_FIELDS = 200
"""More parameters than any client sends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """Everything outside that the API talks to."""

    registry: Registry
    reports: Reports
    orders: Orders
    claims: Claims
    computes: Computes
    views: Views
    wall: Wall


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks, and in which microversion."""

    credentials: Mapping[str, Any]
    version: Microversion


class Resource:
    """What stands at one path."""

    def __init__(self, doors: Doors, policy: Policy, highest_limit: int) -> None:
        """`highest_limit` is how many things a list shows at most."""
        self.doors = doors
        self.policy = policy
        self.highest_limit = highest_limit

    def enforce(self, req: falcon.Request, rule: str) -> None:
        """ApiError 403 unless the caller may."""
        self.policy.enforce(rule, caller_of(req).credentials)

    def may(self, req: falcon.Request, rule: str) -> bool:
        """Whether the caller may."""
        return self.policy.allows(rule, caller_of(req).credentials)

    def require_views(self) -> Views:
        """Return the views, if they are as new as what clients were told; ApiError 503 until then."""
        if not self.doors.views.caught_up():
            raise away("The views are being brought up to date from Kafka; ask again.")
        return self.doors.views


def caller_of(req: falcon.Request) -> Caller:
    """Return who asks."""
    found = req.context.caller
    assert isinstance(found, Caller), "every request has been admitted"
    return found


def query_of(req: falcon.Request) -> Mapping[str, Sequence[str]]:
    """Return every value of each query parameter."""
    try:
        return parse_qs(req.query_string, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise bad_request(f"more than {MOST_FIELDS} query parameters") from None


def segment_of(inventory: Inventory, uuid: str) -> SegmentRecord:
    """Return a segment; ApiError 404."""
    found = inventory.segment(uuid)
    if found is None:
        raise not_found("failover segment", uuid)
    return found


def host_of(inventory: Inventory, segment: str, uuid: str) -> HostRecord:
    """Return a host of that segment; ApiError 404."""
    found = inventory.host(uuid)
    if found is None or found.segment_id != segment:
        raise not_found("host", f"{uuid} under failover segment {segment}")
    return found


def answer(resp: falcon.Response, body: bytes, status: int = 200) -> None:
    """Answer with a JSON body."""
    resp.status = status
    resp.content_type = "application/json"
    resp.data = body
