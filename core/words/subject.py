"""Whom something is about: a host, a process on it, an instance, a segment as a whole, or what hosts share.

A subject travels as a value on every fault, verdict, order, fact and command. Its name is for people and for keys;
nobody reads a subject back out of a name.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from kasugai.core.words.domains import Domain


class Kind(StrEnum):
    """What kind of thing is spoken of."""

    HOST = "host"
    PROCESS = "process"
    INSTANCE = "instance"
    SEGMENT = "segment"
    """A segment as a whole: verdicts may be about one, incidents never are."""
    DOMAIN = "domain"
    """A failure domain that hosts share (a rack, a PDU): verdicts may be about one, incidents never are."""


INCIDENT_KINDS = (Kind.HOST, Kind.PROCESS, Kind.INSTANCE)
"""What faults and incidents are about; each kind has topics of its own."""


UUID = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""An instance's uuid as Nova writes it."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Subject:
    """One host, process, instance, segment or failure domain; sorts by kind, then host, then detail."""

    kind: Kind
    host: str = ""
    """Nova's service host, byte for byte, that it is or runs on; empty for a segment and a domain."""
    detail: str = ""
    """The process's name, the instance's uuid, the segment's name or the domain's kind and name; empty for a host."""

    @property
    def name(self) -> str:
        """Its name, unique within its segment: `host/cmp1`, `instance/UUID`, `process/cmp1/nova-compute`,
        `segment/rack1`, `domain/pdu/pdu-3`."""
        match self.kind:
            case Kind.HOST:
                return f"host/{self.host}"
            case Kind.PROCESS:
                return f"process/{self.host}/{self.detail}"
            case Kind.INSTANCE | Kind.SEGMENT | Kind.DOMAIN:
                return f"{self.kind}/{self.detail}"
            case _:
                assert_never(self.kind)

    @property
    def title(self) -> str:
        """What people call it: a host by its name alone, a domain by its kind and name, everything else by its full
        name."""
        return self.host if self.is_host else self.detail if self.is_domain else self.name

    @property
    def is_host(self) -> bool:
        """Whether it is a host itself."""
        return self.kind is Kind.HOST

    @property
    def is_domain(self) -> bool:
        """Whether it is a failure domain."""
        return self.kind is Kind.DOMAIN

    def why_misnamed(self) -> str:
        """Return why nothing of its kind has that name; empty where something may have it. An instance goes by its uuid
        as Nova writes it: in another spelling it would be a second one with a budget of its own, and what is no uuid
        would become a part of a request's path. A host with a detail would be a second one of that name."""
        match self.kind:
            case Kind.INSTANCE if UUID.fullmatch(self.detail) is None:
                return f"{self.detail!r} is no uuid of an instance as Nova writes it (small letters, hyphens)"
            case Kind.PROCESS | Kind.SEGMENT | Kind.DOMAIN if self.detail == "":
                return f"a {self.kind} that has no name"
            case Kind.HOST if self.detail:
                return f"the host {self.host} with a detail, {self.detail!r}: only instances and processes have one"
            case _:
                return ""

    def answers_to(self, word: str) -> bool:
        """Whether a person who says `word` means it: its name, its host's or its own; a domain's also without its
        kind."""
        bare = self.is_domain and self.detail.endswith(f"/{word}")
        return word != "" and (bare or word in (self.name, self.host, self.detail))

    def __hash__(self) -> int:
        """Return a hash of the names, which Python keeps with the text; of the kind it would be counted each time."""
        return hash((self.host, self.detail))

    def __str__(self) -> str:
        """Return the name."""
        return self.name


class OfSubject:
    """What speaks of one subject."""

    __slots__ = ()

    subject: Subject

    @property
    def host(self) -> str:
        """The host that its subject is or runs on: the key of its record where it has one of its own."""
        return self.subject.host


class OfKind(OfSubject):
    """What also goes by its subject's kind."""

    __slots__ = ()

    @property
    def kind(self) -> Kind:
        """The kind of its subject."""
        return self.subject.kind


def host_subject(host: str) -> Subject:
    """Return the subject that is a host."""
    return Subject(kind=Kind.HOST, host=host)


def process_subject(host: str, process: str) -> Subject:
    """Return the subject that is a process on a host."""
    return Subject(kind=Kind.PROCESS, host=host, detail=process)


def segment_subject(name: str) -> Subject:
    """Return the subject that is a segment as a whole."""
    return Subject(kind=Kind.SEGMENT, detail=name)


def domain_subject(domain: Domain) -> Subject:
    """Return the subject that is a failure domain."""
    return Subject(kind=Kind.DOMAIN, detail=domain.title)
