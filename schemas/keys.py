"""The key under which a value is written to its topic: one function, so that all writers agree (architecture.md 3)."""

from kasugai.core.deciding.rows import ClockRow, HostRow, SegmentRow, SubjectRow
from kasugai.core.words.facts import Fact
from kasugai.core.words.heartbeats import Beat, Pulse
from kasugai.core.words.incident import Open, Resume, Stop
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.lifelines import Lifeline
from kasugai.core.words.sighting import Sighting
from kasugai.core.words.signals import Command, Fault, Letter
from kasugai.core.words.silences import Silence
from kasugai.core.words.verdicts import Verdict

Keyed = (
    Fault
    | Command
    | SegmentRecord
    | HostRecord
    | Letter
    | Verdict
    | Open
    | Stop
    | Resume
    | Fact
    | SubjectRow
    | SegmentRow
    | HostRow
    | ClockRow
    | Beat
    | Pulse
    | Lifeline
    | Sighting
    | Silence
)
"""What stands on a topic of its own."""


def key_of(value: Keyed) -> str | None:
    """Return the key of `value`; None for what concerns a whole partition, which its sender names."""
    match value:
        case Fault() | Open() | Stop() | Resume() | Fact() | Beat() | Lifeline() | Sighting() | Silence():
            return value.host
        case Command():
            return value.segment
        case Letter():
            return value.segment or None
        case SegmentRecord():
            return f"segment/{value.segment_id}"
        case HostRecord():
            return f"host/{value.host_uuid}"
        case Verdict():
            return value.subject.name
        case Pulse():
            return None
        case _:
            return value.key
