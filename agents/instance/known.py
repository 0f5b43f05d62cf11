"""All guests of a hypervisor as they are known, and what folding them gives occasion to say: a value that changes, with
no I/O. Between a question and its answer events may come: of whom one tells, the answer is old."""

import logging
from collections.abc import Mapping, Sequence
from typing import Final

from kasugai.agents.instance.folding import due, gone, heard, looked
from kasugai.agents.instance.pinging import Answer, answered
from kasugai.agents.instance.values import Description, Folded, Guest, Heard, Patience, Say, Seen, State
from kasugai.core.words.timing import MonoTime

log = logging.getLogger(__name__)

PLAIN: Final = Description()
"""Of a guest whose XML nobody has read: libvirt's own defaults."""
CHANGES: Final = ("DEFINED_", "STARTED_", "UNDEFINED_")
"""Lifecycle events after which a guest's XML is read anew."""


class Known:
    """The guests by uuid."""

    def __init__(self, patience: Patience) -> None:
        """Nobody is known yet."""
        self._patience = patience
        self._guests: dict[str, Guest] = {}
        self._described: dict[str, Description] = {}
        self._told_since: set[str] = set()
        self._active: list[str] = []
        self._is_first = True

    def hear(self, event: Heard, now: MonoTime) -> None:
        """Take an event in."""
        guest = self._guests.get(event.uuid, Guest(uuid=event.uuid))
        self._guests[event.uuid] = heard(guest, event, now, self._patience)
        if event.event == "LIFECYCLE":
            self._told_since.add(event.uuid)
        if event.event.startswith("DEVICE_") or event.detail.startswith(CHANGES):
            self._described.pop(event.uuid, None)

    def ask(self) -> None:
        """Somebody is about to look."""
        self._told_since.clear()

    def undescribed(self, seen: Sequence[Seen]) -> list[str]:
        """Return those whose XML is to be read."""
        return [each.uuid for each in seen if each.uuid not in self._described]

    def describe(self, found: Mapping[str, Description]) -> None:
        """Take in what XML said."""
        self._described.update(found)

    def look(self, seen: Sequence[Seen], now: MonoTime, *, going: bool) -> list[Say]:
        """Take in a look at all guests; return what is to be said of them."""
        told = [say for each in seen if (say := self._look_at(each, now, going=going)) is not None]
        left = self._guests.keys() - {each.uuid for each in seen} - self._told_since
        for uuid in sorted(left):
            self._described.pop(uuid, None)
            if (say := gone(self._guests.pop(uuid))) is not None:
                told.append(say)
        self._is_first = False
        self._active = [each.uuid for each in seen if each.state not in (State.OFF, State.UNCLEAR)]
        return told

    def ping(self, uuid: str, answer: Answer, now: MonoTime) -> None:
        """Take in what came of asking a guest's agent."""
        if (guest := self._guests.get(uuid)) is not None:
            self._guests[uuid] = answered(guest, answer, now, self._patience)

    def due(self) -> MonoTime | None:
        """Return when the next guest is to be looked at for its own sake."""
        found = (due(guest, self._patience) for guest in self._guests.values())
        return min((each for each in found if each is not None), default=None)

    def pinged(self) -> list[str]:
        """Return those whose agents can be asked."""
        return [
            uuid
            for uuid, guest in self._guests.items()
            if guest.state is State.RUNNING and self._described.get(uuid, PLAIN).has_agent
        ]

    def active(self) -> list[Description]:
        """Return the descriptions of those that were not off when all were looked at last."""
        return [self._described.get(uuid, PLAIN) for uuid in self._active]

    def _look_at(self, seen: Seen, now: MonoTime, *, going: bool) -> Say | None:
        if seen.uuid in self._told_since:
            return None
        guest = self._guests.get(seen.uuid, Guest(uuid=seen.uuid))
        manner = self._described.get(seen.uuid, PLAIN)
        folded = looked(guest, seen, manner, now, self._patience, going=going, first=self._is_first)
        self._guests[seen.uuid] = folded.guest
        _note(folded)
        return folded.say


def _note(folded: Folded) -> None:
    if folded.note:
        log.info("guest %s: %s", folded.guest.uuid, folded.note)
