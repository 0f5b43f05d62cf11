"""What `kasugai announce` counts: its part of the catalogue."""

from kasugai.adapters.telemetry.metric import Metric, Shape

ANNOUNCE = "announce"

_RECEIVER = ("receiver", "the names in receivers.yaml, at most 16")

ANNOUNCED = Metric(
    name="kasugai.announcements",
    shape=Shape.COUNTER,
    unit="{message}",
    help="Messages about incidents to receivers outside, by what came of them.",
    labels=(
        _RECEIVER,
        ("end", "told, late (older than [announce] expires, and passed over) or refused for good"),
    ),
    shown_by=(ANNOUNCE,),
)
ANNOUNCE_AWAY = Metric(
    name="kasugai.announce.away",
    shape=Shape.GAUGE,
    unit="{receiver}",
    help="1 while a receiver takes nothing and is tried again.",
    labels=(_RECEIVER,),
    shown_by=(ANNOUNCE,),
)
ANNOUNCE_METRICS = (ANNOUNCED, ANNOUNCE_AWAY)
