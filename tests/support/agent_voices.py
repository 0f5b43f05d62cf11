"""A voice that remembers what was said with it."""

from dataclasses import dataclass, field

from kasugai.core.words.signals import Symptom
from kasugai.core.words.subject import Subject


@dataclass
class Heard:
    """A `ports.Voice`."""

    words: list[tuple[str, str]] = field(default_factory=list)
    """Subjects and symptoms, in order."""
    seen: list[str] = field(default_factory=list)

    def say(self, subject: Subject, symptom: Symptom, *, again: bool = False, seen: str = "") -> None:
        """Remember it."""
        self.words.append((subject.name, str(symptom)))
        self.seen.append(seen)
