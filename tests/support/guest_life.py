"""A guest's life in pure values: what is heard and seen of it, at times of the test's own, and what is said."""

from kasugai.agents.instance.folding import heard, looked
from kasugai.agents.instance.pinging import Answer, answered
from kasugai.agents.instance.values import (
    Description,
    Failure,
    Guest,
    Heard,
    Patience,
    Say,
    Seen,
    State,
)
from kasugai.core.words.signals import Symptom
from kasugai.core.words.timing import MonoTime

UUID = "5b8e1c1e-3f0a-4d0e-8a55-2f0c7be4a901"


class Life:
    """One guest; time passes when the test says so."""

    def __init__(self, patience: Patience | None = None, **manner: object) -> None:
        """`manner`: what its XML says, as `Description` has it."""
        self.patience = patience or Patience()
        self.manner = Description(**manner)  # type: ignore[arg-type]
        self.guest = Guest(uuid=UUID)
        self.now = MonoTime(1_000_000)
        self.said: list[Say] = []
        self.notes: list[str] = []

    def hear(self, event: str, detail: str = "UNKNOWN") -> "Life":
        """An event comes."""
        self.guest = heard(self.guest, Heard(uuid=UUID, event=event, detail=detail), self.now, self.patience)
        return self

    def lives(self, *details: str) -> "Life":
        """Lifecycle events come."""
        for detail in details:
            self.hear("LIFECYCLE", detail)
        return self

    def wait(self, ms: int) -> "Life":
        """Time passes."""
        self.now = MonoTime(self.now + ms)
        return self

    def look(
        self,
        state: State,
        reason: str = "UNKNOWN",
        *,
        busy: bool = False,
        going: bool = False,
        first: bool = False,
    ) -> "Life":
        """It is looked at."""
        seen = Seen(uuid=UUID, state=state, reason=reason, busy=busy)
        folded = looked(self.guest, seen, self.manner, self.now, self.patience, going=going, first=first)
        self.guest = folded.guest
        self.said += [folded.say] if folded.say else []
        self.notes += [folded.note] if folded.note else []
        return self

    def ping(self, answer: Answer, times: int = 1) -> "Life":
        """Its agent is asked."""
        for _ in range(times):
            self.guest = answered(self.guest, answer, self.now, self.patience)
        return self

    def runs(self) -> "Life":
        """It is started, and seen to run."""
        return self.lives("RESUMED_UNPAUSED", "STARTED_BOOTED").wait(2_000).look(State.RUNNING)

    @property
    def told(self) -> list[str]:
        """What was said, in short: `LIFECYCLE STOPPED_FAILED`, `again ...`, `clear`."""
        return [
            "clear"
            if say.symptom is Symptom.CLEAR
            else ("again " if say.again else "") + say.seen.split(":")[0]
            for say in self.said
        ]

    @property
    def standing(self) -> Failure | None:
        """What stands as said."""
        return None if self.guest.said is None else self.guest.said.failure
