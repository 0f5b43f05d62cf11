"""What a segment file changes in the inventory: values in, records and sentences out. It writes nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Protocol

from kasugai.cli.incident_text import stamp
from kasugai.cli.segment_file import WantedHost, WantedSegment
from kasugai.core.words.identity import derive
from kasugai.core.words.inventory import HostRecord, SegmentRecord

Description = SegmentRecord | HostRecord
_UNTOLD = (
    "version",
    "policy",
    "segment_id",
    "host_uuid",
    "name",
    "number",
    "created_at",
    "updated_at",
)
"""Fields whose change is told in another way, or not at all."""


class Known(Protocol):
    """What is there (`adapters.inventory.Inventory`)."""

    def segments(self) -> Iterable[SegmentRecord]:
        """Return the segments."""
        ...

    def hosts(self, segment_id: str | None = None) -> Iterable[HostRecord]:
        """Return the hosts of all segments or of one."""
        ...

    def host_named(self, name: str) -> HostRecord | None:
        """Return a host by its name."""
        ...

    def newest(self, record: Description) -> Description | None:
        """Return what has last been written under the record's id, deleted or not."""
        ...


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one thing."""

    record: Description | None
    """What is to be written; None: nothing."""
    line: str


def changes(known: Known, wanted: Sequence[WantedSegment], *, prune: bool) -> list[Change]:
    """Return what applying `wanted` does, in the order in which it is written."""
    found: list[Change] = []
    named = {host.name for segment in wanted for host in segment.hosts}
    for segment in wanted:
        record = _segment(known, segment)
        found.append(_change(known.newest(record), record, f"segment {segment.name}"))
        found += [_host(known, host, record.segment_id, segment.name) for host in segment.hosts]
        left = [host for host in known.hosts(record.segment_id) if host.name not in named]
        found += [_left(host, segment.name, prune=prune) for host in sorted(left, key=lambda host: host.name)]
    return found


def moving(known: Known, found: Sequence[Change]) -> set[str]:
    """Return the names of the hosts that these changes take out of their segment."""
    hosts = [change.record for change in found if isinstance(change.record, HostRecord)]
    olds = [(host, known.newest(host)) for host in hosts]
    return {
        host.name
        for host, old in olds
        if isinstance(old, HostRecord) and (host.deleted or old.segment_id != host.segment_id)
    }


def _segment(known: Known, wanted: WantedSegment) -> SegmentRecord:
    old = next((segment for segment in known.segments() if segment.name == wanted.name), None)
    record = SegmentRecord(
        segment_id=old.segment_id if old else str(derive("segment", wanted.name)),
        name=wanted.name,
        armed=wanted.armed,
        description=wanted.description,
        policy=wanted.policy,
    )
    if wanted.id:
        return replace(record, segment_id=wanted.id)
    gone = known.newest(record)
    again = derive("segment", wanted.name, gone.version) if gone and gone.deleted else record.segment_id
    return replace(record, segment_id=str(again))


def _host(known: Known, wanted: WantedHost, segment_id: str, segment: str) -> Change:
    old = known.host_named(wanted.name)
    record = HostRecord(
        host_uuid=old.host_uuid if old else str(derive("host", wanted.name)),
        name=wanted.name,
        segment_id=segment_id,
        reserved=wanted.reserved,
        root_disks=wanted.root_disks,
        domains=wanted.domains,
        on_maintenance=bool(wanted.on_maintenance),
        maintenance_until=wanted.maintenance_until,
        control_attributes=wanted.control_attributes,
    )
    gone = known.newest(record)
    again = derive("host", wanted.name, gone.version) if gone and gone.deleted else record.host_uuid
    record = replace(record, host_uuid=wanted.id or str(again))
    current = known.newest(record)
    moves = isinstance(current, HostRecord) and current.segment_id != segment_id
    more = f"moves to segment {segment}" if moves else ""
    if wanted.on_maintenance is None and isinstance(current, HostRecord) and current.on_maintenance:
        record = replace(record, on_maintenance=True, maintenance_until=current.maintenance_until)
        change = _change(current, record, f"host {wanted.name}", more)
        return replace(change, line=f"{change.line} (stays on maintenance: on-maintenance: no ends it)")
    return _change(current, record, f"host {wanted.name}", more)


def _change(current: Description | None, record: Description, called: str, more: str = "") -> Change:
    if current is None:
        return Change(record, f"create  {called}")
    record = _carried(current, record)
    told = [more] * bool(more) + differences(current, record)
    if not told:
        return Change(None, f"leave   {called}")
    return Change(replace(record, version=current.version + 1), f"change  {called}: {', '.join(told)}")


def _carried(current: Description, record: Description) -> Description:
    """Keep what a segment file has no word for."""
    if isinstance(current, SegmentRecord) and isinstance(record, SegmentRecord):
        return replace(record, service_type=current.service_type)
    if isinstance(current, HostRecord) and isinstance(record, HostRecord):
        return replace(record, host_type=current.host_type)
    return record


def differences(current: Description, record: Description) -> list[str]:
    """Return what differs between two versions, in the segment file's own words."""
    told = _fields(current, record)
    if isinstance(current, SegmentRecord) and isinstance(record, SegmentRecord):
        told += _fields(current.policy, record.policy)
    return told


def _fields(old: Any, new: Any) -> list[str]:
    """Return what differs, in the file's own words."""
    names = [field.name for field in fields(new) if field.name not in _UNTOLD]
    return [
        f"{name.replace('_', '-')} {_shown(name, getattr(old, name))} -> {_shown(name, getattr(new, name))}"
        for name in names
        if getattr(old, name) != getattr(new, name)
    ]


def _shown(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name == "maintenance_until" and isinstance(value, int):
        return stamp(value) if value else "(nothing)"
    if name == "domains" and isinstance(value, tuple):
        return ", ".join(domain.title for domain in value) or "(nothing)"
    return str(value) or "(nothing)"


def _left(host: HostRecord, segment: str, *, prune: bool) -> Change:
    """A host of the segment that the file does not name."""
    if prune:
        return Change(replace(host, deleted=True, version=host.version + 1), f"delete  host {host.name}")
    return Change(
        None, f"keep    host {host.name}: it is in {segment} and not in the file (--prune deletes it)"
    )
