"""What an evacuation's record says besides its state, and how it is written."""

from dataclasses import dataclass, replace
from functools import lru_cache

from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Note
from kasugai.core.recovering.nova_views import EVACUATION, MigrationView
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.steps.records import blank, note
from kasugai.core.words.facts import DESTINATION, TARGET, FactKind, StepRecord
from kasugai.core.words.frozen import FrozenMap
from kasugai.core.words.plan import Step

_SEEN = "seen_migration"
_SEEN_ACTION = "seen_action"
_TRIED = "tried"
_FAILED_ON = "failed_on"
_REUSED = "reused"
FAILURES = 16
"""So many of a guest's last failures are kept: who is tried for days must not fill the ledger."""
WISH = "wish"
"""The note that says which state a guest's user wished for while it waited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """What an evacuation's record says besides its state."""

    seen_migration: int = 0
    """The highest migration id of the guest that the look before the last begin saw: higher ones are ours."""
    seen_action: str = ""
    """The newest request in Nova's account of the guest before the last begin, where that was read: newer ones of ours
    are the call's."""
    target: str = ""
    """Where the last call was directed; empty when Nova was to choose."""
    destination: str = ""
    """Once done: the host on which the guest was seen."""
    wish: str = ""
    """The state that its user wished for while it waited (a `Prior`); empty for none since the plan."""
    tried: tuple[str, ...] = ()
    """Where the owner that wrote it has asked in vain: hosts, reserves, or ANYWHERE (`spread.py`)."""
    failed_on: tuple[str, ...] = ()
    """Hosts that could not start it, under whatever owner."""
    reused: tuple[int, ...] = ()
    """Ids of records that were found to be dead, though Nova has not ended them: it may write what becomes of the next
    call into the first of them."""

    @classmethod
    def of(cls, record: StepRecord) -> "Notes":
        """Return what a record's notes say."""
        return _read(record.notes)

    @property
    def texts(self) -> FrozenMap[str]:
        """The same as a record keeps it: what says nothing is left out."""
        seen = str(self.seen_migration) if self.seen_migration else ""
        texts = {
            _SEEN: seen,
            _SEEN_ACTION: self.seen_action,
            TARGET: self.target,
            DESTINATION: self.destination,
            WISH: self.wish,
            _TRIED: " ".join(self.tried),
            _FAILED_ON: " ".join(self.failed_on),
            _REUSED: " ".join(map(str, self.reused)),
        }
        return FrozenMap({name: text for name, text in texts.items() if text})


@lru_cache(4_096)
def _read(notes: FrozenMap[str]) -> Notes:
    """An assessment asks for the same few notes again and again: a third of the time of an owner of fifty guests."""
    return Notes(
        seen_migration=int(notes.get(_SEEN, "0")),
        seen_action=notes.get(_SEEN_ACTION, ""),
        target=notes.get(TARGET, ""),
        destination=notes.get(DESTINATION, ""),
        wish=notes.get(WISH, ""),
        tried=tuple(notes.get(_TRIED, "").split()),
        failed_on=tuple(notes.get(_FAILED_ON, "").split()),
        reused=tuple(map(int, notes.get(_REUSED, "").split())),
    )


def wish_of(record: StepRecord | None) -> str:
    """Return the state that the guest's user wished for while it waited to be moved; empty for none."""
    return Notes.of(record).wish if record is not None else ""


def noted(s: Situation, step: Step, kind: FactKind, reason: str = "", destination: str = "") -> Note:
    """Return the recording of what was seen; what the intent noted stays."""
    notes = replace(Notes.of(blank(s, step)), destination=destination)
    return note(s, step, kind, reason, notes.texts)


def in_vain(
    s: Situation, step: Step, kind: FactKind, reason: str, place: str, *, failed_on: str = ""
) -> Note:
    """Return the recording of a call that came to nothing at a place: a host, a reserve, or wherever Nova chose; and of
    the host that could not start the guest, if one tried."""
    notes = Notes.of(blank(s, step))
    failures = (*notes.failed_on, failed_on)[-FAILURES:] if failed_on else notes.failed_on
    tried = tuple(dict.fromkeys((*notes.tried, place)))
    return note(s, step, kind, reason, replace(notes, tried=tried, failed_on=failures).texts)


def left_open(s: Situation, step: Step, reason: str, place: str = "") -> Note:
    """Return the recording of a call that came to nothing although Nova never ends its record: that one, and what else
    is open of the guest, is waited for no more. `place`: where it was tried in vain, if that says anything."""
    notes = Notes.of(blank(s, step))
    tried = tuple(dict.fromkeys((*notes.tried, place))) if place else notes.tried
    reused = open_records(s.look, step)
    return note(s, step, FactKind.ABSOLVED, reason, replace(notes, tried=tried, reused=reused).texts)


def open_records(look: Look, step: Step) -> tuple[int, ...]:
    """Return the ids of the records of the guest's evacuations that Nova has not ended."""
    records = look.migrations.get(step.subject, ())
    return tuple(m.migration_id for m in records if m.migration_type == EVACUATION and not m.is_ended)


def done(s: Situation, step: Step, reason: str = "", destination: str = "") -> Note:
    """Return the recording of an evacuation that is done, with the host on which the guest was seen."""
    return noted(s, step, FactKind.DONE, reason, destination)


def ours(look: Look, step: Step, record: StepRecord) -> list[MigrationView]:
    """Return the records of the guest's evacuations that tell what became of the call, oldest first: those above the
    one that the intent carries, and those below it that nobody had ended (Nova's conductor takes the first `accepted`
    record of a guest for the call's own)."""
    notes = Notes.of(record)
    return [
        m
        for m in look.migrations.get(step.subject, ())
        if m.migration_type == EVACUATION
        and (m.migration_id > notes.seen_migration or m.migration_id in notes.reused)
    ]
