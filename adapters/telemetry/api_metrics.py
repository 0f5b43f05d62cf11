"""What `kasugai api` counts and times: its part of the catalogue."""

from kasugai.adapters.telemetry.metric import QUICK, SECONDS, Metric, Shape

API = "api"

_METHOD = ("method", "GET, HEAD, POST, PUT, DELETE, OPTIONS or other")
_ROUTE = ("route", "the path's template; `none` when no resource was reached (unknown paths, 401, 415)")

REQUESTS = Metric(
    name="kasugai.api.requests",
    shape=Shape.COUNTER,
    unit="{request}",
    help="Requests answered.",
    labels=(_METHOD, _ROUTE, ("status", "the answer's HTTP status")),
    shown_by=(API,),
)
ANSWERING = Metric(
    name="kasugai.api.request.duration",
    shape=Shape.HISTOGRAM,
    unit=SECONDS,
    help="From a request in hand to its answer; waiting for a free thread and sending are not in it.",
    labels=(_METHOD, _ROUTE),
    shown_by=(API,),
    buckets=QUICK,
)
CLAIMS = Metric(
    name="kasugai.api.claims",
    shape=Shape.COUNTER,
    unit="{claim}",
    help="Claims of a failure by a notification, the first step of every POST that is valid.",
    labels=(("outcome", "taken, refused (it stands already: 409) or unknown (503)"),),
    shown_by=(API,),
)
UNKNOWN_HOSTS = Metric(
    name="kasugai.api.unknown.hosts",
    shape=Shape.COUNTER,
    unit="{report}",
    help="Reports refused because no segment has a host of that name: most often short name against FQDN, or case.",
    shown_by=(API,),
)
API_METRICS = (REQUESTS, ANSWERING, CLAIMS, UNKNOWN_HOSTS)
