"""What must have come of each record that was shot: a verdict, an answer or a dead letter. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from uuid import UUID

from kasugai.core.words.signals import Command, Fault, Letter
from kasugai.core.words.verdicts import Verdict
from kasugai.schemas.codec import Undecodable, decode
from kasugai.schemas.topics import INVENTORY, SIGNALS
from kasugai.streams.route import SOURCES
from tests.fuzz.shots import Shot

TOLD = (*SOURCES, SIGNALS)
"""What route and correlate read: every record of these is said to be wrong, or carried on."""

Place = tuple[str, int, int]
"""Topic, partition and offset."""


def untold(
    shot: Mapping[Place, Shot], dead: set[Place], verdicts: Iterable[Verdict], gone: set[UUID]
) -> Iterator[str]:
    """Yield what nobody has said anything about. `gone`: the faults of letters that correlate has put aside."""
    verdicts = list(verdicts)
    covered = {each.event_id for verdict in verdicts for each in verdict.evidence} | gone
    answers = {verdict.incident for verdict in verdicts} - {None}
    details = [verdict.detail for verdict in verdicts]
    for place, each in shot.items():
        if place[0] not in TOLD or place in dead:
            continue
        value = value_of(each.value)
        if value is None and not (place[0] == INVENTORY and each.value is None):
            yield f"nobody says that {place} cannot be read"
        said = value.signal if isinstance(value, Letter) else value
        if isinstance(said, Fault) and said.event_id not in covered:
            yield f"no verdict covers the fault at {place}"
        if isinstance(said, Command) and not (
            said.incident in answers or any(_words_of(said) in detail for detail in details)
        ):
            yield f"no verdict answers the command at {place}"


def fault_of(letter: object) -> UUID | None:
    """Return the fault that a letter carries, if it does."""
    return letter.signal.event_id if isinstance(letter, Letter) and isinstance(letter.signal, Fault) else None


def value_of(data: bytes | None) -> object:
    """Return what can be read there; None for what cannot."""
    try:
        return decode(data or b"")
    except Undecodable:
        return None


def _words_of(command: Command) -> str:
    """How a segment's answer names a command: by its author's words."""
    return f"{command.author}: {command.reason}"[:100]
