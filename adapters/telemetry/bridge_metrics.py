"""What the bridge counts and measures: its part of the catalogue."""

from kasugai.adapters.telemetry.metric import SECONDS, Metric, Shape

BRIDGE = "bridge"

BRIDGE_NOTIFICATIONS = Metric(
    name="kasugai.bridge.notifications",
    shape=Shape.COUNTER,
    unit="{notification}",
    help="Notifications of Nova that were read and acknowledged, repetitions included.",
    labels=(("type", "their event type; `other` beyond 150 types, and for what is no name of one"),),
    shown_by=(BRIDGE,),
)
BRIDGE_UNREAD = Metric(
    name="kasugai.bridge.unread",
    shape=Shape.COUNTER,
    unit="{message}",
    help="Messages on Nova's bus that led to a dead letter on kasugai.faults.nova.dlq.",
    labels=(("why", "not-json, envelope, field, unencodable, refused or reader"),),
    shown_by=(BRIDGE,),
)
BRIDGE_FAULTS = Metric(
    name="kasugai.bridge.faults",
    shape=Shape.COUNTER,
    unit="{fault}",
    help="What was said of hosts and guests by what Nova notified.",
    labels=(("symptom", "core/words/signals.Symptom"),),
    shown_by=(BRIDGE,),
)
BRIDGE_STRANGERS = Metric(
    name="kasugai.bridge.strangers",
    shape=Shape.COUNTER,
    unit="{fault}",
    help="Faults not published, for the inventory does not know their host: most often short name against FQDN, or a "
    "host that no segment has.",
    shown_by=(BRIDGE,),
)
BRIDGE_LANDINGS = Metric(
    name="kasugai.bridge.landings",
    shape=Shape.COUNTER,
    unit="{guest}",
    help="Landings of moved guests that workers were told of, so that they look sooner.",
    shown_by=(BRIDGE,),
)
BRIDGE_SILENCE = Metric(
    name="kasugai.bridge.silence",
    shape=Shape.GAUGE,
    unit=SECONDS,
    help="Time since this bridge last took a message of Nova's; since its start if it has taken none.",
    shown_by=(BRIDGE,),
)
BRIDGE_QUEUE = Metric(
    name="kasugai.bridge.queue",
    shape=Shape.GAUGE,
    unit="{message}",
    help="Messages that wait on RabbitMQ in our queue, and in those of Nova's notifications that nobody need read; "
    "looked at every half minute.",
    labels=(("queue", "[bridge] pool, and a queue for each topic and priority"),),
    shown_by=(BRIDGE,),
)
BRIDGE_METRICS = (
    BRIDGE_NOTIFICATIONS,
    BRIDGE_UNREAD,
    BRIDGE_FAULTS,
    BRIDGE_STRANGERS,
    BRIDGE_LANDINGS,
    BRIDGE_SILENCE,
    BRIDGE_QUEUE,
)
