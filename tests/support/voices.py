"""A `Voice` that keeps what is said, and a clock that goes when it is told to."""

from dataclasses import dataclass, field

from kasugai.core.words.signals import Symptom
from kasugai.core.words.subject import Subject


@dataclass(frozen=True, slots=True)
class Spoken:
    """One word."""

    host: str
    symptom: Symptom
    again: bool
    seen: str


@dataclass(slots=True)
class Heard:
    """All words so far."""

    words: list[Spoken] = field(default_factory=list)

    def say(self, subject: Subject, symptom: Symptom, *, again: bool = False, seen: str = "") -> None:
        """Keep it."""
        assert subject.is_host
        self.words.append(Spoken(subject.host, symptom, again, seen))

    def take(self) -> list[tuple[str, Symptom]]:
        """Return whom what was said of since the last call."""
        found = [(word.host, word.symptom) for word in self.words]
        self.words.clear()
        return found


@dataclass(slots=True)
class Seconds:
    """A clock in seconds."""

    now: float = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now
