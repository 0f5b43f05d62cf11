"""Where each request moves its guest: a landing is found once its two ends are known, whichever was heard first."""

from datetime import datetime

from kasugai.bridge.reading.conclusions import Landing
from kasugai.bridge.reading.heard import Heard
from kasugai.bridge.reading.memory import Memory

Place = tuple[datetime, str]


class _Move:
    """What is known of one request's move."""

    def __init__(self) -> None:
        self.first: tuple[Place, str] | None = None
        """The earliest notification of a host that it was on."""
        self.last: tuple[Place, str] | None = None
        """The latest update without a task, and the guest's host by it."""
        self.landed: str = ""


class Moves:
    """The requests of which something was heard lately."""

    def __init__(self) -> None:
        """Nobody moves."""
        self._moves = Memory(_Move)

    def hear(self, heard: Heard, *, lands: bool) -> Landing | None:
        """Take over where the guest is by a notification; `lands`: it is an update without a task. Return the landing
        that shows now, each once."""
        if not heard.request or not heard.host:
            return None
        move = self._moves.of(f"{heard.guest} {heard.request}", heard.at)
        here = (heard.place, heard.host)
        move.first = here if move.first is None else min(move.first, here)
        if lands:
            move.last = here if move.last is None else max(move.last, here)
        return self._landing(heard, move)

    @staticmethod
    def _landing(heard: Heard, move: _Move) -> Landing | None:
        if move.first is None or move.last is None or move.last[1] in (move.first[1], move.landed):
            return None
        (at, _), move.landed = move.last
        return Landing(
            guest=heard.guest,
            source=move.first[1],
            destination=move.landed,
            at=at,
            request=heard.request,
        )
