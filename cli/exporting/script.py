"""The section `script` of a scenario: what was said, word by word at its time, and what must have happened for it.

What observers said is recorded, and is said again by them in name; that the world was so is concluded: a host whose
fence found it off had lost its power, one that our device had to switch off was cut off from the network.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from kasugai.cli.exporting.cloud import Cast, segment_name
from kasugai.cli.exporting.material import LEAD, Material, Word, since
from kasugai.core.words.actions import Meaning
from kasugai.core.words.facts import Fact, FactKind
from kasugai.core.words.hardware import is_hardware
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.signals import (
    Command,
    Fault,
    Instruction,
    InventoryChange,
    Outcome,
    Source,
    Symptom,
)
from kasugai.core.words.silences import Silence
from kasugai.core.words.subject import Kind, Subject
from kasugai.core.words.verdicts import Reason

HAPPENS = 1.0
"""Seconds from what happens to the first word about it."""
ORDERS = {
    Instruction.ARM: "operator arms",
    Instruction.DISARM: "operator disarms",
    Instruction.HOLD: "operator holds",
    Instruction.CANCEL: "operator cancels",
    Instruction.RETRY: "operator retries",
    Instruction.RETIRE: "operator retires",
    Instruction.APPROVE: "operator approves",
    Instruction.BEGIN_STOP: "stop begins",
    Instruction.END_STOP: "stop ends",
}


@dataclass(frozen=True, slots=True, order=True)
class Event:
    """One line."""

    at: float
    text: str = field(compare=False)

    @property
    def line(self) -> str:
        """As a script has it."""
        return f"{self.at:.3f}".rstrip("0").rstrip(".") + f"s  {self.text}"


class Script:
    """The events of a story, as its words are taken one after the other."""

    def __init__(self, material: Material, cast: Cast) -> None:
        """Begin with what was so."""
        self._material, self._cast = material, cast
        self._events: list[Event] = []
        self._down: dict[str, str] = {}
        """By host that does not answer: how it is made to answer again."""
        self._boots: dict[str, str] = {}
        self._ill: set[Subject] = set()
        """Guests and processes of which it was said that they failed."""
        for host in sorted({f.host for f in material.facts if f.reason == Reason.FENCE_REFUSED}):
            self._refuse(host)

    def lines(self) -> Iterator[str]:
        """Yield the section's lines, in the order of time."""
        for word in self._material.words:
            self._take(since(self._material, word.at), word)
        yield from dict.fromkeys(event.line for event in sorted(self._events, key=lambda e: e.at))
        yield Event(since(self._material, self._material.end), "end").line

    def _refuse(self, host: str) -> None:
        """A device that refused does so from the beginning, and obeys shortly before it did."""
        self._add(LEAD - 2, f"device of {host} refuses")
        done = [fact for fact in self._fences(host) if fact.kind is FactKind.DONE]
        if done:
            at = since(self._material, self._material.times[done[0].fact_id])
            self._add(at - 2 * HAPPENS, f"device of {host} obeys")

    def _add(self, at: float, text: str) -> None:
        self._events.append(Event(max(0.0, at), text))

    def _take(self, at: float, word: Word) -> None:
        match word.letter.signal:
            case Fault() as fault:
                self._fault(at, fault)
            case Command() as command:
                self._command(at, command)
            case Silence() as silence:
                self._silence(at, word, silence)
            case InventoryChange(record=record):
                self._change(at, record)
            case Outcome():
                pass
            case other:
                self._cast.unknown.append(f"a {type(other).__name__} is not told")

    def _fault(self, at: float, fault: Fault) -> None:
        subject = fault.subject
        if is_hardware(subject):
            self._hardware(at, fault)
        elif subject.kind is Kind.PROCESS:
            self._process(at, fault)
        elif subject.kind is Kind.INSTANCE:
            self._instance(at, fault)
        else:
            self._host(at, fault)

    def _host(self, at: float, fault: Fault) -> None:
        self._happen(at, fault)
        if fault.source is Source.REPORTED:
            what = "alive" if fault.symptom is Symptom.ALIVE else "fenced" if fault.asserted else "unknown"
            trusted = " trusted" if fault.asserted and fault.trusted else ""
            self._add(at, f"report {fault.host} {what}{trusted}{_by(fault)}")
            return
        boot = fault.boot_id
        if fault.symptom is Symptom.ALIVE and boot and self._boots.get(fault.host) != boot:
            self._boots[fault.host] = boot
            self._add(at, f"boot {fault.host}")
            return
        self._add(at, f"witness {fault.host} {fault.source} {fault.symptom}{_by(fault)}")

    def _happen(self, at: float, fault: Fault) -> None:
        """What must have happened to a host for this to be said of it, by whoever saw it first."""
        host, is_down = fault.host, fault.host in self._down
        if fault.symptom in (Symptom.DOWN, Symptom.OFF) and not is_down:
            was_off = fault.symptom is Symptom.OFF or self._was_off(host)
            if not (was_off or self._was_recovered(host)):
                return
            what, back = ("power off", "power on") if was_off else ("unplug", "plug")
            self._down[host] = back
            self._add(at - HAPPENS, f"{what} {host}")
        elif fault.symptom is Symptom.ALIVE and is_down:
            back = "power on" if self._was_fenced(host) else self._down[host]
            del self._down[host]
            self._add(at - HAPPENS, f"{back} {host}")

    def _fences(self, host: str) -> Iterator[Fact]:
        for fact in self._material.facts:
            if fact.host == host and fact.step is not None and fact.step.words.meaning is Meaning.FENCED:
                yield fact

    def _was_off(self, host: str) -> bool:
        """Whether a worker found it off without having switched it off, or somebody vouched for it."""
        fences = list(self._fences(host))
        return bool(fences) and all(fact.step is not None and not fact.step.tries for fact in fences)

    def _was_fenced(self, host: str) -> bool:
        return any(fact.step is not None and fact.step.tries for fact in self._fences(host))

    def _was_recovered(self, host: str) -> bool:
        """Whether somebody looked after it as one that is down."""
        return any(fact.host == host and fact.subject.is_host for fact in self._material.facts) or any(
            subject.is_host and subject.host == host for subject in self._material.subjects.values()
        )

    def _process(self, at: float, fault: Fault) -> None:
        """A process that stops or starts is told by the monitor there; what is said again of it is no news."""
        fails = fault.symptom is Symptom.DOWN
        if fails is (fault.subject in self._ill):
            return
        (self._ill.add if fails else self._ill.discard)(fault.subject)
        what = "stops" if fails else "starts"
        self._add(at, f"process {fault.subject.detail} {what} on {fault.host}")

    def _instance(self, at: float, fault: Fault) -> None:
        name, host = self._cast.name(fault.subject.detail), fault.host
        fails = fault.symptom is Symptom.DOWN
        if fails and fault.subject not in self._ill and host not in self._down:
            self._add(at - HAPPENS, f"crash {name} unreported")
        (self._ill.add if fails else self._ill.discard)(fault.subject)
        event = "failed" if fails else "started"
        self._add(at, f"report instance {name} {event} of={host} id={_word(fault.episode)}")

    def _hardware(self, at: float, fault: Fault) -> None:
        begins = fault.symptom is Symptom.DOWN
        if begins is (fault.subject in self._ill):
            return
        (self._ill.add if begins else self._ill.discard)(fault.subject)
        by = "person" if fault.source is Source.REPORTED else "alert"
        self._add(at, f"degraded {fault.host} {'begins' if begins else 'ends'} by={by}")

    def _command(self, at: float, command: Command) -> None:
        subject = command.subject or self._material.subjects.get(command.incident or command.command_id)
        words = [
            ORDERS[command.order],
            segment_name(self._material) if subject is None else self._whom(subject),
        ]
        if command.limit is not None:
            words.append(str(command.limit))
        if command.up_to:
            words.append(f"up-to={command.up_to}")
        if command.at_once:
            words.append("at-once")
        self._add(at, " ".join(words))

    def _whom(self, subject: Subject) -> str:
        match subject.kind:
            case Kind.INSTANCE:
                return f"instance {self._cast.name(subject.detail)}"
            case Kind.PROCESS:
                return f"process {subject.detail} of {subject.host}"
            case _:
                return subject.host

    def _silence(self, at: float, word: Word, silence: Silence) -> None:
        left = (silence.until - word.at) / 1000
        self._add(at, f"silence {silence.host} " + (f"for {left:g}s" if left > 0 else "ends"))

    def _change(self, at: float, record: SegmentRecord | HostRecord) -> None:
        """Maintenance, and whether the segment is armed; of what else is described anew only that it is."""
        known = self._material.hosts.get(getattr(record, "name", ""))
        match record:
            case HostRecord(name=name, on_maintenance=on) if (
                known is not None and known.on_maintenance is not on
            ):
                self._material.hosts[name] = record
                left = (
                    (record.maintenance_until / 1000 - (self._material.begin / 1000 + at - LEAD)) if on else 0
                )
                until = f" for {left:g}s" if left > 0 else ""
                self._add(at, f"maintenance {'begins' if on else 'ends'} {name}{until}")
            case SegmentRecord(armed=armed) if (
                old := self._material.segment
            ) is not None and old.armed is not armed:
                self._material.segment = record
                self._add(at, f"{'arm' if armed else 'disarm'} {segment_name(self._material)}")
            case _:
                self._cast.unknown.append(f"{record.name} is described anew at {at:g}s, which is not told")


def _by(fault: Fault) -> str:
    return f" id={_word(fault.episode)} by={_word(fault.observer)}"


def _word(text: str) -> str:
    """Text as one word of a line."""
    return "".join(char if char.isprintable() and not char.isspace() else "_" for char in text) or "_"
