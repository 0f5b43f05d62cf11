"""What an agent says that lies: all that its login may write to the agents' topic about other hosts, and more. Pure.

It knows the words and who may say them; it does not know what is made of them.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from kasugai.adapters.kafka.records import Outgoing
from kasugai.core.words.signals import Fault, Source, Symptom, fault
from kasugai.schemas.codec import encode
from kasugai.schemas.topics import PEERS
from kasugai.streams.sayings import AGENT
from tests.chaos.spoiled import OURS, Shot


class Lie(StrEnum):
    """What it says, all of it on the topic of agents."""

    DOWN = "healthy hosts are down"
    FORGED = "all agents say that a healthy host is down"
    EACH = "healthy hosts are down, each by another's name"
    CROWD = "hundreds of names say that a healthy host is down"
    NAMES = "hundreds of hosts that nobody knows are down"
    CLEAR = "all agents take back that a dead host is down"
    ALIVE = "a dead host is alive"
    OFF = "a healthy host's power is off"
    ASSERTED = "a healthy host was fenced"
    KINDS = "other kinds of witnesses say that a healthy host is down"
    ITSELF = "a healthy host says that it is down"
    RENAMED = "a healthy host is down, under another fault's id"
    STOLEN = "all agents say that a healthy host is down, signed by the liar"
    BARE = "all agents take back that a dead host is down, signed by nobody"
    AGAIN = "a healthy host is down, sent twice as it is"


FLOOD = 200
"""So many names."""


@dataclass(frozen=True, slots=True)
class Hosts:
    """Who stands where when a lie is told."""

    living: Sequence[str]
    dead: Sequence[str]
    """Hosts without power; empty when there are none."""


@dataclass(frozen=True, slots=True)
class Lies:
    """What is published."""

    told: tuple[Fault, ...] = ()
    """What an agent may say: one witness of one kind, and each gets a verdict."""
    unsaid: tuple[Fault, ...] = ()
    """What it may not say: dead letters."""
    forged: tuple[tuple[Fault, str], ...] = ()
    """What is said in another's name, and the host that signs it ("" for nobody): dead letters."""
    are_sent_twice: bool = False
    """Whether each word that is told is sent once more as it was: the second one is a dead letter."""

    @property
    def all(self) -> tuple[Fault, ...]:
        """Return every word."""
        return (*self.told, *self.unsaid, *(each for each, _ in self.forged))

    @property
    def shots(self) -> list[Shot]:
        """Return them as records."""
        said = [shot for each in self.told for shot in self._told(each)]
        forged = [*self.forged, *((each, _own(each)) for each in self.unsaid)]
        return said + [
            Shot(_record(each), f"a lie of {each.observer} about {each.host}", signer=signer)
            for each, signer in forged
        ]

    def _told(self, each: Fault) -> list[Shot]:
        once = Shot(_record(each), fault=each, signer=_own(each))
        again = replace(once, doomed=f"{each.observer} about {each.host} once more", fault=None, again=True)
        return [once, again] if self.are_sent_twice else [once]

    def taken_back(self, salt: int) -> "Lies":
        """Return the words by which the same observers take it back."""
        return Lies(
            told=tuple(
                _said(each.host, each.observer, f"{salt}-{n}", symptom=Symptom.CLEAR)
                for n, each in enumerate(self.told)
                if each.symptom is Symptom.DOWN
            )
        )


def _own(each: Fault) -> str:
    """Return the host whose word it is: names that are told are those of agents who have their own keys."""
    return each.observer.removeprefix(AGENT)


def _record(each: Fault) -> Outgoing:
    return Outgoing(topic=PEERS, key=each.host.encode(), value=encode(each), headers=OURS)


def _said(
    host: str,
    observer: str,
    episode: str,
    *,
    symptom: Symptom = Symptom.DOWN,
    source: Source = Source.PEER,
    asserted: bool = False,
) -> Fault:
    return fault(
        host=host,
        observer=observer,
        source=source,
        symptom=symptom,
        episode=f"lie-{episode}",
        asserted=asserted,
    )


def lies(chance: random.Random, lie: Lie, hosts: Hosts, salt: int) -> Lies:
    """Return a lie about hosts as they stand; nothing where there is nobody to lie about. `salt` tells
    it from others."""
    liar, *others = chance.sample(list(hosts.living), len(hosts.living))
    if lie in ABOUT_THE_DEAD:
        return _about_the_dead(lie, chance.choice(list(hosts.dead)), others, salt) if hosts.dead else Lies()
    return HEALTHY[lie](f"host/{liar}", others, str(salt))


def _about_the_dead(lie: Lie, host: str, living: Sequence[str], salt: int) -> Lies:
    if lie is Lie.ALIVE:
        said = [(f"host/{living[0]}", 0), (f"host/{host}", 1)]
        return Lies(unsaid=tuple(_said(host, who, f"{salt}-{n}", symptom=Symptom.ALIVE) for who, n in said))
    names = [f"host/{name}" for name in living]
    back = tuple(_said(host, who, f"{salt}-{n}", symptom=Symptom.CLEAR) for n, who in enumerate(names))
    return Lies(forged=tuple((each, "") for each in back)) if lie is Lie.BARE else Lies(told=back)


def _down(liar: str, others: Sequence[str], salt: str) -> Lies:
    return Lies(told=tuple(_said(host, liar, salt) for host in others))


def _forged(_: str, others: Sequence[str], salt: str) -> Lies:
    host, *names = others
    return Lies(told=tuple(_said(host, f"host/{name}", salt) for name in names))


def _each(_: str, others: Sequence[str], salt: str) -> Lies:
    half = len(others) // 2
    pairs = zip(others[:half], others[half:], strict=False)
    return Lies(told=tuple(_said(host, f"host/{name}", salt) for host, name in pairs))


def _stolen(liar: str, others: Sequence[str], salt: str) -> Lies:
    host, *names = others
    signer = liar.removeprefix(AGENT)
    return Lies(forged=tuple((_said(host, f"host/{name}", salt), signer) for name in names))


def _again(liar: str, others: Sequence[str], salt: str) -> Lies:
    return Lies(told=(_said(others[0], liar, salt),), are_sent_twice=True)


def _crowd(_: str, others: Sequence[str], salt: str) -> Lies:
    return Lies(told=tuple(_said(others[0], f"host/ghost-{salt}-{n}", salt) for n in range(FLOOD)))


def _names(liar: str, _: Sequence[str], salt: str) -> Lies:
    return Lies(told=tuple(_said(f"ghost-{salt}-{n}", liar, salt) for n in range(FLOOD)))


def _off(liar: str, others: Sequence[str], salt: str) -> Lies:
    return Lies(unsaid=(_said(others[0], liar, salt, symptom=Symptom.OFF),))


def _asserted(liar: str, others: Sequence[str], salt: str) -> Lies:
    return Lies(unsaid=(_said(others[0], liar, salt, asserted=True),))


def _kinds(liar: str, others: Sequence[str], salt: str) -> Lies:
    kinds = [kind for kind in Source if kind is not Source.PEER]
    return Lies(unsaid=tuple(_said(others[0], liar, f"{salt}-{kind}", source=kind) for kind in kinds))


def _itself(_: str, others: Sequence[str], salt: str) -> Lies:
    return Lies(unsaid=(_said(others[0], f"host/{others[0]}", salt),))


def _renamed(liar: str, others: Sequence[str], salt: str) -> Lies:
    said, other = _said(others[0], liar, salt), _said(others[0], liar, f"{salt}-other")
    return Lies(unsaid=(replace(said, event_id=other.event_id),))


ABOUT_THE_DEAD = frozenset({Lie.CLEAR, Lie.ALIVE, Lie.BARE})
HEALTHY: Mapping[Lie, Callable[[str, Sequence[str], str], Lies]] = {
    Lie.DOWN: _down,
    Lie.FORGED: _forged,
    Lie.EACH: _each,
    Lie.CROWD: _crowd,
    Lie.NAMES: _names,
    Lie.OFF: _off,
    Lie.ASSERTED: _asserted,
    Lie.KINDS: _kinds,
    Lie.ITSELF: _itself,
    Lie.RENAMED: _renamed,
    Lie.STOLEN: _stolen,
    Lie.AGAIN: _again,
}
"""What is said, by the liar's name, about all other living hosts in a drawn order."""
