"""Verdicts as correlate decides them, and whoever hears of them outside: for tests of announcements."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from kasugai.adapters.web import Answer, Unanswered
from kasugai.announcers.ports import Known
from kasugai.core.recovering.doors import LedgerAway
from kasugai.core.words.subject import Subject
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Reason, Verb, Verdict
from tests.support.incidents import INCIDENT, SEGMENT, START, decided

KEYS = (b"k" * 32,)


def verdict(
    verb: Verb, reason: Reason, *, n: int = 1, incident: UUID | None = INCIDENT, **changes: Any
) -> Verdict:
    """Return the n-th verdict about cmp1, a second after the one before."""
    usual: dict[str, Any] = {"verdict_id": UUID(int=n), "at": BrokerTime(START + 1000 * n)}
    return replace(decided(verb, reason, incident), **usual | changes)


STORY = (
    verdict(Verb.OPEN, Reason.CONFIRMED, n=1),
    verdict(Verb.HOLD, Reason.NO_FENCE_DEVICE, n=2),
    verdict(Verb.REOPEN, Reason.COMMAND, n=3),
    verdict(Verb.CLOSE, Reason.RECOVERED, n=4),
)
"""One incident to its end."""


def told_now(one: Verdict) -> Verdict:
    """Return the verdict as if it were decided now."""
    return replace(one, at=BrokerTime(int(time.time() * 1000)))


NAMES: Mapping[str, str] = {SEGMENT: "rack1"}


def about(kind_subject: Subject, one: Verdict) -> Verdict:
    """Return the verdict about another subject."""
    return replace(one, subject=kind_subject)


@dataclass(frozen=True, slots=True)
class Sent:
    """One message."""

    method: str
    url: str
    body: Any
    headers: Mapping[str, str]


@dataclass
class Chat:
    """A receiver in memory: it takes what is sent unless it is told to be away."""

    sent: list[Sent] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    """What it answers next; afterwards it takes everything."""
    is_away: bool = False

    async def send(
        self, method: str, url: str, body: bytes, headers: Mapping[str, str], *, ca_file: str, proxy: str
    ) -> Answer:
        """Take a message."""
        if self.is_away:
            raise Unanswered("does not answer: Connection refused")
        self.sent.append(Sent(method, url, json.loads(body), headers))
        number = len(self.sent)
        return self.answers.pop(0) if self.answers else answer(200, {"ok": True, "ts": f"ts-{number}"})


def answer(status: int, data: Any = None, **headers: str) -> Answer:
    """Return an answer."""
    found = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status=status, headers=found, body=json.dumps(data).encode())


@dataclass
class Memory:
    """What was told to whom."""

    known_: dict[tuple[str, str], Known] = field(default_factory=dict)
    is_away: bool = False

    async def known(self, receiver: str, key: str) -> Known | None:
        """Return what it was told."""
        self._answer()
        return self.known_.get((receiver, key))

    async def learn(self, receiver: str, key: str, known: Known) -> None:
        """Remember."""
        self._answer()
        self.known_[receiver, key] = known

    async def forget(self, receiver: str, key: str) -> None:
        """Forget."""
        self._answer()
        self.known_.pop((receiver, key), None)

    def _answer(self) -> None:
        if self.is_away:
            raise LedgerAway("redis://:secret@redis is away")
