"""Bars over one scale of time, as SVG whose places are shares of its width: it needs no script and fits any page."""

from collections.abc import Iterable, Sequence
from xml.etree.ElementTree import Element

from kasugai.cli.report.markup import tag
from kasugai.cli.tables import age, took
from kasugai.core.telling.phases import Part, Span
from kasugai.core.words.timing import BrokerTime, Millis

STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400, 604_800)
"""Seconds between two marks of the scale."""
MARKS = 5
"""So many marks at most."""
THINNEST = 0.3
"""Percent of the width that the shortest bar takes: what took no time at all is seen too."""


LATE = 90


class Scale:
    """The time from the first bar to the last, as percent."""

    def __init__(self, begun: BrokerTime, ended: BrokerTime) -> None:
        """Hold the ends."""
        self._begun = begun
        self.ended = ended
        self._length = max(1, ended - begun)

    def place(self, at: BrokerTime) -> float:
        """Return where a time is, in percent from the left."""
        return min(100.0, max(0.0, 100 * (at - self._begun) / self._length))

    def marks(self) -> Iterable[tuple[float, str]]:
        """Yield each mark of the scale, in percent, and what it says."""
        seconds = self._length / 1000
        step = next((step for step in STEPS if seconds / step <= MARKS), STEPS[-1])
        for number in range(int(seconds // step) + 1):
            yield 100 * number * step / seconds, age(Millis(number * step * 1000))


def axis(scale: Scale) -> Element:
    """Return the marks of a scale."""
    marks = [_mark(place, text) for place, text in scale.marks()]
    return tag("svg", *marks, class_="axis", aria_hidden="true")


def _mark(place: float, text: str) -> Element:
    """The last one ends where it stands, so that it is not cut."""
    return tag("text", text, x=percent(place), y="11", class_="last" if place > LATE else "mark")


def bars(scale: Scale, spans: Sequence[Span]) -> Element:
    """Return the bars of a row, which say in words what they show."""
    shapes = [_bar(scale, span) for span in spans]
    words = ", ".join(f"{span.part} {length(scale, span)}" for span in spans)
    return tag("svg", *shapes, class_="bars", role="img", aria_label=words or "nothing has begun")


def length(scale: Scale, span: Span) -> str:
    """Return how long a bar is, in words; of one that is not over how long by now, and that it goes on."""
    if span.ended is not None:
        return took(Millis(span.ended - span.begun))
    return f"{took(Millis(max(0, scale.ended - span.begun)))} …"


def of_part(scale: Scale, spans: Iterable[Span], part: Part) -> str:
    """Return how long that part took; empty where it has not begun."""
    return next((length(scale, span) for span in spans if span.part is part), "")


def _bar(scale: Scale, span: Span) -> Element:
    left = scale.place(span.begun)
    width = max(THINNEST, scale.place(span.ended if span.ended is not None else scale.ended) - left)
    words = f"{span.part}{'' if span.ended is not None else ' open'}"
    return tag("rect", x=percent(min(left, 100 - width)), width=percent(width), class_=words)


def percent(share: float) -> str:
    """Return a share as SVG takes it."""
    return f"{share:.2f}%"
