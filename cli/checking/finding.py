"""What a check found, in one line that says what to type."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from kasugai.adapters.settings import Settings


class Word(StrEnum):
    """What a check says."""

    OK = "ok"
    OPEN = "!!"
    """It works, and others can reach or read more than they should."""
    ODD = "??"
    """It works, and may not do what was meant."""
    NO = "NO"
    UNASKED = "--"
    """It was not asked here, and why."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found about one thing."""

    part: str
    word: Word
    text: str
    """What was found and, where something is to be done, what to type."""

    @property
    def line(self) -> str:
        """It as one line for people."""
        return f"{self.word:<2}  {self.part:<8}  {self.text}"


Check = Callable[[Settings], Iterator[Finding]]
