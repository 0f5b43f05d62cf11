"""What a person has set aside (a host in maintenance, silenced or on hold, a disarmed segment) is left alone."""

from collections.abc import Iterator

from kasugai.core.words.facts import Fact, FactKind
from kasugai.core.words.incident import Open
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.signals import Command, Instruction, Limit
from kasugai.core.words.silences import Silence
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Reason, Verb, Verdict
from kasugai.sim.cloud import SimCloud
from kasugai.sim.lab.invariants.watcher import OBEDIENCE, Sent, Sight, Watcher

PROPAGATION = 2000
"""Milliseconds that a description may take to reach correlate's mailbox (reordered variants delay it)."""

PASSED_BY_WHAT_HAD_BEGUN = ("maintenance", "silence")
"""What does not end an incident whose first effect came before it."""


class SetAside(Watcher):
    """For a host that is set aside no incident is opened and no effect is begun, but in maintenance and silence what
    had begun before it."""

    sees = (HostRecord, SegmentRecord, Command, Silence, Verdict, Open, Fact, Sent)

    def __init__(self, cloud: SimCloud) -> None:
        """Nothing is set aside."""
        super().__init__(cloud)
        self._since: dict[tuple[str, str], BrokerTime] = {}
        """By word and host or segment: the broker's time since which nothing may be opened for it."""
        self._until: dict[str, int] = {}
        """By silenced host: until when, by the broker's time."""
        self._segments: dict[str, str] = {}
        """By host."""
        self._begun: dict[str, BrokerTime] = {}
        """By host: the broker's time of the first effect of its unfinished incident."""

    def saw(self, what: Sight, at: BrokerTime) -> Iterator[str]:
        """Remember what is set aside, and hold it against orders and effects."""
        match what:
            case HostRecord() | SegmentRecord() | Silence():
                self._on_description(what, at)
            case Command():
                self._on_command(what, at)
            case Verdict():
                self._on_verdict(what)
            case Fact(kind=FactKind.STARTED, subject=subject):
                self._begun.setdefault(subject.title, at)
            case Fact(kind=FactKind.FINISHED, subject=subject):
                self._begun.pop(subject.title, None)
            case Open(n=1):
                yield from self._opened(what)
            case Sent():
                yield from self._sent(what, at)
            case _:
                pass

    def _on_description(self, record: HostRecord | SegmentRecord | Silence, at: BrokerTime) -> None:
        if isinstance(record, Silence):
            self._until[record.host] = record.until
            self._set("silence", record.host, record.until > at, at)
        elif isinstance(record, HostRecord):
            self._segments[record.name] = record.segment_id
            self._set("maintenance", record.name, record.on_maintenance and record.maintenance_until == 0, at)
        else:
            self._set("disarmed segment", record.segment_id, not record.armed, at)

    def _on_command(self, command: Command, at: BrokerTime) -> None:
        """A hold or a cancel counts only once it has been obeyed: its verdict says so."""
        match command.order:
            case Instruction.DISARM | Instruction.ARM:
                self._set("disarm", command.segment, command.order is Instruction.DISARM, at)
            case Instruction.BEGIN_STOP:
                self._set("planned stop", command.segment, True, at)
            case Instruction.END_STOP if command.at_once:
                self._set("planned stop", command.segment, False, at)
            case Instruction.APPROVE if command.limit is Limit.HOLD:
                self._set("hold", command.subject.title if command.subject else "", False, at)
            case _:
                pass

    def _on_verdict(self, verdict: Verdict) -> None:
        host = verdict.subject.title
        if verdict.verb in (Verb.HOLD, Verb.CANCEL) and verdict.reason is Reason.COMMAND:
            self._set("hold", host, True, verdict.at)
        if verdict.reason is Reason.STOP_OVER:
            self._set("planned stop", verdict.segment, False, verdict.at)
        if verdict.verb is Verb.CLOSE:
            self._set("hold", host, False, verdict.at)

    def _set(self, word: str, name: str, aside: bool, at: BrokerTime) -> None:
        if aside:
            self._since.setdefault((word, name), at)
        else:
            self._since.pop((word, name), None)

    def _opened(self, order: Open) -> Iterator[str]:
        for word, since in self._aside_of(order.host, order.decided_at, order.subject.title):
            if order.decided_at > since + PROPAGATION:
                yield f"an incident was opened for {order.subject.title}, which is in {word}"

    def _sent(self, sent: Sent, at: BrokerTime) -> Iterator[str]:
        for word, since in self._aside_of(sent.host, at):
            late = since + OBEDIENCE < at
            if late and (word not in PASSED_BY_WHAT_HAD_BEGUN or self._begun.get(sent.host, at) > since):
                yield f"{sent.action} of {sent.host}, which is in {word}"

    def _aside_of(self, host: str, at: BrokerTime, title: str = "") -> list[tuple[str, BrokerTime]]:
        segment = self._segments.get(host, "")
        keys = (
            ("maintenance", host),
            *((("silence", host),) if self._until.get(host, 0) > at else ()),
            ("hold", title or host),
            ("disarmed segment", segment),
            ("disarm", segment),
            ("planned stop", segment),
        )
        return [(key[0], self._since[key]) for key in keys if key in self._since]
