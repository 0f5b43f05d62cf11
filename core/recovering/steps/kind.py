"""What a kind of step is: one value that holds everything about it. Nothing has a default: what is missing, mypy names.

It knows no kind by name.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from kasugai.core.recovering.calls import Call
from kasugai.core.recovering.ledger import Entry
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Begin, Move, Note
from kasugai.core.recovering.situation import Situation
from kasugai.core.words.actions import Wording
from kasugai.core.words.facts import StepRecord
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import Step
from kasugai.core.words.timing import Millis, Timing


class LookAfter(StrEnum):
    """What is looked at once a call of the kind was answered."""

    IN_TURN = "in-turn"
    """Nothing sooner than it is due: one guest's answer is no reason to read the lists again."""
    NOW = "now"
    """The world, at once: what follows depends on it."""
    HOST = "host"
    """The host itself at once, and all else if what was seen of that has grown old meanwhile."""
    POWER = "power"
    """The world at once, and the host's power anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepKind:
    """A kind of step with an effect."""

    words: Wording
    """Its action, whom it is about, its sentence and what its end means."""
    assess: Callable[[Situation, Step], Move]
    """What to do about such a step that is not at its end."""
    effect: Callable[[Open, Begin, Look], Call]
    """The call that its intent is about, by the look that the intent stands on."""
    limit: Callable[[Timing], Millis]
    """How long the call may take before its answer counts as lost."""
    look_after: LookAfter
    needs_silence: bool
    """Whether it begins only while the source is as dead as it was. Not so what silences it (the last look at the
    decision goes before that), nor what does not depend on the source any more."""
    ends_what_was_begun: bool
    """Whether it begins after a Stop too: without it what an earlier effect of the incident has begun would wait for
    ever."""
    takes_room: bool
    """Whether its effects go through the window; what does not is begun at once."""
    rank: int
    """Of what may begin, the lowest takes the window's room first."""
    landing: Callable[[Note, Look], Millis | None] | None
    """How long the effect that a note ends took by Nova's own record, None when the note ends none or it is not told.
    The window goes by it, and by how fast such calls are answered. None for a kind that says nothing of Nova's pace."""
    carry_on: Callable[[Entry, StepRecord], tuple[Step, ...]]
    """What a new attempt has to do because of a record of an earlier one; nothing where each plan has such a step."""
    together: Callable[[Situation, tuple[Begin, ...]], tuple[Begin, ...]] | None
    """What those of the kind that begin in one go have to know of one another; None: nothing."""

    @property
    def action(self) -> str:
        """Its name."""
        return self.words.action


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalLook:
    """A kind of step without an effect, a move or a record: the procedure's last look, which ends the attempt."""

    words: Wording

    @property
    def action(self) -> str:
        """Its name."""
        return self.words.action
