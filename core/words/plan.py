"""What a recovery wishes for, as a graph of steps: made once per attempt, published before its first effect.

A step is a wished-for state, not a command: looking at the world tells whether it holds.
"""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from kasugai.core.words.identity import step_key


class Action(StrEnum):
    """The kinds of wished-for states."""

    FENCE = "fence"
    """The host is off, or somebody trusted vouches for it."""
    FORCE_DOWN = "force-down"
    """Nova holds the host's compute service for down and disabled."""
    JOIN = "add-to-aggregate"
    """A reserve is in an aggregate of the source."""
    ENABLE = "enable-compute"
    """A reserve's compute service is enabled: Nova sends guests there."""
    RESET = "reset"
    """The guest's vm_state is one that Nova evacuates."""
    EVACUATE = "evacuate"
    """The guest is on another host, by Nova's word."""
    RESTORE = "restore"
    """The guest is in the power state that it had."""
    SWEEP = "sweep"
    """A look at the source after all else finds no guest that the plan does not know."""


class Prior(StrEnum):
    """The power state that a guest had before its host died."""

    ACTIVE = "active"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One wished-for state and the steps that must be done first."""

    action: Action
    subject: str
    """The host's name or the guest's uuid."""
    needs: tuple[str, ...] = ()
    """Keys of steps that must be done before this one begins."""
    name: str = ""
    """The guest's name, for people."""
    prior: Prior | None = None
    """For a guest: the state to end in."""

    @property
    def key(self) -> str:
        """`action:subject`."""
        return step_key(self.action, self.subject)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All steps of one attempt in the order of preference."""

    incident: UUID
    attempt: int
    epoch: int
    """Who made it; of several plans of an attempt the highest epoch's counts."""
    host: str
    window: int
    steps: tuple[Step, ...]
    excluded: tuple[tuple[str, str], ...] = ()
    """(guest uuid, reason) of the guests that are left where they are."""

    def step(self, key: str) -> Step | None:
        """Return the step of that key."""
        return next((step for step in self.steps if step.key == key), None)

    @property
    def guests(self) -> tuple[Step, ...]:
        """The evacuations, in order."""
        return tuple(step for step in self.steps if step.action is Action.EVACUATE)
