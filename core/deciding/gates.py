"""What stands between evidence and an incident: a gate is one value, with its own closed reasons, its verb, and what
it waits for while it is closed.

All gates of a subject's kind (`kinds.py`) are evaluated and all are reported; the first in order gives the verdict its
reason. A gate names all that may open it, by time or by name, so that nobody need ask it in between.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Literal, assert_never

from kasugai.core.deciding.asked import Asked
from kasugai.core.words.timing import SteadyTime
from kasugai.core.words.verdicts import Reason, Verb

SEGMENT = "segment"
"""The name of the segment's own row: its description and what persons said about it."""
DESCRIPTIONS = "descriptions"
"""The name of all descriptions: the segment's, and that of any of its hosts."""


def described(host: str) -> str:
    """Return the name of a host's description."""
    return f"described/{host}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """What may open what is closed."""

    until: SteadyTime | None = None
    """Steady time at which it may be open by itself; None for never."""
    on: frozenset[str] = frozenset()
    """What else may open it when it changes: subjects by their names, and the three names above."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A gate's answer where it lets nobody through."""

    reason: Reason
    verb: Verb
    """What is told of a subject that has no incident yet."""
    detail: str = ""
    waits: Callable[[], Wait] = Wait
    """Says what it waits for, to who wants to know."""

    @property
    def until(self) -> SteadyTime | None:
        """As in `Wait`."""
        return self.waits().until

    @property
    def on(self) -> frozenset[str]:
        """As in `Wait`."""
        return self.waits().on


class Bars(StrEnum):
    """What a closed gate does to an incident that is open already."""

    NOTHING = "nothing"
    PUBLISHING = "publishing"
    """While nothing has begun, it is not published again."""
    BEGINNING = "beginning"
    """It is not published again; while nothing has begun, it is stopped."""
    EVERYTHING = "everything"
    """It is stopped whatever has begun: somebody said that nothing further may be done."""


class When(StrEnum):
    """Of whom a gate is asked."""

    ALWAYS = "always"
    PROVEN = "proven"
    """Who counts as dead."""
    LAST = "last"
    """Whom every other gate lets through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One thing that may stand in the way."""

    reasons: frozenset[Reason]
    """All that `why` may answer; no two gates of a kind share one."""
    why: Callable[[Asked], Reason | None]
    """Why it is closed to a subject with unexplained conditions; None when it is open."""
    wait: Callable[[Asked], Wait]
    """What a closed one waits for. It follows from the subject and its surroundings, not from the answer: who is woken
    is then the same for a successor, also after a crash between the row that opens it and the row that it held."""
    verb: Verb = Verb.HOLD
    when: When = When.ALWAYS
    bars: Bars = Bars.NOTHING
    counts: bool = True
    """Whether whom it holds counts as an unhealthy host of the segment."""
    follows: bool = False
    """Whether it may close because of what is said about another subject: who stands before it waits on that also while
    it is open, an open incident too."""
    undoing: bool = False
    """Whether it stands before the undoing of what an incident did as well."""
    final: frozenset[Reason] = frozenset()
    """Which of its reasons end a report: nothing comes of it until a person changes the inventory."""
    detail: Callable[[Asked, Reason], str] = lambda asked, reason: ""

    def ask(self, asked: Asked) -> Closed | None:
        """Return why it is closed, until when and on whom; None when it is open."""
        reason = self.why(asked)
        return None if reason is None else self.closed(reason, asked)

    def closed(self, reason: Reason, asked: Asked) -> Closed:
        """Return its answer for a reason that `why` gave."""
        detail = self.detail(asked, reason)
        return Closed(reason=reason, verb=self.verb, detail=detail, waits=partial(self.wait, asked))


def pass_gates(gates: Iterable[Gate], asked: Asked) -> tuple[Closed, ...]:
    """Return what the closed gates say, in order; empty: an incident may be opened. The subject has at least one
    condition that no closed incident explains."""
    closed: list[Closed] = []
    for gate in gates:
        reason = gate.why(asked) if gate.when is When.ALWAYS or _is_asked(gate.when, closed) else None
        if reason is not None:
            closed.append(gate.closed(reason, asked))
    return tuple(closed)


def _is_asked(when: Literal[When.PROVEN, When.LAST], closed: list[Closed]) -> bool:
    match when:
        case When.PROVEN:
            return all(each.verb is not Verb.SUSPECT for each in closed)
        case When.LAST:
            return not closed
        case _:
            assert_never(when)


def barring(gates: Iterable[Gate], asked: Asked, *bars: Bars) -> Closed | None:
    """Return the first closed gate that does this to an open incident, those of the first of `bars` before the others;
    None when there is none."""
    ordered = [gate for bar in bars for gate in gates if gate.bars is bar]
    return next((closed for gate in ordered if (closed := gate.ask(asked)) is not None), None)
