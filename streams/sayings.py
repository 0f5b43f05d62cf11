"""Holds a fault to what its topic may carry: the contract files say it, and nothing that a sender says of itself.

A Kafka record does not tell who wrote it. What is known of its writer is that the broker let it write to that topic
(its ACLs are drawn from the same contracts), so trust is the topic's. What a fault says of its observer is only held
against the rest of it.
"""

from collections.abc import Mapping
from functools import cache
from typing import assert_never

from kasugai.core.words.identity import event_id
from kasugai.core.words.signals import Fault, Source
from kasugai.core.words.subject import Subject
from kasugai.schemas.topics import About, Saying, contracts

AGENT = "host/"
"""What an agent's name begins with, before the host that it runs on."""


class Unsaid(Exception):
    """A fault that its topic may not carry: nobody who writes there is trusted with it."""


class Renamed(Exception):
    """A record whose id does not follow from what it says."""


class Misnamed(Exception):
    """A subject under a name that nothing of its kind has."""


def check_name(subject: Subject) -> None:
    """Misnamed for a subject that no incident could be about under that name; the message says why."""
    why = subject.why_misnamed()
    if why:
        raise Misnamed(why)


def check_saying(fault: Fault, topic: str) -> None:
    """Unsaid for a fault that no row of the topic's table allows; the message says which part does not fit."""
    allowed = _rows(topic)
    saying = allowed.get(fault.source)
    if saying is None:
        raise Unsaid(
            f"{topic} carries no word of the kind {fault.source} ({', '.join(sorted(allowed))} only)"
        )
    if fault.symptom not in saying.symptoms:
        raise Unsaid(f"{fault.source} may not say {fault.symptom} on {topic}")
    if fault.subject.kind not in saying.of:
        raise Unsaid(f"{fault.source} may not speak of a {fault.subject.kind} on {topic}")
    if saying.processes and not fault.subject.is_host and fault.subject.detail not in saying.processes:
        named = ", ".join(sorted(saying.processes))
        raise Unsaid(f"{fault.source} may speak of no process on {topic} but {named}")
    if fault.asserted and not saying.asserts:
        raise Unsaid(f"{fault.source} may not assert on {topic} that a host has been fenced")
    if not _fits(saying.about, fault):
        raise Unsaid(
            f"{fault.source} speaks of {saying.about} on {topic}, not as {fault.observer} of {fault.host}"
        )


@cache
def _rows(topic: str) -> Mapping[Source, Saying]:
    return {saying.source: saying for saying in contracts()[topic].says}


def check_id(fault: Fault) -> None:
    """Renamed for a fault under an id that is not derived from it: it could hide another one, or be taken for it."""
    derived = event_id(fault.observer, fault.subject.name, fault.symptom, fault.boot_id, fault.episode)
    if fault.event_id != derived:
        raise Renamed(f"its event id is {fault.event_id}, what it says gives {derived}")


def _fits(about: About, fault: Fault) -> bool:
    own = f"{AGENT}{fault.host}"
    match about:
        case About.ITSELF:
            return fault.observer == own
        case About.OTHERS:
            return fault.observer.startswith(AGENT) and fault.observer != own
        case About.ANYONE:
            return True
        case _:
            assert_never(about)
