"""What the observer of Nova shows of room: its part of the catalogue. Which hosts may be lost is by Placement's word,
which nobody else reads whole."""

from kasugai.adapters.telemetry.metric import SECONDS, Metric, Shape

SHOWN_BY = ("observe_nova",)
_SEGMENT = ("segment", "a segment's name")

SURVIVABLE = Metric(
    name="kasugai.segment.hosts.survivable",
    shape=Shape.GAUGE,
    unit="{host}",
    help="How many hosts of a segment may be lost, whichever they are, so that all of their guests whose needs are "
    "known find room (docs/operators/whatif.md says what is promised); absent where that is not known.",
    labels=(_SEGMENT,),
    shown_by=SHOWN_BY,
)
UNCOVERED = Metric(
    name="kasugai.segment.guests.uncovered",
    shape=Shape.GAUGE,
    unit="{guest}",
    help="Guests of a segment of which that number says nothing, for what they need could not be read.",
    labels=(_SEGMENT,),
    shown_by=SHOWN_BY,
)
ROOM_AGE = Metric(
    name="kasugai.room.age",
    shape=Shape.GAUGE,
    unit=SECONDS,
    help="How long ago the read of Nova and Placement began that these numbers stand on; absent before the first.",
    shown_by=SHOWN_BY,
)

ROOM_METRICS = (SURVIVABLE, UNCOVERED, ROOM_AGE)
"""In the order of docs/metrics.md."""
