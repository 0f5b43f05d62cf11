"""Makes faults of what watches see: who says so, which occurrence it is, under which id, on which topic.

An occurrence is told apart from the next one by its boot and a number that never comes twice: the file counts it, and
it is at least the time since boot, so that not even a lost file repeats one. It knows nothing of Kafka.
"""

import logging
from collections.abc import Callable
from typing import Protocol

from kasugai.adapters.outbox import Episode, Waiting
from kasugai.agents.store import Store
from kasugai.core.words.log import LogRefused
from kasugai.core.words.signals import Fault, Source, Symptom, fault
from kasugai.core.words.subject import Kind, Subject
from kasugai.core.words.timing import Instant, Millis
from kasugai.schemas.headers import own_headers
from kasugai.schemas.topics import FAULTS, PEERS
from kasugai.schemas.writing import writer_of, written

log = logging.getLogger(__name__)


class Clocks(Protocol):
    """The times that an agent needs."""

    def uptime(self) -> Millis:
        """Return how long the machine has been up."""

    def now(self) -> Instant:
        """Return this machine's time of day."""


class Teller:
    """The `Voice` of all watches of an agent."""

    def __init__(
        self, *, host: str, boot_id: str, clocks: Clocks, store: Store, wake: Callable[[], None]
    ) -> None:
        """Speak for `host` in its present boot; `wake` is called when something new is in the store."""
        self._host = host
        self._boot_id = boot_id
        self._clocks = clocks
        self._store = store
        self._wake = wake
        self._writer = writer_of(Fault)

    def say(self, subject: Subject, symptom: Symptom, *, again: bool = False, seen: str = "") -> None:
        """Keep the promise of `ports.Voice`."""
        standing = self._store.episode_of(subject.name)
        match symptom:
            case Symptom.CLEAR if standing is not None:
                self._put(subject, symptom, standing, stands=False)
            case Symptom.CLEAR:
                return  # nothing of ours stands
            case _ if again and standing is not None and standing.boot_id == self._boot_id:
                self._put(subject, symptom, standing, stands=True, repeats=True)
            case _:
                self._put(subject, symptom, self._begun(), stands=True)
        level = logging.DEBUG if again else logging.INFO
        log.log(level, "%s is %s%s", subject, symptom, f": {seen}" if seen else "")

    def _begun(self) -> Episode:
        return Episode(boot_id=self._boot_id, episode=str(self._store.number(self._clocks.uptime())))

    def _put(
        self, subject: Subject, symptom: Symptom, episode: Episode, *, stands: bool, repeats: bool = False
    ) -> None:
        said = self._fault(subject, symptom, episode)
        try:
            value = written(said, self._writer)
        except LogRefused as error:
            log.error("what was seen of %s cannot be told: %s", subject, error)  # noqa: TRY400 - a line says it all
            return
        record = Waiting(
            id=str(said.event_id),
            topic=_topic_of(subject),
            key=subject.host,
            value=value,
            headers=own_headers(said),
            repeats=repeats,
        )
        self._store.put(record, subject.name, episode if stands else None)
        self._wake()

    def _fault(self, subject: Subject, symptom: Symptom, episode: Episode) -> Fault:
        """A fault's boot is that of the subject's host, which nobody knows of another one: then the episode says it."""
        own = subject.host == self._host
        return fault(
            host=subject.host,
            kind=subject.kind,
            detail=subject.detail,
            observer=f"host/{self._host}",
            source=Source.PEER if subject.kind is Kind.HOST else Source.HEARTBEAT,
            symptom=symptom,
            boot_id=episode.boot_id if own else "",
            episode=episode.episode if own else f"{episode.boot_id}/{episode.episode}",
            observed_at=self._clocks.now(),
        )


def _topic_of(subject: Subject) -> str:
    return PEERS if subject.kind is Kind.HOST else FAULTS[subject.kind]
