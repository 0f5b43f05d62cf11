"""Segments and hosts as the inventory topic describes them, and what a change to them must obey.

A fold of the topic's records in order, and pure: it knows no Kafka. Which hosts are in trouble is not its business.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Self

from kasugai.core.words.domains import MOST
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.timing import Instant

Description = SegmentRecord | HostRecord


class Conflict(Exception):
    """A change does not fit what is there; the message says what and who."""


@dataclass(slots=True)
class Inventory:
    """All descriptions; deleted ones are kept for their versions and shown to nobody."""

    _segments: dict[str, SegmentRecord] = field(default_factory=dict)
    _hosts: dict[str, HostRecord] = field(default_factory=dict)
    _host_uuids: dict[str, str] = field(default_factory=dict)

    def segments(self) -> Iterator[SegmentRecord]:
        """Return the segments that are not deleted."""
        return (segment for segment in self._segments.values() if not segment.deleted)

    def hosts(self, segment_id: str | None = None) -> Iterator[HostRecord]:
        """Return the hosts that are not deleted: all, or those of a segment."""
        return (
            host
            for host in self._hosts.values()
            if not host.deleted and segment_id in (None, host.segment_id)
        )

    def segment(self, segment_id: str) -> SegmentRecord | None:
        """Return a segment by its id."""
        found = self._segments.get(segment_id)
        return None if found is None or found.deleted else found

    def host(self, host_uuid: str) -> HostRecord | None:
        """Return a host by its uuid."""
        found = self._hosts.get(host_uuid)
        return None if found is None or found.deleted else found

    def host_named(self, name: str) -> HostRecord | None:
        """Return a host by Nova's name of it, byte for byte."""
        return self.host(self._host_uuids.get(name, ""))

    def put(self, record: Description) -> bool:
        """Take a record of the topic; False when it is not newer than what is there."""
        old = self.newest(record)
        if old is not None and old.version >= record.version:
            return False
        match record:
            case SegmentRecord():
                self._segments[record.segment_id] = record
            case HostRecord():
                self._put_host(record)
        return True

    def newest(self, record: Description) -> Description | None:
        """Return what is there under the id of `record`, deleted or not."""
        match record:
            case SegmentRecord():
                return self._segments.get(record.segment_id)
            case HostRecord():
                return self._hosts.get(record.host_uuid)

    def highest(self, kind: type[Description]) -> int:
        """Return the highest number that a segment or a host has ever had; 0 before the first."""
        records = self._segments if kind is SegmentRecord else self._hosts
        return max((record.number for record in records.values()), default=0)

    def copy(self) -> Self:
        """Return an inventory of its own with the same records."""
        return type(self)(dict(self._segments), dict(self._hosts), dict(self._host_uuids))

    def _put_host(self, host: HostRecord) -> None:
        old = self._hosts.get(host.host_uuid)
        if old is not None and self._host_uuids.get(old.name) == host.host_uuid:
            del self._host_uuids[old.name]
        self._hosts[host.host_uuid] = host
        if not host.deleted:
            self._host_uuids[host.name] = host.host_uuid


def changed(inventory: Inventory, records: Iterable[Description]) -> Inventory:
    """Return the inventory after all of `records`; Conflict when one does not fit, and nothing has changed then."""
    after, records = inventory.copy(), list(records)
    for record in records:
        _refuse_version(after.newest(record), record)
        after.put(record)
    for record in records:
        _refuse(after, record)
    return after


def numbered(inventory: Inventory, records: Iterable[Description], now: Instant) -> list[Description]:
    """Return `records` with what only the writer gives: numbers that are never given twice, and times."""
    last = {kind: inventory.highest(kind) for kind in (SegmentRecord, HostRecord)}
    found: list[Description] = []
    for record in records:
        old = inventory.newest(record)
        if old is None:
            last[type(record)] += 1
            found.append(replace(record, number=last[type(record)], created_at=now, updated_at=0))
        else:
            found.append(replace(record, number=old.number, created_at=old.created_at, updated_at=now))
    return found


def _refuse_version(old: Description | None, new: Description) -> None:
    wanted = 1 if old is None else old.version + 1
    if new.version != wanted:
        raise Conflict(f"{_called(new)}: version {new.version} does not follow {wanted - 1}; read it again")
    if old is not None and old.deleted:
        raise Conflict(f"{_called(new)} has been deleted; describe it under a new id")


def _refuse(after: Inventory, record: Description) -> None:
    if record.deleted:
        return _refuse_orphans(after, record)
    if not record.name:
        raise Conflict(f"{_called(record)} has no name")
    if isinstance(record, HostRecord) and after.segment(record.segment_id) is None:
        raise Conflict(f"{_called(record)}: there is no segment {record.segment_id}")
    if isinstance(record, HostRecord):
        _refuse_domains(record)
    others = after.segments() if isinstance(record, SegmentRecord) else after.hosts()
    if [other.name for other in others].count(record.name) > 1:
        raise Conflict(f"{_called(record)}: another one has that name")
    return None


def _refuse_domains(host: HostRecord) -> None:
    if len(host.domains) > MOST:
        raise Conflict(f"{_called(host)} is in {len(host.domains)} failure domains; {MOST} are the most")
    for domain in host.domains:
        if trouble := domain.why_misnamed():
            raise Conflict(f"{_called(host)}: {trouble}")
    if list(host.domains) != sorted(set(host.domains)):
        raise Conflict(f"{_called(host)}: its failure domains are to be sorted, and each is named once")


def _refuse_orphans(after: Inventory, record: Description) -> None:
    if isinstance(record, SegmentRecord) and (left := next(after.hosts(record.segment_id), None)):
        raise Conflict(f"{_called(record)} still has hosts, {left.name} among them; delete them first")


def _called(record: Description) -> str:
    kind = "segment" if isinstance(record, SegmentRecord) else "host"
    return f"{kind} {record.name or '(without a name)'}"
