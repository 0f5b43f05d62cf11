"""One subject's decision while it is being made: the row as it will be, what to tell, what to order.

A draft lives inside one call of `decide` and is never shared: outside, values go in and values come out.
"""

from dataclasses import dataclass, field, replace
from uuid import UUID

from kasugai.core.deciding import telling
from kasugai.core.deciding.asked import Asked
from kasugai.core.deciding.kinds import KINDS, SubjectKind
from kasugai.core.deciding.rows import IncidentRow, SubjectRow
from kasugai.core.deciding.steady import Times
from kasugai.core.words.incident import Order, Phase, move
from kasugai.core.words.signals import Fault
from kasugai.core.words.subject import Subject
from kasugai.core.words.timing import Timing
from kasugai.core.words.verdicts import Reason, Verb, Verdict


@dataclass(slots=True, kw_only=True)
class Draft:
    """The accumulator of one subject's decision."""

    surroundings: Asked
    """The subject in its surroundings, as it was when it was last asked about."""
    times: Times
    timing: Timing
    offset: int
    fresh: Fault | None = None
    """The fault that is being decided, if it was not heard before and no verdict covers it yet."""
    touched: frozenset[str] = frozenset()
    """What the record changes that the subject may wait on."""
    verdicts: list[Verdict] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    follows: bool = False
    """Whether it takes over what its neighbours say of it: not where it is only asked again, for a record that is
    decided anew after a crash asks more of them again than the first time."""
    waived: frozenset[Reason] = frozenset()
    """For which reasons no gate holds it in this record: a person has said so."""
    row: SubjectRow = field(init=False)
    """The subject's row as it will be."""

    def __post_init__(self) -> None:
        self.row = self.surroundings.row

    @property
    def asked(self) -> Asked:
        """The subject as this record has left it so far, in its surroundings: put together when somebody asks."""
        if self.surroundings.row is not self.row:
            self.surroundings = self.surroundings.about(self.row)
        return self.surroundings

    def move(self, subject: Subject, host_uuid: str) -> None:
        """Let the subject be where it was seen last: an instance is the same one on whichever host."""
        self.row = replace(self.row, subject=subject, host_uuid=host_uuid)
        self.surroundings = self.surroundings.on_host(self.row)

    @property
    def kind(self) -> SubjectKind:
        """What is particular to its kind."""
        return KINDS[self.row.kind]

    def tell(
        self,
        verb: Verb,
        reason: Reason,
        *,
        incident: UUID | None = None,
        also: tuple[Reason, ...] = (),
        detail: str = "",
        aside: bool = False,
        alone: bool = False,
    ) -> None:
        """Publish a verdict if it is news, or if it covers the fresh fault, or said `aside`; `alone`: it covers nothing
        else."""
        self.row, verdicts = telling.put_into_words(
            self.row,
            verb,
            reason,
            at=self.times.moment.at,
            offset=self.offset,
            fresh=self.fresh,
            incident=incident or (self.row.incident.order.incident if self.row.incident else None),
            also=also,
            detail=detail,
            aside=aside,
            alone=alone,
        )
        if verdicts:
            self.fresh = None
        self.verdicts.extend(verdicts)

    def mention(self, verb: Verb, reason: Reason, *, incident: UUID | None = None, detail: str = "") -> None:
        """Tell what changes nothing about the subject. What a host without an incident is held or suspected for stays
        its last word: a storm, a lack of reserves and the count of unhealthy hosts are looked up by it, and a report
        that comes twice or a fenced owner that speaks must not make anybody forget them."""
        waits = self.row.incident is None and self.row.verb in (Verb.HOLD, Verb.SUSPECT)
        self.tell(verb, reason, incident=incident, detail=detail, aside=waits)

    @property
    def incident(self) -> IncidentRow:
        """The open incident; the caller knows that there is one."""
        if self.row.incident is None:
            raise ValueError(f"{self.row.subject} has no open incident")
        return self.row.incident

    def change(self, incident: IncidentRow | None) -> None:
        """Set the open incident."""
        self.row = replace(self.row, incident=incident)

    def enter(self, phase: Phase) -> None:
        """Move the open incident to `phase` as its table allows."""
        self.change(replace(self.incident, phase=move(self.incident.phase, phase)))
