"""One accepted evacuation, and all of them that somebody still works on.

Knows which record an evacuation writes and how one ends in Nova's books; who carries it out is `conductor`'s and
`rebuild`'s business.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kasugai.sim.cloud.actions import Action, ActionEvent, Actions
from kasugai.sim.cloud.model import Guest, Host, Migration
from kasugai.sim.cloud.reaper import Reaper
from kasugai.sim.cloud.world import World

LOST = -1
"""The life of an evacuation with which nobody goes on."""


@dataclass(slots=True, kw_only=True, eq=False)
class Evacuation:
    """One accepted call."""

    guest: Guest
    source: str
    """The guest's host when it was called."""
    action: Action
    event: ActionEvent | None = None
    """The part that somebody is doing."""
    record: Migration | None = None
    """The record that it writes: which one, the conductor finds out."""
    target: str | None
    ends_stopped: bool
    dest: Host | None = None
    """As the scheduler chose it; Nova's record names it later, when the destination claims the guest."""
    life: int | None = None
    """The destination's life in which it was claimed; None before."""

    @property
    def is_lost(self) -> bool:
        """Whether its destination died or gave up: its record stays pre-migrating for ever."""
        return self.life is not None and self.dest is not None and self.dest.life != self.life

    @property
    def may_go_on(self) -> bool:
        """Whether it can still build the guest by itself: nothing does on a destination without power."""
        return not self.is_lost and (self.dest is None or self.dest.power_on)


class Progress:
    """What is in progress, how long it takes, and how it ends."""

    def __init__(self, world: World, actions: Actions, reaper: Reaper) -> None:
        """Nothing is in progress in `world`."""
        self._world = world
        self._reaper = reaper
        self._actions = actions
        self._open: list[Evacuation] = []

    @property
    def in_progress(self) -> list[Evacuation]:
        """The accepted calls that somebody still works on, or will."""
        self._open = [evacuation for evacuation in self._open if not evacuation.is_lost]
        return self._open

    def begin(self, evacuation: Evacuation) -> None:
        """A call was accepted."""
        self._open.append(evacuation)

    def slowness(self) -> float:
        """How much longer a phase takes, the more is in progress."""
        return self._world.congestion(len(self.in_progress))

    def span(self, phase: float) -> float:
        """Return the seconds that a phase takes: the more, the more is in progress."""
        return phase * self.slowness() * self._world.draw((0.95, 1.05))

    def later(self, phase: float, act: Callable[[], None]) -> None:
        """Act after a phase."""
        self._world.later(self.span(phase), act)

    def finish_event(self, evacuation: Evacuation, error: str = "") -> None:
        """Whoever had a part in it has done it, or has failed."""
        if evacuation.event is not None:
            self._actions.finish(evacuation.action, evacuation.event, error)
        evacuation.event = None

    def abandon(self, evacuation: Evacuation, error: str) -> None:
        """Nobody goes on with it: task and record stay as they are, for ever."""
        self.finish_event(evacuation, error)
        self._open.remove(evacuation)

    def fail(self, evacuation: Evacuation, status: str, fault: str, task: str | None = None) -> None:
        """ERROR where Nova has the guest; what was spawned stays."""
        if not evacuation.guest.deleted:
            save(evacuation.guest, self._world, vm_state="error", task_state=task, fault=fault)
        self.end(evacuation, status, fault)

    def end(self, evacuation: Evacuation, status: str, error: str = "") -> None:
        """Write the record's last state. A deleted guest that was built all the same stays where it is for a while."""
        if evacuation.guest.deleted:
            self._reaper.expect(evacuation.guest)
        self.finish_event(evacuation, error)
        self.set_status(evacuation, status)
        if evacuation.dest is not None:
            evacuation.dest.claimed.discard(evacuation.guest.uuid)
        self._open.remove(evacuation)

    def set_status(self, evacuation: Evacuation, status: str) -> None:
        """Move the record, also one that a start of its source has set to `completed`: whoever has it in hand saves it
        without a look."""
        if evacuation.record is not None:
            self._world.set_status(evacuation.record, status)


def save(guest: Guest, world: World, **changes: Any) -> None:
    """Save fields of Nova's record of a guest."""
    for name, value in changes.items():
        setattr(guest, name, value)
    guest.updated_at = world.now()
    world.voice.saved(guest)
