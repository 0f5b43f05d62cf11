"""Derives every id from what it names, so that a replay, a re-send or a second owner arrives at the same id.

Nothing here is random: ids are version 5 uuids over the parts, joined by a byte that no part may hold.
"""

from uuid import UUID, uuid5

NAMESPACE = UUID("6b617375-6761-5900-8000-6b6173756761")
"""Kasugai's own name space; changing it renames everything ever recorded."""

_SEPARATOR = "\x1f"


def derive(*parts: str | int | UUID) -> UUID:
    """Return the uuid of `parts`; equal parts give equal ids in every process and on every day."""
    return uuid5(NAMESPACE, _SEPARATOR.join(str(part) for part in parts))


def event_id(observer: str, subject: str, symptom: str, boot_id: str, episode: str) -> UUID:
    """Return the id of one fault. An observer that re-sends an episode gives the same id (architecture.md 4)."""
    return derive("event", observer, subject, symptom, boot_id, episode)


def incident_id(kind: str, host_uuid: str, opener: UUID, previous: UUID | None) -> UUID:
    """Return the id of the incident that `opener` opens after `previous`, the host's last incident if any."""
    return derive("incident", kind, host_uuid, opener, previous or "")


def fact_id(incident: UUID, attempt: int, step: str, kind: str, epoch: int, n: int) -> UUID:
    """Return the id of one fact of a recovery; a repeated publication of it carries the same id."""
    return derive("fact", incident, attempt, step, kind, epoch, n)


def verdict_id(segment: str, subject: str, offset: int, part: int) -> UUID:
    """Return the id of the verdict that the record at `offset` of the segment's mailbox gave about `subject`."""
    return derive("verdict", segment, subject, offset, part)


def step_key(action: str, subject: str) -> str:
    """Return a step's key, `action:subject`: the name of a wished-for state, the same in every attempt."""
    return f"{action}:{subject}"
