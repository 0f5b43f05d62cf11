"""At which moment of which story each dashboard is looked at."""

from collections.abc import Mapping
from dataclasses import dataclass, field

HOUR = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A dashboard as somebody sees it at a time of a story."""

    board: str
    """Its uid."""
    story: str
    every: float
    """Seconds between two scrapes."""
    begin: float
    now: float
    """Seconds of the story: what its time axis shows."""
    step: float
    """Seconds between two points of a line."""
    caption: str
    variables: Mapping[str, str] = field(default_factory=dict)
    """What is chosen at its top, where it is not all."""


MOMENTS = (
    Moment(
        board="kasugai-now",
        story="an-outage",
        every=5,
        begin=300,
        now=1050,
        step=5,
        caption="Seventeen minutes in: cmp3 has been recovered, cmp5 cannot be fenced and waits for a person.",
    ),
    Moment(
        board="kasugai-incident",
        story="an-outage",
        every=5,
        begin=585,
        now=700,
        step=5,
        caption="The recovery of cmp3, two guests at a time, as the last one moves.",
        variables={"hostname": "cmp3"},
    ),
    Moment(
        board="kasugai-readiness",
        story="an-outage",
        every=5,
        begin=0,
        now=1620,
        step=15,
        caption="By day: what would not be recovered now, and why.",
    ),
    Moment(
        board="kasugai-promise",
        story="a-quarter",
        every=HOUR,
        begin=0,
        now=90 * 24 * HOUR - 60,
        step=24 * HOUR,
        caption="A quarter with fifteen failed hosts, of which two waited for workers and one for Nova.",
    ),
)
