"""The loop around `watching`: records of heartbeats become beats and pulses, conclusions become faults.

It knows the codec, who proves what, and when its own pulses left. Who reads and who publishes stand behind ports, so
that the laboratory feeds exactly this.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from operator import methodcaller
from typing import Any, Protocol

from confluent_kafka import Message

from kasugai.adapters.kafka.beat_source import Kept
from kasugai.adapters.kafka.dead import dead_letter
from kasugai.adapters.kafka.records import Incoming, Outgoing, incoming, outgoing
from kasugai.adapters.proving.opening import Proofs
from kasugai.core.watching.partition import OBSERVER, Conclusions, Partition, Said
from kasugai.core.watching.rules import BOOTS as KEPT
from kasugai.core.watching.rules import Rules
from kasugai.core.watching.watch import Watch
from kasugai.core.words.heartbeats import Pulse
from kasugai.core.words.lifelines import PARTITION, Lifeline
from kasugai.core.words.signals import Fault, Symptom
from kasugai.core.words.timing import BrokerTime, Millis
from kasugai.schemas.beats import Beats, Known
from kasugai.schemas.codec import Undecodable, encode
from kasugai.schemas.topics import HEARTBEATS, HOSTS

log = logging.getLogger(__name__)

GROUP = "kasugai-liveness"
FRESH = 3.0
"""Seconds after which a pulse of our own is too old to conclude anything at: what came since may say otherwise."""
BURIED = 10
"""Dead letters a second at most: whoever writes rubbish by the thousand fills no topic with it. All are counted."""
UPTIME = "kasugai-uptime"
"""The header of a fault of ours that tells a successor the uptime of the host's last beat."""
BOOTS = "kasugai-boots"
"""And the one that tells it which boots of the host are over: none of their beats counts again."""
DIGITS = 16
_ASK_HEADERS = methodcaller("headers")
"""Asked in this way, an error of the client's is always seen as one (confluent-kafka 2.16.0, CPython 3.11)."""


class Unproved(Exception):
    """A beat of which nobody proves whose it is."""


class Out(Protocol):
    """The way to Kafka."""

    @property
    def owed(self) -> int:
        """How many records were to be published and are not known to be."""

    def send(self, record: Outgoing) -> None:
        """Publish, as often as it takes."""
        ...

    def pulse(self, record: Outgoing, done: Callable[[], None]) -> None:
        """Publish once, and say when it is known what became of it."""
        ...


@dataclass(frozen=True, slots=True)
class Stood:
    """What a predecessor last said of a host."""

    said: Said
    at: BrokerTime


@dataclass(slots=True)
class Owned:
    """A partition that is ours."""

    partition: Partition
    sent: int = 0
    """The number of our last pulse."""
    sent_at: float = float("-inf")
    is_under_way: bool = False
    isolated: frozenset[str] = frozenset()
    kept: Kept | None = None
    """What is to be left to a successor since the last conclusion."""


@dataclass(slots=True, kw_only=True)
class Liveness:
    """One process's eyes."""

    rules: Rules
    proofs: Proofs
    out: Out
    author: str
    """This life of this process: another one after every start."""
    clock: Callable[[], float]
    """Seconds that only grow."""
    counts: Counter[str] = field(default_factory=Counter)
    """What counted for nothing, by why, and what was said, by symptom."""
    owned: dict[int, Owned] = field(default_factory=dict)
    _beats: Beats = field(default_factory=Beats)
    _buried: tuple[int, int] = (0, 0)
    """Which second, and how many dead letters in it."""
    _watch: Watch = field(init=False)
    _kept_at: float = float("-inf")

    def __post_init__(self) -> None:
        """Own nothing."""
        self._watch = Watch(self.rules)

    def begin(self, number: int, road: str, stood: Sequence[Stood] = ()) -> None:
        """Own a partition, which is read again from some minutes ago; `stood`: what was last said of its hosts."""
        partition = self._watch.begin(number, road)
        for each in stood:
            partition.stand(each.said, each.at)
        self.owned[number] = Owned(partition)

    def end(self) -> None:
        """Own nothing any more."""
        for number in self.owned:
            self._watch.end(number)
        self.owned.clear()

    def pulse(self) -> None:
        """Send the pulses that are due; to be called several times a second."""
        now = self.clock()
        for number, owned in self.owned.items():
            if owned.is_under_way or now - owned.sent_at < self.rules.pulse / 1000:
                continue
            owned.sent, owned.sent_at, owned.is_under_way = owned.sent + 1, now, True
            word = Pulse(author=f"{self.author}/{owned.sent}", every=self.rules.pulse)
            self.out.pulse(outgoing(HEARTBEATS, word, trace={}, partition=number), _landed(owned))

    def kept(self) -> dict[int, Kept]:
        """Return what a successor is to be left, by partition, once a second; to be called more often. Nothing while a
        word is under way: who does not know it would have to read more."""
        now = self.clock()
        if self.out.owed or now - self._kept_at < self.rules.pulse / 1000:
            return {}
        self._kept_at = now
        found = {number: mine.kept for number, mine in self.owned.items() if mine.kept is not None}
        for number in found:
            self.owned[number].kept = None
        return found

    def take(self, messages: Iterable[Message]) -> None:
        """Take records in the order of their partitions. What cannot be read or is not proved is a dead letter."""
        read, trouble, owned = self._beats.read, self.proofs.trouble, self.owned
        for message in messages:
            mine = owned.get(message.partition())  # type: ignore[arg-type]  # a delivered message has its place
            if mine is None:
                continue
            value = message.value()
            try:
                word = read(message.key(), value)
                if isinstance(word, Known):
                    why = trouble(word.host, HEARTBEATS, word.host, value or b"", _headers(message))
                    if why:
                        raise Unproved(why)
                    if not mine.partition.hear(
                        word.host,
                        word.boot_id,
                        word.uptime,
                        word.every,
                        word.late,
                        word.leave,
                        word.links,
                        message.timestamp()[1],  # type: ignore[arg-type]
                    ):
                        self.counts["said before"] += mine.partition.is_live
                    continue
                self._take_other(mine, word, message)
            except (Undecodable, Unproved) as error:
                self._bury(message, error)

    def _take_other(self, mine: Owned, word: Pulse | Lifeline, message: Message) -> None:
        match word:
            case Pulse():
                self._pulsed(mine, word, message)
            case Lifeline():
                self._hold(mine, word, message)

    def _hold(self, mine: Owned, word: Lifeline, message: Message) -> None:
        """Take what a host says of its watchdog; Undecodable in a partition in which nobody looks for it."""
        if message.partition() != PARTITION:
            raise Undecodable(f"a lifeline of {word.host} belongs into partition {PARTITION}")
        value = message.value() or b""
        if why := self.proofs.trouble(word.host, HEARTBEATS, word.host, value, _headers(message)):
            raise Unproved(why)
        if not mine.partition.lifelines.hear(word, BrokerTime(message.timestamp()[1])):
            self.counts["said before"] += mine.partition.is_live

    def _pulsed(self, mine: Owned, pulse: Pulse, message: Message) -> None:
        """Take a pulse; conclude at it if it is our last one, and young."""
        is_ours = pulse.author == f"{self.author}/{mine.sent}"
        concludes = is_ours and self.clock() - mine.sent_at <= FRESH
        number, at = message.partition(), BrokerTime(message.timestamp()[1])
        assert number is not None, "a delivered message has its place"
        blind = mine.partition.blind
        found = self._watch.pulse(number, at, concludes=concludes)
        if mine.partition.blind > blind:
            log.warning(
                "partition %d: no pulse for %d ms, nothing is concluded from it",
                number,
                mine.partition.blind - blind,
            )
        self._say(found)
        if concludes:
            self._tell(mine, number, found)
            mine.kept = Kept(1 + (message.offset() or 0), found.since)

    def _say(self, found: Conclusions) -> None:
        for said in found.said:
            self.counts[said.fault.symptom.value] += 1
            self.out.send(_record(said))
            if said.is_news:
                log.warning("%s: %s", said.fault.host, _sentence(said.fault))

        for fault in found.resets:
            self.counts[fault.symptom.value] += 1
            self.out.send(outgoing(HOSTS, fault, trace={}, frame=encode(fault)))
            log.warning("%s: %s", fault.host, _sentence(fault))

    def _tell(self, mine: Owned, number: int, found: Conclusions) -> None:
        """Say in the log what is held against nobody."""
        if found.doubted:
            self.counts["doubted"] += found.doubted
            log.warning(
                "%d hosts of partition %d fell silent with most of those that broker %s serves: held back, look at "
                "the way there",
                found.doubted,
                number,
                mine.partition.road,
            )
        isolated = frozenset(found.isolated)
        for host in sorted(isolated - mine.isolated):
            lost = ", ".join(sorted(mine.partition.hosts[host].lost))
            log.warning("%s beats, and reaches nobody on: %s (see docs/operators/liveness.md)", host, lost)
        mine.isolated = isolated

    def _bury(self, message: Message, error: Exception) -> None:
        self.counts["unproved" if isinstance(error, Unproved) else "unreadable"] += 1
        second = int(self.clock())
        buried = self._buried[1] if self._buried[0] == second else 0
        if buried >= BURIED:
            return
        self._buried = second, buried + 1
        record = incoming(message)
        self.out.send(dead_letter(record, error, app=GROUP))
        log.warning(
            "%s %d offset %d is a dead letter: %s", HEARTBEATS, record.partition, record.offset, error
        )

    def states(self) -> Counter[str]:
        """Return how many hosts are in which state. May be called from another thread."""
        found = Counter[str](beating=0, silent=0, isolated=0, unwatched=0)
        for mine in list(self.owned.values()):
            for host in list(mine.partition.hosts.values()):
                found[_state(host.is_silent, host.is_watched, host.name in mine.isolated)] += 1
        return found

    @property
    def waits_for(self) -> str:
        """Why nothing is concluded yet; empty when it is."""
        blind = sorted(number for number, mine in list(self.owned.items()) if not mine.partition.is_live)
        return f"reading again what came before: partitions {blind}" if blind else ""


def stood_of(record: Incoming, said: object) -> Stood | None:
    """Return what a record of `kasugai.faults.host` says that stood; None for what we have not said."""
    if not isinstance(said, Fault) or said.observer != OBSERVER:
        return None
    kept = dict(record.headers)
    text = kept.get(UPTIME, b"")
    uptime = int(text) if text.isdigit() and len(text) <= DIGITS else 0
    former = tuple(kept.get(BOOTS, b"").decode(errors="replace").split()[-KEPT:])
    return Stood(Said(fault=said, uptime=Millis(uptime), former=former), BrokerTime(record.at))


def _landed(owned: Owned) -> Callable[[], None]:
    def done() -> None:
        owned.is_under_way = False

    return done


def _headers(message: Message) -> Sequence[tuple[str, bytes]] | None:
    """Return the headers; none where the client cannot show them, which nobody may end of."""
    try:
        found: Any = _ASK_HEADERS(message)
    except (SystemError, UnicodeDecodeError):
        return None
    return found  # type: ignore[no-any-return]  # of a consumed record they are pairs


def _record(said: Said) -> Outgoing:
    record = outgoing(HOSTS, said.fault, trace={}, frame=encode(said.fault))
    kept = ((UPTIME, str(said.uptime).encode()), (BOOTS, " ".join(said.former).encode()))
    return replace(record, headers=(*record.headers, *kept))


def _sentence(fault: Fault) -> str:
    match fault.symptom:
        case Symptom.DOWN:
            return f"down (episode {fault.episode}, boot {fault.boot_id})"
        case Symptom.OFF:
            return f"it is off: its watchdog has run out (boot {fault.boot_id})"
        case Symptom.ALIVE:
            return f"it beats again (boot {fault.boot_id})"
        case _:
            return "what was held against it is taken back"


def _state(is_silent: bool, is_watched: bool, is_isolated: bool) -> str:
    if is_silent:
        return "silent"
    if not is_watched:
        return "unwatched"
    return "isolated" if is_isolated else "beating"
