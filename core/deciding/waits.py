"""The index of who is due when, and who waits on whom. It follows from the rows and is never stored: whoever holds the
rows keeps it with them, so that neither a tick nor a change costs a scan.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from kasugai.core.words.timing import SteadyTime

NOBODY: frozenset[str] = frozenset()


@dataclass(slots=True)
class Waits:
    """What the subjects of one segment wait for."""

    dues: dict[str, SteadyTime] = field(default_factory=dict)
    """By subject: the steady time at which a tick must touch it."""
    _names: dict[str, frozenset[str]] = field(default_factory=dict)
    """By subject: on whom it waits."""
    _waiting: dict[str, set[str]] = field(default_factory=dict)
    """By name: who waits on it."""

    def put(self, subject: str, due: SteadyTime | None, on: frozenset[str]) -> None:
        """Remember when a subject is due, and on whom it waits."""
        if due is None:
            self.dues.pop(subject, None)
        else:
            self.dues[subject] = due
        if on != self.names(subject):
            self._wait(subject, on)

    def _wait(self, subject: str, on: frozenset[str]) -> None:
        for name in self._names.pop(subject, ()):
            self._waiting[name].discard(subject)
            if not self._waiting[name]:
                del self._waiting[name]
        for name in on:
            self._waiting.setdefault(name, set()).add(subject)
        if on:
            self._names[subject] = on

    def names(self, subject: str) -> frozenset[str]:
        """Return on whom a subject waits."""
        return self._names.get(subject, frozenset())

    def on(self, names: Iterable[str]) -> set[str]:
        """Return who waits on any of these."""
        found: set[str] = set()
        for name in names:
            found |= self._waiting.get(name, NOBODY)
        return found

    def due(self, deadline: SteadyTime) -> list[str]:
        """Return who is due by `deadline`."""
        return [subject for subject, due in self.dues.items() if due <= deadline]

    def first_of(self, subject: str, pending: Collection[str]) -> str:
        """Return `subject`, or whom of the `pending` must be decided before it because it waits on them (or they on
        others): what waits comes behind what it waits on."""
        passed = {subject}
        while ahead := {name for name in self.names(subject) if name in pending} - passed:
            subject = min(ahead)
            passed.add(subject)
        return subject
