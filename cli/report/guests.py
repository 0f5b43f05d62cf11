"""The timeline: bars of the incident, and of each guest; those that are not back come first."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from kasugai.cli.report.bars import Scale, axis, bars, length, of_part
from kasugai.cli.report.markup import Child, tag, with_code
from kasugai.cli.report.tables import folded, section, table
from kasugai.cli.tables import counted
from kasugai.core.telling.left import meaning_of
from kasugai.core.telling.phases import Part
from kasugai.core.telling.report import GuestRow, Report

FEW = 60
"""Guests that are shown without being asked for."""
MEANS = {
    Part.DETECT: "from the first word against it until enough is known",
    Part.DECIDE: "until the first effect: the policy's wait, gates, a person's approval, the plan, the last look",
    Part.FENCE: "until it is seen to be off, and out of service",
    Part.MOVE: "until the guests are elsewhere, or run again",
    Part.PROVE: "until the incident is closed: the state from before, the last look, the answer",
}


def timeline(report: Report) -> Element:
    """Return the section."""
    scale = Scale(report.begun, report.ended)
    return section(
        "timeline",
        "Timeline",
        "Each bar is a phase of the recovery, over one scale of time.",
        _legend(report, scale),
        _rows(scale, [_of_incident(report, scale)]),
        *_guests(report, scale),
        _left(report),
    )


def _legend(report: Report, scale: Scale) -> Element:
    spans = {span.part: span for span in report.spans}
    items = [
        tag(
            "li",
            tag("span", class_=f"key {part}", aria_hidden="true"),
            tag("b", str(part)),
            f" {length(scale, spans[part])}" if part in spans else None,
            f": {MEANS[part]}",
        )
        for part in Part
    ]
    return tag("ul", *items, class_="legend")


def _of_incident(report: Report, scale: Scale) -> Element:
    view = report.view
    took = [of_part(scale, report.spans, part) for part in (Part.MOVE, Part.PROVE)]
    return _row(view.called, str(view.phase), bars(scale, report.spans), *took, is_head=True)


def _guests(report: Report, scale: Scale) -> Sequence[Child]:
    waiting = [guest for guest in report.guests if guest.state != "back"]
    back = [guest for guest in report.guests if guest.state == "back"]
    groups = [("not back", waiting, True), ("back", back, len(back) <= FEW)]
    return [
        folded(
            f"{counted(len(guests), 'guest')} {word}",
            _rows(scale, [_guest(report, scale, guest) for guest in guests]),
            is_open=is_open,
        )
        for word, guests, is_open in groups
        if guests
    ]


def _guest(report: Report, scale: Scale, guest: GuestRow) -> Element:
    state = f"on {guest.destination}" if guest.state == "back" and guest.destination else guest.state
    why = f" ({guest.reason})" if guest.reason and guest.state != "back" else ""
    return _row(
        guest.name,
        f"{state}{why}",
        bars(scale, guest.spans),
        of_part(scale, guest.spans, Part.MOVE),
        of_part(scale, guest.spans, Part.PROVE),
    )


def _rows(scale: Scale, rows: Sequence[Element]) -> Element:
    head = _row("Guest", "Where now", axis(scale), "Move", "Prove", is_head=True)
    head.set("class", "row axis-row")
    return tag("div", head, *rows, class_="rows", role="table", aria_label="Bars")


def _row(name: str, state: str, bar: Element, move: str, prove: str, *, is_head: bool = False) -> Element:
    return tag(
        "div",
        tag("b" if is_head else "span", name, class_="name", role="rowheader"),
        tag("span", state, class_="state", role="cell"),
        tag("span", bar, class_="bar", role="cell"),
        tag("span", move, class_="took move", role="cell"),
        tag("span", prove, class_="took prove", role="cell"),
        class_="row",
        role="row",
    )


def _left(report: Report) -> Element | None:
    if not report.left:
        return None
    rows = [(uuid, word, tag("span", *with_code(meaning_of(word)))) for uuid, word in report.left]
    return folded(
        f"{len(rows)} left where they were, on purpose",
        table(("Guest", "Word", "Why"), rows),
        is_open=len(rows) <= FEW,
    )
