"""What workers record on kasugai.recovery: the truth about an attempt, of which the Redis ledger is a copy."""

from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from kasugai.core.words.actions import About, Meaning, Wording, wording
from kasugai.core.words.frozen import NO_TEXTS, FrozenMap
from kasugai.core.words.identity import fact_id, step_key
from kasugai.core.words.plan import Plan
from kasugai.core.words.subject import OfSubject, Subject

TARGET, DESTINATION, BY, CLOSED = "target", "destination", "by", "closed"
"""The notes of a step that everybody may read."""


class FactKind(StrEnum):
    """The closed set of facts."""

    ADOPTED = "adopted"
    """A worker owns the incident under a new epoch."""
    PLAN = "plan"
    """The attempt's plan."""
    STARTED = "started"
    """A step's effect is about to be called."""
    UNSURE = "unsure"
    """The call's answer did not come: its effect is unknown."""
    DONE = "done"
    """The step's wished-for state was seen."""
    FAILED = "failed"
    """The step's effect ended without its state, by the word of the one who carried it out."""
    ABSOLVED = "absolved"
    """The intent left no effect; the step may begin again."""
    WORKING = "working"
    """The owner is alive and at it."""
    QUEUED = "queued"
    """A worker has the incident and no free lane."""
    HELD = "held"
    """The attempt cannot go on and says why; a person or a change lets it go on."""
    VETOED = "vetoed"
    """The last look contradicts the decision: correlate decides anew."""
    FINISHED = "finished"
    """The attempt is over."""

    @property
    def is_outcome(self) -> bool:
        """Whether route copies it into the mailbox."""
        return self in _OUTCOMES

    @property
    def is_answer(self) -> bool:
        """Whether it answers an Open: the worker is done with that message."""
        return self in _ANSWERS


_OUTCOMES = frozenset(
    {FactKind.ADOPTED, FactKind.WORKING, FactKind.QUEUED, FactKind.HELD, FactKind.VETOED, FactKind.FINISHED}
)
_ANSWERS = frozenset({FactKind.HELD, FactKind.VETOED, FactKind.FINISHED})


class Result(StrEnum):
    """How an attempt ended."""

    RECOVERED = "recovered"
    """Every guest of the plan is where it should be."""
    FAILED = "failed"
    """At least one is not."""
    WITHDRAWN = "withdrawn"
    """Cancelled before any effect."""


class StepState(StrEnum):
    """Where a step stands in the ledger; a step without a record has not begun."""

    STARTED = "started"
    UNSURE = "unsure"
    DONE = "done"
    FAILED = "failed"
    ABSOLVED = "absolved"

    @property
    def is_open(self) -> bool:
        """Whether a call may be under way: nothing else may begin for this step."""
        return self in (StepState.STARTED, StepState.UNSURE)

    @property
    def is_final(self) -> bool:
        """Whether this attempt has no more to do for the step."""
        return self in (StepState.DONE, StepState.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRecord:
    """A step's last fact."""

    action: str
    """One of `Action`, or of a newer worker's kinds."""
    subject: str
    """What the step is about."""
    state: StepState
    epoch: int
    """Of the owner that wrote it."""
    attempt: int = 1
    tries: int = 0
    """How often the effect was begun in this attempt (an unresolved one of an earlier attempt counts on)."""
    reason: str = ""
    notes: FrozenMap[str] = NO_TEXTS
    """What the step's kind needs to know again, by names of its own; for everybody are TARGET, DESTINATION and BY."""

    @property
    def key(self) -> str:
        """`action:subject`."""
        return step_key(self.action, self.subject)

    @property
    def words(self) -> Wording:
        """What is known of its kind."""
        return wording(self.action)

    @property
    def target(self) -> str:
        """Where the last call was directed; empty when it was not."""
        return self.notes.get(TARGET, "")

    @property
    def destination(self) -> str:
        """Where the subject was seen at the end; empty when that is not known, or nothing was moved."""
        return self.notes.get(DESTINATION, "")

    @property
    def by(self) -> str:
        """The person on whose word it is done; empty for nobody."""
        return self.notes.get(BY, "")

    @property
    def has_begun(self) -> bool:
        """Whether an effect on the subject was begun: what a step of the operator's own does is none."""
        return self.tries > 0 and self.words.about is not About.NOBODY

    @property
    def has_taken_effect(self) -> bool:
        """Whether its effect was called or its state seen: the subject is not as it was."""
        return self.tries > 0 or self.state is StepState.DONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact(OfSubject):
    """One record on kasugai.recovery."""

    fact_id: UUID
    kind: FactKind
    incident: UUID
    segment: str
    subject: Subject
    attempt: int
    epoch: int
    author: str
    """The worker incarnation that says so."""
    n: int
    """The number of the Open that it works on."""
    step: StepRecord | None = None
    """For a step's fact: the record after it."""
    name: str = ""
    """The step's guest or host by its name, for people."""
    plan: Plan | None = None
    """With `plan`; repeated with every answer, so that nothing that is needed is older than retention."""
    steps: tuple[StepRecord, ...] = ()
    """With an answer: where every step stands."""
    result: Result | None = None
    """With `finished`."""
    reason: str = ""
    """A word of a closed set (`verdicts.Reason`)."""
    detail: str = ""
    """The same for people: never a secret."""
    seq: int = 0
    """Counts facts of one kind that would otherwise be alike (`working`)."""
    effects: bool = False
    """Whether any effect of this incident has ever begun."""
    window: int = 0
    """How many effects on guests the owner lets be in progress at a time now; 0: not told."""
    black_holes: tuple[str, ...] = ()
    """With `working` and answers: hosts on which several of the incident's guests could not be started, which get no
    more of them."""

    @property
    def reserves_in_use(self) -> tuple[str, ...]:
        """With an answer: the reserves that the incident has put to use."""
        ends = (step for step in self.steps if step.words.meaning is Meaning.IN_USE)
        return tuple(step.subject for step in ends if step.has_taken_effect)


def make_fact(draft: Fact) -> Fact:
    """Return `draft` with its derived id (the drafts' id is ignored)."""
    step = draft.step.key if draft.step else ""
    n = draft.step.tries if draft.step else draft.n * 1_000_000 + draft.seq
    return replace(draft, fact_id=fact_id(draft.incident, draft.attempt, step, draft.kind, draft.epoch, n))
