"""The one catalogue of metrics: OpenTelemetry name, kind and unit, the labels with what bounds them, who shows it.

Prometheus names follow from it as OpenTelemetry's exporter derives them. No label holds the id of a guest or an
incident, but those of the one metric that there is for open incidents alone. A host's name is in one of a worker only
while something is done about that host; of the projector's and route's there are as many as the inventory has hosts.
"""

from kasugai.adapters.telemetry.announce_metrics import ANNOUNCE, ANNOUNCE_METRICS
from kasugai.adapters.telemetry.api_metrics import API, API_METRICS
from kasugai.adapters.telemetry.bridge_metrics import BRIDGE, BRIDGE_METRICS
from kasugai.adapters.telemetry.metric import QUICK, SECONDS, Metric, Shape
from kasugai.adapters.telemetry.observer_metrics import OBSERVER_METRICS, OBSERVERS
from kasugai.adapters.telemetry.project_metrics import PROJECT, PROJECT_METRICS
from kasugai.adapters.telemetry.room_metrics import ROOM_METRICS
from kasugai.adapters.telemetry.worker_metrics import WORKER_METRICS, WORKERS

ROUTE = "route"
LIVENESS = "liveness"
CORRELATE = "correlate"
CONSUMERS = (ROUTE, LIVENESS, BRIDGE, CORRELATE, *WORKERS, PROJECT)
"""The processes that read topics as members of a group or as their owner."""
PROCESSES = (*CONSUMERS, *OBSERVERS, ANNOUNCE, API)
"""The processes that serve /metrics; each has a `PROCESS_port` option in [telemetry]."""

_TOPIC = ("topic", "a topic of docs/topics.md")
_PARTITION = ("partition", "its partitions")

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
UNPROVED = Metric(
    name="kasugai.unproved",
    shape=Shape.COUNTER,
    unit="{record}",
    help="Words of agents put aside because nobody proves whose they are, or because they were said before.",
    labels=(
        ("topic", "the agents' topics"),
        ("hostname", "in whose name: a host of the inventory, or `other`"),
    ),
    shown_by=(ROUTE,),
)
DROPPED_TRACES = Metric(
    name="kasugai.dropped.traces",
    shape=Shape.COUNTER,
    unit="{header}",
    help="Trace contexts in records' headers that were not passed on, for they do not have W3C's form.",
    shown_by=CONSUMERS,
)
ROUTING = Metric(
    name="kasugai.fault.routing.duration",
    shape=Shape.HISTOGRAM,
    unit=SECONDS,
    help="From a fault's timestamp to the broker's time in the mailbox; the oldest fault of each batch.",
    shown_by=(ROUTE,),
    buckets=QUICK,
)
LIVENESS_HOSTS = Metric(
    name="kasugai.liveness.hosts",
    shape=Shape.GAUGE,
    unit="{host}",
    help="Hosts whose heartbeats are watched here, by what is known of them.",
    labels=(("state", "beating, silent, isolated or unwatched (its agent said that it ends)"),),
    shown_by=(LIVENESS,),
)
LIVENESS_FAULTS = Metric(
    name="kasugai.liveness.faults",
    shape=Shape.COUNTER,
    unit="{fault}",
    help="What was said of hosts, repetitions included.",
    labels=(("symptom", "down, alive or clear"),),
    shown_by=(LIVENESS,),
)
LIVENESS_IGNORED = Metric(
    name="kasugai.liveness.ignored",
    shape=Shape.COUNTER,
    unit="{record}",
    help="Records among the heartbeats that count for nothing.",
    labels=(("why", "said before (an old beat, or one too many hosts), unproved or unreadable"),),
    shown_by=(LIVENESS,),
)
LIVENESS_BLIND = Metric(
    name="kasugai.liveness.blind",
    shape=Shape.COUNTER,
    unit=SECONDS,
    help="Time in which a partition that is owned here got no pulse, so that no silence counts.",
    shown_by=(LIVENESS,),
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
UNKEPT = Metric(
    name="kasugai.subjects.unkept",
    shape=Shape.COUNTER,
    unit="{fault}",
    help="Faults about subjects that the inventory does not know, told without keeping a row: 1,000 of those are kept.",
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
    buckets=QUICK,
)
CATALOGUE = (
    READY,
    BEAT_AGE,
    EXITS,
    LAG,
    OLDEST_AGE,
    RECORDS,
    DEAD_LETTERS,
    UNPROVED,
    DROPPED_TRACES,
    ROUTING,
    LIVENESS_HOSTS,
    LIVENESS_FAULTS,
    LIVENESS_IGNORED,
    LIVENESS_BLIND,
    VERDICTS,
    INCIDENTS,
    UNKEPT,
    UNFENCED,
    UNDESCRIBED_DISKS,
    OPENING,
    *WORKER_METRICS,
    *OBSERVER_METRICS,
    *ROOM_METRICS,
    *BRIDGE_METRICS,
    *PROJECT_METRICS,
    *ANNOUNCE_METRICS,
    *API_METRICS,
)
"""All metrics, in the order of docs/metrics.md."""
