"""What `kasugai whatif` prints: lines and tables for people, the stable form for programs. Pure."""

from collections.abc import Sequence
from typing import Any

from kasugai.cli.tables import Column, Line, Painted, Part, table
from kasugai.core.telling.forecasts import Came, Comparison
from kasugai.core.telling.survivable import Survivable
from kasugai.core.telling.whatif import Forecast, Loss, LostHost
from kasugai.core.words.capacity import Outlook

GUESTS = (Column("HOST"), Column("GUEST"), Column("OUTLOOK"), Column("TO"), Column("WHY"))
HOSTS = (Column("HOST"), Column("SEGMENT"), Column("IT WOULD BE"))
PROMISES = (
    Column("SEGMENT"),
    Column("HOSTS", right=True),
    Column("MAY BE LOST", right=True),
    Column("NOT COVERED", right=True),
    Column("ONE MORE WOULD LACK"),
)
COMPARED = (Column("HOST"), Column("GUEST"), Column("SAID"), Column("TO"), Column("NOW"), Column("CAME"))
CODES = {
    Outlook.FITS: "32",
    Outlook.LEFT: "36",
    Outlook.HELD: "33",
    Outlook.NOWHERE: "31",
    Outlook.UNKNOWN: "33",
}


def loss_page(loss: Loss, width: int | None) -> list[Line]:
    """Return the screen: the counts, then each host, then each guest."""
    counts = loss.counts()
    told = [f"{counts[outlook]} {outlook}" for outlook in Outlook if counts[outlook]]
    names = ", ".join(host.name for host in loss.hosts)
    lines: list[Line] = [
        f"If {names} were lost: {len(loss.guests)} guests{': ' if told else ''}{', '.join(told)}"
    ]
    lines += [
        f"{segment}: so many of its hosts are a storm: all of it is held until a person approves"
        for segment in loss.storms
    ]
    rows = [(h.name, h.segment or "-", _would_be(h)) for h in loss.hosts]
    lines += ["", *table(HOSTS, rows, width)]
    if loss.guests:
        guests = [(g.host, g.name, str(g.outlook), g.to or "-", _why(g)) for g in loss.guests]
        lines += ["", *table(GUESTS, guests, width, _painted)]
    return lines


def _would_be(host: LostHost) -> str:
    if host.waits:
        return f"held: {host.waits}{' of ' * bool(host.domain)}{host.domain}"
    return f"recovered, in turn with others of {host.domain}" if host.domain else "recovered"


def _why(guest: Forecast) -> str:
    return "; ".join(word for word in (guest.why, guest.note) if word) or "-"


def _painted(head: str, text: str) -> Part:
    words = {str(outlook): code for outlook, code in CODES.items()}
    code = words.get(text.strip()) if head == "OUTLOOK" else None
    return Painted(text, code) if code else text


def promises_page(found: Sequence[Survivable], width: int | None) -> list[str]:
    """Return a row for each segment."""
    rows = [
        (
            each.segment,
            str(each.hosts),
            "not known" if each.lost is None else str(each.lost),
            str(each.uncovered),
            each.limit or "-",
        )
        for each in found
    ]
    return table(PROMISES, rows, width)


def promises_json(found: Sequence[Survivable]) -> list[dict[str, Any]]:
    """Return the stable form."""
    return [
        {
            "segment": each.segment,
            "hosts": each.hosts,
            "survivable": each.lost,
            "uncovered": each.uncovered,
            "limit": each.limit,
        }
        for each in found
    ]


def comparison_page(found: Comparison, made_at: str, width: int | None) -> list[str]:
    """Return the errors, then each guest."""
    fitting = len(found.fitting)
    back = fitting - found.count(Came.NOT_BACK)
    lines = [
        f"forecast of {made_at}: of {fitting} said to fit, {back} are back (error {found.error:.0%}); of these "
        f"{found.misplaced:.0%} are on another host than was named",
        f"of the others: {found.count(Came.AFTER_ALL)} are back all the same, {found.count(Came.STAYED)} are not",
    ]
    if gone := found.count(Came.NOT_SEEN):
        lines.append(f"{gone} are not seen any more: deleted, or moved on since")
    if found.newcomers:
        lines.append(f"not there when it was made: {', '.join(found.newcomers)}")
    rows = [
        (g.said.host, g.said.name, str(g.said.outlook), g.said.to or "-", g.now or "-", str(g.came))
        for g in found.guests
    ]
    return [*lines, "", *table(COMPARED, rows, width)]


def comparison_json(found: Comparison, made_at: str) -> dict[str, Any]:
    """Return the stable form."""
    return {
        "made_at": made_at,
        "said_to_fit": len(found.fitting),
        "not_back": found.count(Came.NOT_BACK),
        "error": found.error,
        "misplaced": found.misplaced,
        "newcomers": list(found.newcomers),
        "guests": [
            {
                "uuid": each.said.uuid,
                "name": each.said.name,
                "host": each.said.host,
                "outlook": str(each.said.outlook),
                "to": each.said.to,
                "now": each.now,
                "came": str(each.came),
            }
            for each in found.guests
        ],
    }
