"""The one catalogue of metrics: OpenTelemetry name, kind and unit, the labels with what bounds them, who shows it.

Prometheus names follow from it as OpenTelemetry's exporter derives them. No label ever holds the id of a guest or an
incident; a host's name only while something is done about that host.
"""

from dataclasses import dataclass
from enum import StrEnum

SECONDS = "s"


class Shape(StrEnum):
    """What kind of instrument a metric is."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric."""

    name: str
    """As OpenTelemetry writes it."""
    shape: Shape
    unit: str
    """UCUM: `s`, or a count in braces."""
    help: str
    labels: tuple[tuple[str, str], ...] = ()
    """Each label with what its values are."""
    shown_by: tuple[str, ...]
    """The processes that show it."""
    buckets: tuple[float, ...] = ()
    """Upper bounds of a histogram."""

    @property
    def prometheus(self) -> str:
        """The name of its (first) series at /metrics, as opentelemetry-exporter-prometheus makes it."""
        base = self.name.replace(".", "_") + ("_seconds" if self.unit == SECONDS else "")
        return {Shape.COUNTER: f"{base}_total", Shape.HISTOGRAM: f"{base}_bucket"}.get(self.shape, base)

    @property
    def label_names(self) -> tuple[str, ...]:
        """The labels alone."""
        return tuple(name for name, _ in self.labels)


ROUTE = "route"
CORRELATE = "correlate"
PROJECT = "project"
API = "api"
WORKERS = ("worker_host",)
"""One for each kind that `kasugai worker` knows."""
CONSUMERS = (ROUTE, CORRELATE, *WORKERS, PROJECT)
"""The processes that read topics as members of a group or as their owner."""
PROCESSES = (*CONSUMERS, API)
"""The processes that serve /metrics; each has a `PROCESS_port` option in [telemetry]."""

_TOPIC = ("topic", "a topic of docs/topics.md")
_PARTITION = ("partition", "its partitions")
_HOST = ("host", "hosts that this worker recovers right now")
_METHOD = ("method", "GET, HEAD, POST, PUT, DELETE, OPTIONS or other")
_ROUTE = ("route", "the path's template; `none` when no resource was reached (unknown paths, 401, 415)")
_QUICK = (0.002, 0.005, 0.01, 0.02, 0.04, 0.06, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_SLOW = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)

READY = Metric(
    name="kasugai.process.ready",
    shape=Shape.GAUGE,
    unit="{process}",
    help="1 when /readyz says yes: connected, its partitions assigned, and caught up.",
    shown_by=PROCESSES,
)
BEAT_AGE = Metric(
    name="kasugai.process.beat.age",
    shape=Shape.GAUGE,
    unit=SECONDS,
    help="Time since the event loop last turned; /healthz says no from 10 s on.",
    shown_by=PROCESSES,
)
EXITS = Metric(
    name="kasugai.process.exits",
    shape=Shape.COUNTER,
    unit="{exit}",
    help="How this process's former lives ended (kept in $STATE_DIRECTORY; not shown without one).",
    labels=(("code", "the exit code, or `killed` for a life that ended without a word"),),
    shown_by=PROCESSES,
)
LAG = Metric(
    name="kasugai.consumer.lag",
    shape=Shape.GAUGE,
    unit="{record}",
    help="Records of an owned partition that are not done; a worker counts an order until its incident is answered.",
    labels=(_TOPIC, _PARTITION),
    shown_by=CONSUMERS,
)
OLDEST_AGE = Metric(
    name="kasugai.consumer.oldest.age",
    shape=Shape.GAUGE,
    unit=SECONDS,
    help="Age of the oldest record that is not processed; for a worker: that no lane has begun. 0 when there is none.",
    labels=(_TOPIC, _PARTITION),
    shown_by=CONSUMERS,
)
RECORDS = Metric(
    name="kasugai.consumer.records",
    shape=Shape.COUNTER,
    unit="{record}",
    help="Records taken.",
    labels=(_TOPIC,),
    shown_by=CONSUMERS,
)
DEAD_LETTERS = Metric(
    name="kasugai.dead.letters",
    shape=Shape.COUNTER,
    unit="{record}",
    help="Records put aside because they cannot be read or decided.",
    labels=(("topic", "the topic that they came on"),),
    shown_by=CONSUMERS,
)
ROUTING = Metric(
    name="kasugai.fault.routing.duration",
    shape=Shape.HISTOGRAM,
    unit=SECONDS,
    help="From a fault's timestamp to the broker's time in the mailbox; the oldest fault of each batch.",
    shown_by=(ROUTE,),
    buckets=_QUICK,
)
VERDICTS = Metric(
    name="kasugai.verdicts",
    shape=Shape.COUNTER,
    unit="{verdict}",
    help="Decisions published, also every no.",
    labels=(("verb", "core/words/verdicts.Verb"), ("reason", "core/words/verdicts.Reason")),
    shown_by=(CORRELATE,),
)
INCIDENTS = Metric(
    name="kasugai.incidents",
    shape=Shape.GAUGE,
    unit="{incident}",
    help="Subjects by the phase that they are in, of the partitions owned here; ended ones are not counted.",
    labels=(
        ("kind", "core/words/signals.Kind"),
        ("phase", "core/words/incident.Phase without the final ones"),
    ),
    shown_by=(CORRELATE,),
)
UNFENCED = Metric(
    name="kasugai.segments.unfenced",
    shape=Shape.GAUGE,
    unit="{segment}",
    help="Segments whose policy asks for no fence: a host that is merely cut off may have its guests run twice.",
    shown_by=(CORRELATE,),
)
UNDESCRIBED_DISKS = Metric(
    name="kasugai.segments.disks.unknown",
    shape=Shape.GAUGE,
    unit="{segment}",
    help="Segments that do not say where their hosts' own disks lie (root-disks): guests with an image are moved all "
    "the same, and lose their data where it was local.",
    shown_by=(CORRELATE,),
)
OPENING = Metric(
    name="kasugai.incident.opening.duration",
    shape=Shape.HISTOGRAM,
    unit=SECONDS,
    help="From the mailbox record that decided to the published incident, both by the broker's clock.",
    labels=(("kind", "core/words/signals.Kind"),),
    shown_by=(CORRELATE,),
    buckets=_QUICK,
)
LANES = Metric(
    name="kasugai.recovery.lanes",
    shape=Shape.GAUGE,
    unit="{host}",
    help="Hosts with orders, by what happens to them.",
    labels=(("state", "working or queued"),),
    shown_by=WORKERS,
)
STEPS = Metric(
    name="kasugai.recovery.steps",
    shape=Shape.COUNTER,
    unit="{step}",
    help="Facts recorded about steps.",
    labels=(
        ("action", "core/words/actions.Action"),
        ("outcome", "started, unsure, done, failed or absolved"),
    ),
    shown_by=WORKERS,
)
ATTEMPTS = Metric(
    name="kasugai.recovery.attempts",
    shape=Shape.COUNTER,
    unit="{attempt}",
    help="Answers to orders.",
    labels=(
        ("outcome", "held, vetoed, recovered, failed or withdrawn"),
        ("reason", "core/words/verdicts.Reason"),
    ),
    shown_by=WORKERS,
)
EVACUATIONS = Metric(
    name="kasugai.recovery.evacuations",
    shape=Shape.GAUGE,
    unit="{evacuation}",
    help="Evacuations in progress: begun, and not yet ended by Nova's word.",
    labels=(_HOST,),
    shown_by=WORKERS,
)
WINDOW = Metric(
    name="kasugai.recovery.window",
    shape=Shape.GAUGE,
    unit="{evacuation}",
    help="How many evacuations of the host may be in progress now.",
    labels=(_HOST,),
    shown_by=WORKERS,
)
FOLD = Metric(
    name="kasugai.recovery.fold.duration",
    shape=Shape.HISTOGRAM,
    unit=SECONDS,
    help="Folding the log into the ledger when a host is taken over.",
    shown_by=WORKERS,
    buckets=_QUICK,
)
TAKEOVER = Metric(
    name="kasugai.recovery.takeover.duration",
    shape=Shape.HISTOGRAM,
    unit=SECONDS,
    help="From the lease in hand to the acknowledged `adopted`: fold and epoch included.",
    shown_by=WORKERS,
    buckets=_QUICK,
)
FIRST_EFFECT = Metric(
    name="kasugai.recovery.first.effect.duration",
    shape=Shape.HISTOGRAM,
    unit=SECONDS,
    help="From the decision to the first effect's call, by the broker's clock; once per incident.",
    shown_by=WORKERS,
    buckets=_SLOW,
)
CALL = Metric(
    name="kasugai.recovery.call.duration",
    shape=Shape.HISTOGRAM,
    unit=SECONDS,
    help="One call of an effect to Nova or a power device, until its answer.",
    labels=(("action", "core/words/actions.Action"),),
    shown_by=WORKERS,
    buckets=_SLOW,
)
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
    buckets=_QUICK,
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

CATALOGUE = (
    READY,
    BEAT_AGE,
    EXITS,
    LAG,
    OLDEST_AGE,
    RECORDS,
    DEAD_LETTERS,
    ROUTING,
    VERDICTS,
    INCIDENTS,
    UNFENCED,
    UNDESCRIBED_DISKS,
    OPENING,
    LANES,
    STEPS,
    ATTEMPTS,
    EVACUATIONS,
    WINDOW,
    FOLD,
    TAKEOVER,
    FIRST_EFFECT,
    CALL,
    REQUESTS,
    ANSWERING,
    CLAIMS,
    UNKNOWN_HOSTS,
)
"""All metrics, in the order of docs/metrics.md."""
