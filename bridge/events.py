"""Counts notifications by event type, with a bound: whoever makes up types makes no series."""

import re

MOST = 150
"""Types that are told apart; Nova 34 has some 130."""
OTHER = "other"
FORM = re.compile(r"[a-z][a-z_]{0,40}(\.[a-z][a-z_]{0,40}){1,3}")
"""What a type of Nova's looks like."""


class Labels:
    """The types of one process."""

    def __init__(self) -> None:
        """None was seen."""
        self._known: set[str] = set()

    def of(self, event: str) -> str:
        """Return the label of an event type."""
        if event in self._known:
            return event
        if len(self._known) >= MOST or not FORM.fullmatch(event):
            return OTHER
        self._known.add(event)
        return event
