"""One partition of heartbeats as a fold: beats and pulses in, faults out, in the order of the log.

Its time is the broker's. Silence is counted between a beat and a pulse, and never across a pause between two pulses
(nobody knows what would have come in it). Conclusions are drawn at pulses alone, and only at those of which the caller
says that they are its own and fresh: whoever reads what is old is silent about it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from kasugai.core.watching.host import Held, Host, Standing
from kasugai.core.watching.isolation import Census
from kasugai.core.watching.lifelines import Lifelines
from kasugai.core.watching.rules import FEW, MANY, Rules
from kasugai.core.words.heartbeats import Leave, Link
from kasugai.core.words.signals import Fault, Source, Symptom, fault
from kasugai.core.words.timing import BrokerTime, Millis

OBSERVER = "liveness"
"""As whom it speaks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What is to be published about a host."""

    fault: Fault
    uptime: Millis
    """Of its last beat: a successor must know it, or that beat could be said again."""
    former: tuple[str, ...] = ()
    """Boots that others have followed: likewise."""
    is_news: bool = True
    """Whether it was not said before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusions:
    """What follows from one pulse."""

    said: tuple[Said, ...] = ()
    resets: tuple[Fault, ...] = ()
    """What follows from lifelines: whose watchdog has reset it, and of whom that is taken back."""
    doubted: int = 0
    """So many hosts are silent and are not said to be: too many of their road fell silent at once."""
    isolated: tuple[str, ...] = ()
    """Hosts that are isolated and of which nothing is said, since the matrix names no such case."""
    since: BrokerTime = BrokerTime(0)
    """Since when beats must be read again by who takes over here, and knows all that was said."""


NOTHING = Conclusions()


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What only whoever sees several partitions knows; asked when it matters."""

    doubt: Callable[[], bool] = lambda: False
    """Whether so many hosts fell silent at once that the doubt falls on their road."""
    census: Callable[[], Census] = Census
    """What all hosts see of the networks."""


ALONE = Around()


@dataclass(slots=True)
class Partition:
    """The hosts whose beats stand in one partition."""

    rules: Rules
    road: str = ""
    """What its hosts share on their way to the log: the broker that leads it."""
    hosts: dict[str, Host] = field(default_factory=dict)
    lifelines: Lifelines = field(default_factory=Lifelines)
    """Empty in all partitions but one."""
    is_live: bool = False
    """Whether a pulse has been concluded upon: before that nothing is known to be silent."""
    pulsed_at: BrokerTime = BrokerTime(0)
    blind: Millis = Millis(0)
    """Time that passed between pulses that stood too far apart, all told."""
    _floor: BrokerTime = BrokerTime(0)
    """Where silence begins at the earliest: the first pulse of an unbroken row."""
    _late: Millis = Millis(0)
    _former: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Boots that are over, by host: what a predecessor said of those that beat."""

    def __post_init__(self) -> None:
        """A loop that was later than that is no measure of its host."""
        self._late = Millis(self.rules.silence // 2)

    def hear(  # noqa: PLR0917 - there are 80,000 a second
        self,
        name: str,
        boot_id: str,
        uptime: Millis,
        every: Millis,
        late: Millis,
        leave: Leave,
        links: tuple[Link, ...],
        at: BrokerTime,
    ) -> bool:
        """Take a proven beat, in the order of the log; False for an old one said again, which counts for nothing, and
        for one of more hosts than are watched. By position: there are 80,000 a second."""
        host = self.hosts.get(name)
        if host is None:
            former = self._former.get(name, ())
            if len(self.hosts) >= MANY or boot_id in former:
                return False
            host = self.hosts[name] = Host(name=name, boot_id=boot_id, uptime=uptime, at=at, former=former)
        elif host.is_old(boot_id, uptime, at) or (at <= host.at and not self.is_live):
            return False
        elif host.boot_id != boot_id:
            host.boot(boot_id)
        host.uptime, host.at, host.every, host.leave, host.has_beaten = uptime, at, every, leave, True
        if late > self._late:
            host.late, host.late_at = late, at
        if links is not host.links:
            host.see(links, at)
        return True

    def stand(self, said: Said, at: BrokerTime) -> None:
        """Take over what a predecessor last said of a host, at the broker's `at`: before the beats that are read again,
        among which there may be some of the dead that were said again."""
        word = said.fault
        if word.symptom is not Symptom.DOWN:
            self._former[word.host] = said.former
            return
        held = Held.ISOLATED if word.episode.endswith(Held.ISOLATED.value) else Held.SILENT
        self.hosts[word.host] = Host(
            name=word.host,
            boot_id=word.boot_id,
            uptime=said.uptime,
            at=since(word.episode),
            said=Standing(held=held, episode=word.episode, boot_id=word.boot_id, said_at=at),
            has_beaten=held is not Held.SILENT,
            former=said.former,
        )

    def pulse(self, at: BrokerTime, *, concludes: bool, around: Around = ALONE) -> Conclusions:
        """Take a pulse, anybody's; where it `concludes`, return what is to be said."""
        gap = at - self.pulsed_at
        if not -self.rules.blind_after <= gap <= self.rules.blind_after:
            self._floor = at
            self.blind = Millis(self.blind + (gap if self.pulsed_at and gap > 0 else 0))
        self.pulsed_at = at
        if not concludes:
            return NOTHING
        if not self.is_live:
            self.is_live, self._floor = True, at
        return self._conclude(at, around)

    def silence(self, host: Host) -> Millis:
        """Return how long a host has not beaten by the last pulse, as far as that was seen."""
        return Millis(self.pulsed_at - max(host.at, self._floor))

    def falling(self) -> tuple[int, int]:
        """Return how many hosts fell silent within the last two lengths of `silence`, and how many there are besides
        those that have been silent for longer."""
        soon, long = self.rules.silence // 2, 2 * self.rules.silence
        silences = [self.silence(host) for host in self.hosts.values() if host.is_watched]
        return sum(soon < s <= long for s in silences), sum(s <= long for s in silences)

    def count(self, census: Census) -> None:
        """Count what the hosts that beat see of the networks."""
        for host in self.hosts.values():
            if self._beats(host):
                census.count(host.links)

    def _conclude(self, at: BrokerTime, around: Around) -> Conclusions:
        """Look at those of whom something may be new; nearly all beat, and nothing stands against them."""
        edge = at - self.rules.silence
        looked = [h for h in self.hosts.values() if h.at < edge or h.said or h.lost or h.has_booted]
        falling = [host for host in looked if self._falls(host)]
        doubted = [host for host in falling if self._is_early(host)] if falling and around.doubt() else []
        said = [self._hold(h, Held.SILENT, h.episode, at) for h in falling if h not in doubted]
        others = [host for host in looked if host not in falling and not self._is_forgotten(host)]
        census = around.census() if any(host.lost for host in others) else Census()
        isolated = {host.name for host in others if self._is_isolated(host, at, census)}
        for host in others:
            is_witness = host.name in isolated and self.rules.is_witness(host.lost)
            word = self._word(host, at, is_witness=is_witness)
            said += [word] if word is not None else []
        untold = tuple(h.name for h in others if h.name in isolated and not self.rules.is_witness(h.lost))
        resets = tuple(self.lifelines.conclude(at, self._floor, self.rules.repeat))
        since = self._needed(at)
        return Conclusions(
            said=tuple(said), resets=resets, doubted=len(doubted), isolated=untold, since=since
        )

    def _needed(self, at: BrokerTime) -> BrokerTime:
        """Return since when beats must be read again by who takes over; what is older than `memory` nobody reads.
        Lifelines are read as far back as that: a proof stands on what neighbours have told, and on no dispute."""
        oldest = BrokerTime(at - self.rules.memory)
        if self.lifelines.lines:
            return oldest
        return min((n for h in self.hosts.values() if (n := h.needed(at, oldest)) >= oldest), default=at)

    def _falls(self, host: Host) -> bool:
        """Whether a host is silent of which that has not been said."""
        patience = host.patience(self.rules, self.pulsed_at)
        return host.is_watched and not host.is_silent and self.silence(host) > patience

    def _is_early(self, host: Host) -> bool:
        """Whether a doubt still helps: it is held back for as long again, and no longer."""
        return self.silence(host) <= 2 * host.patience(self.rules, self.pulsed_at)

    def _beats(self, host: Host) -> bool:
        return host.is_watched and self.silence(host) <= self.rules.silence

    def _is_forgotten(self, host: Host) -> bool:
        """Whether a host was silent for so long that it is watched no more; it is forgotten then."""
        is_over = self.silence(host) > self.rules.forget
        if is_over:
            del self.hosts[host.name]
        return is_over

    def _is_isolated(self, host: Host, at: BrokerTime, census: Census) -> bool:
        """Whether it beats, and reaches nobody where others do, for long enough."""
        if not host.lost or at - host.lost_since < self.rules.isolation or not self._beats(host):
            return False
        return census.working(host.lost) == host.lost

    def _word(self, host: Host, at: BrokerTime, *, is_witness: bool) -> Said | None:
        """Return what is to be said of a host that has not just fallen silent."""
        if host.is_silent:
            return self._again(host, at)
        if host.has_booted or (host.said is not None and host.said.held is Held.SILENT):
            host.said, host.has_booted = None, False
            return _say(host, Symptom.ALIVE, str(host.at), at)
        if host.said is None:
            return self._hold(host, Held.ISOLATED, _isolation(host), at) if is_witness else None
        if is_witness or not self._beats(host):
            return self._again(host, at)
        host.said = None
        return _say(host, Symptom.CLEAR, str(host.at), at)

    def _again(self, host: Host, at: BrokerTime) -> Said | None:
        """Repeat what stands, under its id, when it is time."""
        assert host.said is not None, "something stands"
        if at - host.said.said_at < self.rules.repeat:
            return None
        host.said = replace(host.said, said_at=at)
        return replace(_say(host, Symptom.DOWN, host.said.episode, at, host.said.boot_id), is_news=False)

    def _hold(self, host: Host, held: Held, episode: str, at: BrokerTime) -> Said:
        host.said = Standing(held=held, episode=episode, boot_id=host.boot_id, said_at=at)
        host.has_beaten = host.has_beaten and held is not Held.SILENT
        host.has_booted = False
        return _say(host, Symptom.DOWN, episode, at)


def _isolation(host: Host) -> str:
    return f"{host.lost_since}-{Held.ISOLATED}"


def since(episode: str) -> BrokerTime:
    """Return the broker's time that an episode of ours begins with; 0 for what is no such word."""
    digits = episode.partition("-")[0]
    return BrokerTime(int(digits) if digits.isascii() and digits.isdigit() else 0)


def is_crowd(fallen: int, hosts: int) -> bool:
    """Whether so many of so many hosts of a road fell silent at once that the doubt falls on the road."""
    return fallen >= FEW and 2 * fallen > hosts


def _say(host: Host, symptom: Symptom, episode: str, at: BrokerTime, boot_id: str = "") -> Said:
    word = fault(
        host=host.name,
        observer=OBSERVER,
        source=Source.HEARTBEAT,
        symptom=symptom,
        episode=episode,
        boot_id=boot_id or host.boot_id,
        observed_at=at,
    )
    return Said(fault=word, uptime=host.uptime, former=host.former)
