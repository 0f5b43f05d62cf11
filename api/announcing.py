"""Doors that announce what passes through them: the inventory's changes and the notifications that are accepted.

An announcement is made beside the work and never decides about it: whoever sends it may lose it, and says so.
"""

from collections.abc import Sequence
from typing import Protocol

from kasugai.adapters.inventory import Description, Inventory
from kasugai.api.announcements import (
    Announcement,
    Phase,
    Publisher,
    of_host,
    of_notification,
    of_recovery,
    of_segment,
)
from kasugai.api.ports import Edit, Registry, Reports
from kasugai.api.recoveries import RecoveryView, State
from kasugai.api.reporting import view_of
from kasugai.api.views import NotificationView, Status
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.signals import Fault, Stamp


class Announcer(Protocol):
    """Whoever sends announcements; returns at once and raises nothing."""

    def announce(self, said: Announcement) -> None:
        """Send it, sooner or later."""
        ...


class AnnouncingRegistry:
    """A registry whose changes are announced: start, then end or error."""

    def __init__(self, registry: Registry, announcer: Announcer) -> None:
        """Announce what goes to `registry`."""
        self._registry, self._announcer = registry, announcer

    def read(self) -> Inventory:
        """As the registry does."""
        return self._registry.read()

    def known(self) -> Inventory:
        """As the registry does."""
        return self._registry.known()

    def offset(self) -> int:
        """As the registry does."""
        return self._registry.offset()

    def edit(self, edit: Edit) -> Inventory:
        """As the registry does; a change is started once, however often another writer comes between."""
        begun: list[_Change] = []

        def watched(now: Inventory) -> Sequence[Description]:
            records = edit(now)
            changes = _changes(now, records)
            if not begun:
                self._announce(changes, Phase.START, now)
            begun[:] = changes
            return records

        try:
            after = self._registry.edit(watched)
        except Exception as error:
            self._announce(begun, Phase.ERROR, self._registry.known(), error)
            raise
        self._announce([change.after(after) for change in begun], Phase.END, after)
        return after

    def _announce(
        self, changes: "Sequence[_Change]", phase: Phase, now: Inventory, error: Exception | None = None
    ) -> None:
        for change in changes:
            self._announcer.announce(change.said(phase, now, error))


class _Change:
    """A record that is about to be written, and what is done to it."""

    def __init__(self, action: str, record: Description) -> None:
        self.action, self.record = action, record

    def after(self, inventory: Inventory) -> "_Change":
        """Return the change with the record as it was written: number and times included."""
        return _Change(self.action, inventory.newest(self.record) or self.record)

    def said(self, phase: Phase, now: Inventory, error: Exception | None) -> Announcement:
        """Return the announcement."""
        if isinstance(self.record, SegmentRecord):
            return of_segment(self.action, phase, self.record, error)
        wanted = SegmentRecord(segment_id=self.record.segment_id, name="")
        segment = now.newest(wanted)
        known = segment if isinstance(segment, SegmentRecord) else wanted
        return of_host(self.action, phase, self.record, known, error)


def _changes(now: Inventory, records: Sequence[Description]) -> list[_Change]:
    """A segment that is deleted with its hosts is one change, as in Masakari."""
    gone = {r.segment_id for r in records if isinstance(r, SegmentRecord) and r.deleted}
    return [
        _Change(_action(now, record), record)
        for record in records
        if not (isinstance(record, HostRecord) and record.segment_id in gone)
    ]


def _action(now: Inventory, record: Description) -> str:
    if record.deleted:
        return "delete"
    return "create" if now.newest(record) is None else "update"


class AnnouncingReports:
    """Reports whose notifications are announced; what nobody posted as one is not."""

    def __init__(self, reports: Reports, announcer: Announcer) -> None:
        """Announce what goes to `reports`."""
        self._reports, self._announcer = reports, announcer

    def report(self, fault: Fault) -> Stamp:
        """As the reports do."""
        if fault.notification is None:
            return self._reports.report(fault)
        self._announce(fault, Phase.START, None)
        try:
            stamp = self._reports.report(fault)
        except Exception as error:
            self._announce(fault, Phase.ERROR, None, error)
            raise
        self._announce(fault, Phase.END, stamp)
        return stamp

    def _announce(
        self, fault: Fault, phase: Phase, stamp: Stamp | None, error: Exception | None = None
    ) -> None:
        assert fault.notification is not None
        view = view_of(fault, fault.notification, stamp)
        self._announcer.announce(of_notification(Publisher.API, "create", phase, view, error))


BEGUN = frozenset({Status.RUNNING, Status.FINISHED, Status.ERROR, Status.FAILED})
"""What only a notification that is or was processed can be."""
OVER = {Status.FINISHED: Phase.END, Status.ERROR: Phase.ERROR, Status.FAILED: Phase.ERROR}


def processing(before: NotificationView | None, after: NotificationView) -> list[Announcement]:
    """Return what is to be announced when a notification's view has changed. Nothing about one that was not shown
    before: views that are computed anew tell no old stories. As in Masakari nothing is said of ignored ones."""
    if before is None or before.status is after.status:
        return []
    phases = [Phase.START] if after.status in BEGUN and before.status not in BEGUN else []
    if after.status in OVER:
        phases.append(OVER[after.status])
    error = RuntimeError(after.message or "see the incident") if after.status in OVER else None
    return [
        of_notification(Publisher.ENGINE, "process", phase, after, error if phase is Phase.ERROR else None)
        for phase in phases
    ]


RECOVERY_BEGUN = frozenset({State.RECOVERING, State.RECOVERED, State.FAILED})
"""What only a server can be to which something is or was done."""
RECOVERY_OVER = {State.RECOVERED: Phase.END, State.LEFT: Phase.END, State.FAILED: Phase.ERROR}


def recovering(
    project: str, before: RecoveryView | None, after: RecoveryView, *, is_open: bool
) -> list[Announcement]:
    """Return what is to be announced to a project when a row of its has changed. `is_open`: whether its incident is;
    nothing is said of one that is over and was not shown before: views that are computed anew tell no old stories."""
    known = before.state if before is not None else State.WAITING
    if known is after.state or (before is None and not is_open):
        return []
    phases = [Phase.START] if after.state in RECOVERY_BEGUN and known not in RECOVERY_BEGUN else []
    if after.state in RECOVERY_OVER:
        phases.append(RECOVERY_OVER[after.state])
    return [of_recovery(phase, project, after) for phase in phases]
