"""What an evacuation's record says besides its state, and how it is written."""

from dataclasses import dataclass, replace

from kasugai.core.recovering.look import EVACUATION, Look, MigrationView
from kasugai.core.recovering.moves import Note
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.steps.records import blank, note
from kasugai.core.words.facts import DESTINATION, TARGET, FactKind, StepRecord
from kasugai.core.words.frozen import FrozenMap
from kasugai.core.words.plan import Step

_SEEN = "seen_migration"
WISH = "wish"
"""The note that says which state a guest's user wished for while it waited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """What an evacuation's record says besides its state."""

    seen_migration: int = 0
    """The highest migration id of the guest that the look before the last begin saw: higher ones are ours."""
    target: str = ""
    """Where the last call was directed; empty when Nova was to choose."""
    destination: str = ""
    """Once done: the host on which the guest was seen."""
    wish: str = ""
    """The state that its user wished for while it waited (a `Prior`); empty for none since the plan."""

    @classmethod
    def of(cls, record: StepRecord) -> "Notes":
        """Return what a record's notes say."""
        notes = record.notes
        return cls(
            seen_migration=int(notes.get(_SEEN, 0)),
            target=notes.get(TARGET, ""),
            destination=notes.get(DESTINATION, ""),
            wish=notes.get(WISH, ""),
        )

    @property
    def texts(self) -> FrozenMap[str]:
        """The same as a record keeps it: what says nothing is left out."""
        seen = str(self.seen_migration) if self.seen_migration else ""
        texts = {_SEEN: seen, TARGET: self.target, DESTINATION: self.destination, WISH: self.wish}
        return FrozenMap({name: text for name, text in texts.items() if text})


def wish_of(record: StepRecord | None) -> str:
    """Return the state that the guest's user wished for while it waited to be moved; empty for none."""
    return Notes.of(record).wish if record is not None else ""


def noted(s: Situation, step: Step, kind: FactKind, reason: str = "", destination: str = "") -> Note:
    """Return the recording of what was seen; what the intent noted stays."""
    notes = replace(Notes.of(blank(s, step)), destination=destination)
    return note(s, step, kind, reason, notes.texts)


def done(s: Situation, step: Step, reason: str = "", destination: str = "") -> Note:
    """Return the recording of an evacuation that is done, with the host on which the guest was seen."""
    return noted(s, step, FactKind.DONE, reason, destination)


def ours(look: Look, step: Step, record: StepRecord) -> list[MigrationView]:
    """Return the records of the guest's evacuations above the one that the intent carries, oldest first."""
    seen = Notes.of(record).seen_migration
    return [
        m
        for m in look.migrations.get(step.subject, ())
        if m.migration_type == EVACUATION and m.migration_id > seen
    ]
