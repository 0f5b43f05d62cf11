"""What can be done about a step next, as values."""

from dataclasses import dataclass

from kasugai.core.words.facts import FactKind, Result, StepRecord
from kasugai.core.words.plan import Plan, Step
from kasugai.core.words.timing import MonoTime
from kasugai.core.words.verdicts import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Record a step's new state: the world was looked at, nothing is called."""

    step: Step
    kind: FactKind
    record: StepRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """Intend and call the step's effect."""

    step: Step
    record: StepRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """Nothing now; look again, with these guests read by id, these other hosts' services, and what Nova's conductor did
    about the last evacuation of these guests."""

    reads: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    evacuations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """Cannot go on by itself; the attempt ends as held once all else has come to rest."""

    reason: Reason
    detail: str = ""


Move = Note | Begin | Pending | Blocked


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Carry these out, then assess again."""

    notes: tuple[Note, ...] = ()
    begins: tuple[Begin, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Extend:
    """Publish this longer plan, then assess again."""

    plan: Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Look again at `until`, reading these guests by id too, these other hosts' services, and Nova's account of the
    last evacuation of some guests."""

    until: MonoTime
    reads: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()
    awaited: frozenset[str] = frozenset()
    """Not empty: nothing but the end of these guests' evacuations is waited for. While no record says that one of them
    has ended, the look may stop at the records."""
    latest: MonoTime = MonoTime(0)
    """With `awaited`: from then on a whole look is due in any case."""
    evacuations: frozenset[str] = frozenset()
    words: bool = False
    """Whether what says which guests are moved is to be read too: tags of projects, what Glance says of images."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """Answer the order."""

    kind: FactKind
    """held, vetoed or finished."""
    reason: Reason
    result: Result | None = None
    detail: str = ""


Next = Act | Extend | Wait | Finish
