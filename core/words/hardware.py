"""A host's hardware as a subject of its own: what is said to be degraded is not down, and the host lives on.

It is told of as a process of the host is, under a name that no process has (ADR 31).
"""

from kasugai.core.words.subject import Subject, process_subject

HARDWARE = "hardware"
"""The name that stands for the host's memory, disks, network cards, fans, ... as a whole."""


def hardware_subject(host: str) -> Subject:
    """Return the subject that is a host's hardware."""
    return process_subject(host, HARDWARE)


def is_hardware(subject: Subject) -> bool:
    """Whether it is a host's hardware, and no process on it."""
    return subject.detail == HARDWARE and subject == hardware_subject(subject.host)
