"""Sections, tables that become cards where the page is narrow, and what can be folded with the keyboard alone."""

from collections.abc import Iterable, Sequence
from xml.etree.ElementTree import Element

from kasugai.cli.report.markup import Child, tag


def section(name: str, title: str, about: str, *content: Child) -> Element:
    """Return a section with its heading and a sentence about it."""
    return tag("section", tag("h2", title), tag("p", about, class_="about"), *content, id=name)


def table(heads: Sequence[str], rows: Iterable[Sequence[Child]]) -> Element:
    """Return a table; each cell knows its column's head, which stands before it where there is no room for columns."""
    head = tag("thead", tag("tr", *(tag("th", text, scope="col") for text in heads)))
    return tag("table", head, tag("tbody", *(_row(heads, row) for row in rows)))


def _row(heads: Sequence[str], row: Sequence[Child]) -> Element:
    return tag("tr", *(tag("td", cell, data_head=head) for head, cell in zip(heads, row, strict=True)))


def folded(summary: str, content: Element, *, is_open: bool) -> Element:
    """Return what can be folded: Tab goes there, Enter or Space opens and closes it, without a script."""
    return tag("details", tag("summary", summary), content, **({"open": ""} if is_open else {}))
