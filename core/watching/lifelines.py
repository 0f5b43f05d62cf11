"""Whose watchdog has reset it: what follows from lifelines and pulses in the order of the log. The proof of death of a
host without a power device (ADR 26).

A host that was petted at a moment had a record in the log that was sent a lease ago at the latest, or enough of its
neighbours had told it just then that they are without confirmation too. The first is seen in the log; the second is
ruled out by the neighbours' own later records. What is not known counts against the proof.
"""

from collections import deque
from dataclasses import dataclass, field

from kasugai.core.watching.host import QUICKEST_BOOT
from kasugai.core.watching.rules import MANY
from kasugai.core.words.lifelines import Lifeline
from kasugai.core.words.signals import Fault, Source, Symptom, fault
from kasugai.core.words.timing import BrokerTime, Millis

MARGIN: Millis = Millis(2_000)
"""For clocks that drift, and for one step of the broker's clock that no gap between pulses shows."""
LAG: Millis = Millis(3_000)
"""What is judged is how things stood so long ago: by now the neighbours' records tell of it."""
SETTLED: Millis = Millis(60_000)
"""A dispute about the present boot is over when it has been heard for so long."""
KEPT = 16
"""Records of a host whose places in time are remembered: one of them is the one that it knows to be acknowledged."""


OBSERVER = "watchdog"
"""As whom liveness says that a host's watchdog has reset it."""


@dataclass(slots=True)
class Line:
    """One host's records of its present boot."""

    last: Lifeline
    at: BrokerTime
    """When the broker took the last one."""
    began: BrokerTime
    """Its boot began then at the latest: the least difference between a record's stamp and its uptime."""
    stamps: deque[tuple[Millis, BrokerTime]] = field(default_factory=lambda: deque(maxlen=KEPT))
    proven_at: BrokerTime | None = None
    """At which pulse it was first proven that this boot has ended; None: it is not."""

    disputed_at: BrokerTime | None = None
    """When a record of another boot came that can be no later one, as far as this can be told."""

    def go_on(self, word: Lifeline, at: BrokerTime) -> bool:
        """Take a record of the same boot; False for one that is not later than the last."""
        if word.uptime <= self.last.uptime:
            return False
        self.last, self.at, self.proven_at = word, at, None
        self.began = BrokerTime(min(self.began, at - word.uptime))
        self.stamps.append((word.uptime, at))
        return True

    def is_followed_by(self, word: Lifeline, at: BrokerTime) -> bool:
        """Whether a record of another boot is of a later one: that began when this one had been heard last."""
        return at - self.at >= QUICKEST_BOOT and at - word.uptime >= self.at - QUICKEST_BOOT

    @property
    def is_disputed(self) -> bool:
        """Whether it is not known which boot is the present one: somebody plays old records, or a clock was set back.
        It is over once the boot that counts has been heard for a minute."""
        return self.disputed_at is not None and self.at - self.disputed_at < SETTLED

    def is_clean(self, since: BrokerTime, until: BrokerTime) -> bool:
        """Whether it has told nobody that it is without confirmation in that time. Its own clock is turned into the
        broker's so that both ends are on the safe side: what was sent is in the log later than it was sent, and a
        record that knows another one to be acknowledged was sent after that one was taken."""
        spoke = self.began + self.last.clean_since
        return spoke <= since and self._known_until() >= until

    def _known_until(self) -> BrokerTime:
        known = [at for uptime, at in self.stamps if uptime == self.last.acknowledged]
        return known[0] if known else BrokerTime(0)


@dataclass(slots=True)
class Lifelines:
    """All of them, as one partition holds them."""

    lines: dict[str, Line] = field(default_factory=dict)
    said: dict[str, tuple[Fault, BrokerTime]] = field(default_factory=dict)
    """What was said and stands, by host, and when it was last said."""

    def hear(self, word: Lifeline, at: BrokerTime) -> bool:
        """Take a proven record in the order of the log; False for an old one said again, and for one host too many."""
        line = self.lines.get(word.host)
        if line is None:
            if len(self.lines) >= MANY:
                return False
        elif line.last.boot_id == word.boot_id:
            return line.go_on(word, at)
        elif not line.is_followed_by(word, at):
            line.disputed_at = at
            return False
        self.lines[word.host] = Line(last=word, at=at, began=BrokerTime(at - word.uptime))
        self.lines[word.host].stamps.append((word.uptime, at))
        return True

    def resets(self, at: BrokerTime, floor: BrokerTime) -> list[Line]:
        """Return whose boot is proven to have ended by a pulse at `at`; silence begins at `floor` at the earliest."""
        edge = at - LAG - MARGIN
        found = [line for line in self.lines.values() if line.at < edge and self._is_proven(line, at, floor)]
        for line in found:
            line.proven_at = at if line.proven_at is None else line.proven_at
        return found

    def conclude(self, at: BrokerTime, floor: BrokerTime, repeat: Millis) -> list[Fault]:
        """Return what is to be said at a pulse of ours: who was reset, again every `repeat`, and of whom that is taken
        back since there is a newer word."""
        proven = {line.last.host: line for line in self.resets(at, floor)}
        words = [self._say(at, line, repeat) for line in proven.values()]
        back = [self._take_back(at, host) for host in sorted(self.said.keys() - proven.keys())]
        return [word for word in (*words, *back) if word is not None]

    def _say(self, at: BrokerTime, line: Line, repeat: Millis) -> Fault | None:
        host = line.last.host
        word = _fault(host, Symptom.OFF, line.last.boot_id, str(line.at), at)
        said = self.said.get(host)
        if said is not None and said[0].event_id == word.event_id and at - said[1] < repeat:
            return None
        self.said[host] = word, at
        return word

    def _take_back(self, at: BrokerTime, host: str) -> Fault:
        word, _ = self.said.pop(host)
        return _fault(host, Symptom.CLEAR, word.boot_id, str(at), at)

    def _is_proven(self, line: Line, at: BrokerTime, floor: BrokerTime) -> bool:
        return line.proven_at is not None or self._is_over(line, at, floor)

    def _is_over(self, line: Line, now: BrokerTime, floor: BrokerTime) -> bool:
        """Whether its watchdog has reset the host before `then`. A pet may come late by as much as the watchdog bears,
        for its process may have stood still between looking and petting: so twice the time-out."""
        word, then = line.last, now - LAG
        if not word.is_armed or not word.neighbours or line.is_disputed:
            return False
        late = 2 * word.timeout
        if then - max(line.at, floor) < word.lease + late + MARGIN:
            return False
        since = BrokerTime(then - late - word.heard - MARGIN)
        clean = sum(self._is_clean(name, since, BrokerTime(then)) for name in word.neighbours)
        return len(word.neighbours) - clean < word.enough

    def _is_clean(self, name: str, since: BrokerTime, until: BrokerTime) -> bool:
        line = self.lines.get(name)
        return line is not None and line.is_clean(since, until)


def _fault(host: str, symptom: Symptom, boot_id: str, episode: str, at: BrokerTime) -> Fault:
    return fault(
        host=host,
        observer=OBSERVER,
        source=Source.HEARTBEAT,
        symptom=symptom,
        episode=episode,
        boot_id=boot_id,
        observed_at=at,
    )
