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
    custom: tuple[str, ...] = ()
    """Keys of steps of the operator's own whose state is to be asked for."""
    histories: tuple[str, ...] = ()
    """Guests of which Nova's account of what was asked of them is to be read."""


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
    """Not empty: nothing but the end of these guests' evacuations is waited for. While the records say of fewer than
    `enough` that they have ended, and of none that it has failed, the look may stop at the records."""
    enough: int = 1
    latest: MonoTime = MonoTime(0)
    """With `awaited`: from then on a whole look is due in any case."""
    begins_nothing: bool = False
    """With `awaited`: whether nobody else waits to be begun, so that the host's own record need not be read."""
    places: bool = True
    """Whether it is to be known too where guests may go."""
    evacuations: frozenset[str] = frozenset()
    custom: frozenset[str] = frozenset()
    """Keys of steps of the operator's own whose state is to be asked for."""
    is_glance: bool = False
    """Whether nothing but the host itself is waited for: its record, or its power."""
    words: bool = False
    """Whether what says which guests are moved is to be read too: tags of projects, what Glance says of images."""
    actions: bool = False
    """Whether Nova's account of what was asked of the guest that the recovery is about is to be read too."""
    histories: frozenset[str] = frozenset()
    """Guests of a host of which that account is to be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """Answer the order."""

    kind: FactKind
    """held, vetoed or finished."""
    reason: Reason
    result: Result | None = None
    detail: str = ""


Next = Act | Extend | Wait | Finish
