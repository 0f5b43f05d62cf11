"""A guest that has failed is not forgotten."""

from collections.abc import Iterator

from kasugai.core.deciding.rows import SubjectRow
from kasugai.core.recovering.nova_views import By
from kasugai.core.words.incident import Phase
from kasugai.core.words.signals import Fault, Symptom
from kasugai.core.words.subject import Kind
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Reason, Verb, Verdict
from kasugai.sim.cloud import SimCloud
from kasugai.sim.cloud.model import Guest
from kasugai.sim.cloud.world import NEW_YEAR
from kasugai.sim.lab.invariants.users_wish import OFF, RUNS
from kasugai.sim.lab.invariants.watcher import Ended, Sight, Watcher

POWER = frozenset({"stop", "start"})
FINE = frozenset({Reason.RECOVERED, Reason.RESTARTED_SINCE, Reason.GUEST_ELSEWHERE})
"""What an incident is closed with whose guest is said to run."""


class Crashed(Watcher):
    """At the end every guest that was reported as failed and should run runs, or somebody is told that it does not."""

    sees = (Fault, Verdict, Ended)

    def __init__(self, cloud: SimCloud) -> None:
        """Nobody has failed."""
        super().__init__(cloud)
        self._reported: dict[str, BrokerTime] = {}
        """By guest: when it was last said to have failed."""
        self._told: dict[str, Verdict] = {}
        """By guest: what was last decided about it."""

    def saw(self, what: Sight, at: BrokerTime) -> Iterator[str]:
        """Keep reports and verdicts, and look at the guests at the end."""
        match what:
            case Fault(symptom=Symptom.DOWN, subject=subject) if subject.kind is Kind.INSTANCE:
                self._reported[subject.detail] = at
            case Verdict(subject=subject) if subject.kind is Kind.INSTANCE:
                self._told[subject.detail] = what
            case Ended(rows=rows):
                subjects = [row for row in rows if isinstance(row, SubjectRow)]
                for uuid, guest in self.cloud.world.guests.items():
                    if self._lies_idle(guest) and not self._is_told(guest, subjects):
                        yield f"{self.cloud.world.guests[uuid].name} was reported, does not run, and nobody says so"
            case _:
                pass

    def _lies_idle(self, guest: Guest) -> bool:
        """Whether it was reported after it ended, and should run by its user's last wish."""
        if guest.uuid not in self._reported or guest.deleted or self.cloud.running_on(guest.uuid):
            return False
        if self._reported[guest.uuid] < self._ended(guest):
            return False
        wishes = (each.action for each in self.cloud.nova.actions.of(guest.uuid) if each.by is By.OTHERS)
        return next((wish in RUNS for wish in wishes if wish in RUNS | OFF), True)

    def _ended(self, guest: Guest) -> float:
        """Return the broker's time at which it ended last by another hand than ours."""
        asked = next(
            (each.by for each in self.cloud.nova.actions.of(guest.uuid) if each.action in POWER), None
        )
        if asked is By.US:
            return 0.0
        ended = max((e.t for e in self.cloud.diary.entries if e.guest == guest.uuid), default=0.0)
        return (NEW_YEAR + ended) * 1000 - 1

    def _is_told(self, guest: Guest, rows: list[SubjectRow]) -> bool:
        last = self._told.get(guest.uuid)
        if last is not None and last.verb is Verb.EXPLAIN:
            return any(_is_in_trouble(row) for row in rows if row.host == guest.host)
        return last is not None and (last.verb is not Verb.CLOSE or last.reason not in FINE)


def _is_in_trouble(row: SubjectRow) -> bool:
    """Whether its incident is open, or has ended in a way that a person reads about."""
    return row.incident is not None or (row.closed is not None and row.closed.phase is Phase.FAILED)
