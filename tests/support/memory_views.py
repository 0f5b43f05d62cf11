"""The views in memory: what was put is shown."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from kasugai.api.ports import UnknownMarker
from kasugai.api.recoveries import RecoveryView
from kasugai.api.views import (
    IncidentView,
    NotificationView,
    OutView,
    TimelineLine,
    VerdictView,
    VMoveView,
    WorkflowDetail,
)
from kasugai.core.telling.about import Remembered


@dataclass(slots=True)
class MemoryViews:
    """The port of the views."""

    is_current: bool = True
    kept: dict[str, NotificationView] = field(default_factory=dict)
    told: dict[str, tuple[WorkflowDetail, ...]] = field(default_factory=dict)
    moves: dict[str, tuple[VMoveView, ...]] = field(default_factory=dict)
    cases: dict[str, IncidentView] = field(default_factory=dict)
    stories: dict[str, tuple[TimelineLine, ...]] = field(default_factory=dict)
    decided: dict[str, tuple[VerdictView, ...]] = field(default_factory=dict)
    out: tuple[OutView, ...] = ()
    board: tuple[Remembered, ...] = ()
    owned: dict[str, tuple[RecoveryView, ...]] = field(default_factory=dict)

    def caught_up(self) -> bool:
        """Return `is_current`."""
        return self.is_current

    def accept(self, notification: NotificationView) -> None:
        """Show it, unless it is known."""
        self.kept.setdefault(notification.notification_uuid, notification)

    def notification(self, uuid: str) -> NotificationView | None:
        """Return a notification."""
        return self.kept.get(uuid)

    def notifications(self, after: int | None = None) -> Iterator[NotificationView]:
        """Yield notifications, newest first."""
        found = sorted(self.kept.values(), key=lambda n: (n.created_at, n.number), reverse=True)
        numbers = [n.number for n in found]
        if after is not None and after not in numbers:
            raise UnknownMarker(f"no notification has the number {after}")
        return iter(found if after is None else found[numbers.index(after) + 1 :])

    def details(self, uuid: str) -> tuple[WorkflowDetail, ...]:
        """Return a notification's progress details."""
        return self.told.get(uuid, ())

    def vmoves(self, uuid: str) -> tuple[VMoveView, ...]:
        """Return a notification's moves."""
        return self.moves.get(uuid, ())

    def busy_hosts(self) -> frozenset[str]:
        """Return the hosts under recovery."""
        reported = {n.source_host_uuid for n in self.kept.values() if n.is_busy}
        return frozenset(reported | {case.host_uuid for case in self.cases.values() if case.is_open})

    def hosts_out(self) -> tuple[OutView, ...]:
        """Return what keeps hosts out of service."""
        return self.out

    def incident(self, incident: str) -> IncidentView | None:
        """Return an incident."""
        return self.cases.get(incident)

    def incidents(self, after: str | None = None) -> Iterator[IncidentView]:
        """Yield incidents, newest first."""
        found = sorted(self.cases.values(), key=lambda i: (i.opened_at, i.incident), reverse=True)
        ids = [case.incident for case in found]
        if after is not None and after not in ids:
            raise UnknownMarker(f"there is no incident {after}")
        return iter(found if after is None else found[ids.index(after) + 1 :])

    def recovery(self, project: str, recovery: str) -> RecoveryView | None:
        """Return a project's own."""
        return next((row for row in self.owned.get(project, ()) if row.recovery == recovery), None)

    def recoveries(self, project: str, after: str | None = None) -> Iterator[RecoveryView]:
        """Yield a project's own, newest first."""
        found = sorted(self.owned.get(project, ()), key=lambda r: (r.opened_at, r.recovery), reverse=True)
        ids = [row.recovery for row in found]
        if after is not None and after not in ids:
            raise UnknownMarker(f"there is no recovery {after}")
        return iter(found if after is None else found[ids.index(after) + 1 :])

    def timeline(self, incident: str) -> tuple[TimelineLine, ...]:
        """Return an incident's story."""
        return self.stories.get(incident, ())

    def verdicts(self, subject: str) -> tuple[VerdictView, ...]:
        """Return what was decided about a subject."""
        return self.decided.get(subject, ())

    def remembered(self, subjects: Collection[str], incidents: Collection[str]) -> tuple[Remembered, ...]:
        """Return what is remembered, whomever it is about."""
        return self.board
