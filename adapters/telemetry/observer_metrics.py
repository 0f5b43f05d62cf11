"""What observers show: their part of the catalogue. Whether fence devices answer is no evidence about any host."""

from kasugai.adapters.telemetry.metric import SECONDS, Metric, Shape

OBSERVERS = ("observe_nova", "observe_power", "observe_metrics", "observe_silences")
"""One for each word of `kasugai observe`; a process of several goes by the first of them in this order."""
_SOURCE = ("source", "nova, power, metrics or silences")
_HOST = ("hostname", "hosts with power devices in the file that the observer reads")

OBSERVED_LOOKS = Metric(
    name="kasugai.observed.looks",
    shape=Shape.COUNTER,
    unit="{look}",
    help="Looks at other systems, by whether they gave an opinion: one that is away, or answers in part, has none.",
    labels=(_SOURCE, ("outcome", "seen or no-opinion")),
    shown_by=OBSERVERS,
)
OBSERVED_DOWN = Metric(
    name="kasugai.observed.down",
    shape=Shape.GAUGE,
    unit="{host}",
    help="Hosts that an observer calls down, off or degraded, or sets aside, now.",
    labels=(("observer", "os-services, power/INSTANCE, query/NAME, alertmanager or alertmanager/degraded"),),
    shown_by=OBSERVERS,
)
OBSERVED_STRANGERS = Metric(
    name="kasugai.observed.strangers",
    shape=Shape.GAUGE,
    unit="{host}",
    help="What an answer names, or alerts stand about, and the inventory does not know: most often short name against "
    "FQDN, case, or a port behind the name.",
    labels=(("observer", "query/NAME or alertmanager"),),
    shown_by=("observe_metrics",),
)
OBSERVED_POSTS = Metric(
    name="kasugai.observed.posts",
    shape=Shape.COUNTER,
    unit="{message}",
    help="Messages of Alertmanager's webhook.",
    labels=(("outcome", "taken or refused"),),
    shown_by=("observe_metrics",),
)
CHECKED = Metric(
    name="kasugai.fence.device.checked.timestamp",
    shape=Shape.GAUGE,
    unit=SECONDS,
    help="When all power devices of a host last told its state, in seconds since 1970; absent until they did so "
    "after the observer's start.",
    labels=(_HOST,),
    shown_by=("observe_power",),
    is_wide=True,
)
ANSWERS = Metric(
    name="kasugai.fence.device.answers",
    shape=Shape.GAUGE,
    unit="{host}",
    help="1 when all power devices of a host told its state when they were checked last, 0 when one did not.",
    labels=(_HOST,),
    shown_by=("observe_power",),
    is_wide=True,
)

OBSERVER_METRICS = (
    OBSERVED_LOOKS,
    OBSERVED_DOWN,
    OBSERVED_STRANGERS,
    OBSERVED_POSTS,
    CHECKED,
    ANSWERS,
)
"""In the order of docs/metrics.md."""
