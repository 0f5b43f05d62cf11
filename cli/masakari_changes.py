"""What an import from Masakari changes in the inventory: values in, records and sentences out. It writes nothing.

Masakari's uuids stay. What Masakari has no word for (the rest of a policy, the end of a maintenance) is left as it is
here, so the import may be repeated until Masakari is switched off.
"""

from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum

from kasugai.adapters.masakari_database import MasakariHost, MasakariInventory, MasakariSegment
from kasugai.api.words import NAME, TEXT, is_name, is_text
from kasugai.cli.exits import Misused
from kasugai.cli.segment_changes import Change, Description, Known, differences
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.policy import Fencing, Policy

MONITORS = 1
"""Masakari's monitors are one kind of witness. Where nothing else watches hosts, theirs must be enough to look: before
anything is done Nova's record must have stood still, which is the second, and a device or long silence decides."""


FIRST = "change it there first; nothing was written"


class Fencer(StrEnum):
    """Who fences a host before Masakari is told NORMAL: Masakari does not ask, and much depends on it."""

    SENDERS = "senders"
    """Who reports has fenced: Pacemaker with STONITH, say."""
    DEVICES = "devices"
    """Kasugai does, by the power devices in power.yaml; nobody else."""
    NOBODY = "nobody"
    """Nobody, and it is not to be asked for: Masakari's own way."""

    def written_into(self, policy: Policy) -> Policy:
        """Return the policy with this answer."""
        fence = Fencing.NONE if self is Fencer.NOBODY else Fencing.REQUIRED
        if self is Fencer.SENDERS:
            return replace(policy, trust_assertions=True, fence=fence)
        return replace(policy, trust_assertions=False, fence=fence, confirm_observers=MONITORS)


def imports(
    known: Known, found: MasakariInventory, default: Policy, fencer: Fencer | None, *, disarmed: bool
) -> list[Change]:
    """Return what the import does, segments first. `default`: the policy of new segments; `fencer`: who fences, None
    leaves what is said of it; `disarmed`: new segments may not act yet, whatever Masakari says. Misused for a name that
    the REST API would not take: it is read by people and typed by them."""
    _refuse_names(found)
    segments = [_segment(known, segment, default, fencer, disarmed=disarmed) for segment in found.segments]
    hosts = [_host(known, host) for host in found.hosts]
    return [*segments, *hosts, *_left(known, found)]


def _refuse_names(found: MasakariInventory) -> None:
    texts = [(f"segment {each.uuid}", each.name, each.description) for each in found.segments]
    texts += [(f"host {each.uuid}", each.name, each.control_attributes) for each in found.hosts]
    texts += [(f"segment {each.uuid}", each.service_type, "") for each in found.segments]
    for what, name, text in texts:
        if not is_name(name):
            raise Misused(f"Masakari's {what} has a name or a service type that is not {NAME}: {FIRST}")
        if not is_text(text):
            raise Misused(f"Masakari's {what} is described by more than {TEXT}: {FIRST}")


def _segment(
    known: Known, found: MasakariSegment, default: Policy, fencer: Fencer | None, *, disarmed: bool
) -> Change:
    fresh = SegmentRecord(
        segment_id=found.uuid,
        name=found.name,
        armed=found.enabled and not disarmed,
        service_type=found.service_type,
        description=found.description,
        policy=_policy(default, found, fencer),
    )
    old = known.newest(fresh)
    if not isinstance(old, SegmentRecord):
        return Change(fresh, f"create  segment {found.name}")
    kept = _policy(old.policy, found, fencer)
    armed = old.armed if disarmed else found.enabled
    return _change(old, replace(fresh, policy=kept, armed=armed), f"segment {found.name}")


def _policy(policy: Policy, found: MasakariSegment, fencer: Fencer | None) -> Policy:
    policy = replace(policy, method=found.recovery_method)
    return policy if fencer is None else fencer.written_into(policy)


def _host(known: Known, found: MasakariHost) -> Change:
    fresh = HostRecord(
        host_uuid=found.uuid,
        name=found.name,
        segment_id=found.segment,
        reserved=found.reserved,
        on_maintenance=found.on_maintenance,
        host_type=found.host_type,
        control_attributes=found.control_attributes,
    )
    old = known.newest(fresh)
    if not isinstance(old, HostRecord):
        return Change(fresh, f"create  host {found.name}")
    until = old.maintenance_until if found.on_maintenance else 0
    moves = "" if old.segment_id == found.segment else "moves to another segment"
    kept = replace(fresh, maintenance_until=until, root_disks=old.root_disks, domains=old.domains)
    return _change(old, kept, f"host {found.name}", moves)


def _change(old: Description, fresh: Description, called: str, more: str = "") -> Change:
    if old.deleted:
        return Change(None, f"keep    {called}: it was deleted here since the last import")
    renamed = [f"was {old.name}"] * (old.name != fresh.name)
    told = [*renamed, *([more] if more else []), *differences(old, fresh)]
    if not told:
        return Change(None, f"leave   {called}")
    return Change(replace(fresh, version=old.version + 1), f"change  {called}: {', '.join(told)}")


def _left(known: Known, found: MasakariInventory) -> Iterator[Change]:
    """What is here and not in Masakari stays."""
    hosts = {host.uuid for host in found.hosts}
    for segment in found.segments:
        for host in sorted(known.hosts(segment.uuid), key=lambda host: host.name):
            if host.host_uuid not in hosts:
                yield Change(
                    None, f"keep    host {host.name}: it is in {segment.name} here and not in Masakari"
                )
