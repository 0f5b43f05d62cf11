"""What a recovery wishes for, as a graph of steps: made once per attempt, published before its first effect.

A step is a wished-for state, not a command: looking at the world tells whether it holds.
"""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from kasugai.core.words.actions import About, Meaning, Wording, wording
from kasugai.core.words.frozen import NO_TEXTS, FrozenMap
from kasugai.core.words.identity import step_key

DISKS = "disks"
"""The parameter of a guest's steps that says on what its data lies: a `DiskClass`."""


LOCAL_DISK = "local-disk"
"""Why a guest is left where it is whose data lies on its host's own disks."""


class Prior(StrEnum):
    """The power state that a guest had before its host died."""

    ACTIVE = "active"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One wished-for state and the steps that must be done first."""

    action: str
    """One of `Action`, or of a newer worker's kinds."""
    subject: str
    """What the state is wished for: the host's name, the guest's uuid, or what else tells it from others."""
    needs: tuple[str, ...] = ()
    """Keys of steps that must be done before this one begins."""
    name: str = ""
    """The guest's name, for people."""
    prior: Prior | None = None
    """For a guest: the state to end in."""
    params: FrozenMap[str] = NO_TEXTS
    """What its kind needs to know besides the subject; the kind says which names and what they mean."""

    def __hash__(self) -> int:
        """Agree with equality: an owner of fifty guests looks steps up ten thousand times, and all fields take four
        times as long."""
        return hash((self.action, self.subject))

    @property
    def key(self) -> str:
        """`action:subject`."""
        return step_key(self.action, self.subject)

    @property
    def words(self) -> Wording:
        """What is known of its kind."""
        return wording(self.action)

    @property
    def is_about_subject(self) -> bool:
        """Whether it has to do with what the recovery is about: a custom step has not."""
        return self.words.about is not About.NOBODY


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
    projects: FrozenMap[str] = NO_TEXTS
    """By guest's uuid the id of its project, as Nova said when the guest was planned for, moved or left. A guest is
    absent whose project Nova did not tell. What a project may see goes by this (ADR 34)."""
    disabled: str = ""
    """Why an operator had disabled the host in Nova before it failed; empty: nobody had."""

    def step(self, key: str) -> Step | None:
        """Return the step of that key."""
        return next((step for step in self.steps if step.key == key), None)

    @property
    def guests(self) -> tuple[Step, ...]:
        """The steps that move guests, in order."""
        return tuple(step for step in self.steps if step.words.meaning is Meaning.MOVED)
