"""What `kasugai worker` counts and times: its part of the catalogue."""

from kasugai.adapters.telemetry.metric import KIND, QUICK, SECONDS, SLOW, Metric, Shape

WORKERS = ("worker_host", "worker_instance", "worker_process")
"""One for each kind that `kasugai worker` knows; a process of several kinds goes by the first of them in this order."""

_HOST = ("hostname", "hosts that this worker recovers right now")

LANES = Metric(
    name="kasugai.recovery.lanes",
    shape=Shape.GAUGE,
    unit="{subject}",
    help="Subjects with orders, by what happens to them.",
    labels=(KIND, ("state", "working or queued")),
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
        KIND,
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
    help="Folding the log into the ledger when a subject is taken over.",
    labels=(KIND,),
    shown_by=WORKERS,
    buckets=QUICK,
)
TAKEOVER = Metric(
    name="kasugai.recovery.takeover.duration",
    shape=Shape.HISTOGRAM,
    unit=SECONDS,
    help="From the lease in hand to the acknowledged `adopted`: fold and epoch included.",
    labels=(KIND,),
    shown_by=WORKERS,
    buckets=QUICK,
)
FIRST_EFFECT = Metric(
    name="kasugai.recovery.first.effect.duration",
    shape=Shape.HISTOGRAM,
    unit=SECONDS,
    help="From the decision to the first effect's call, by the broker's clock; once per incident.",
    labels=(KIND,),
    shown_by=WORKERS,
    buckets=SLOW,
)
CALL = Metric(
    name="kasugai.recovery.call.duration",
    shape=Shape.HISTOGRAM,
    unit=SECONDS,
    help="One call of an effect to Nova or a power device, until its answer.",
    labels=(("action", "core/words/actions.Action"),),
    shown_by=WORKERS,
    buckets=SLOW,
)
UNREADABLE = Metric(
    name="kasugai.recovery.unreadable",
    shape=Shape.COUNTER,
    unit="{value}",
    help="Values about a subject that could not be read and counted as absent: of the ledger in Redis (lease, subject, "
    "index, entry, flag, epoch) or of the log in Kafka (record).",
    labels=(("what", "lease, subject, index, entry, flag, epoch or record"),),
    shown_by=WORKERS,
)
WORKER_METRICS = (LANES, STEPS, ATTEMPTS, EVACUATIONS, WINDOW, FOLD, TAKEOVER, FIRST_EFFECT, CALL, UNREADABLE)
