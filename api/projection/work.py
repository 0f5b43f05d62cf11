"""The views of one round, as texts by the names under which they are read."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from kasugai.api.projection.board import Entry
from kasugai.api.projection.buckets import INCIDENT, Held, incident_bucket, subject_bucket
from kasugai.api.projection.incidents import incident_of
from kasugai.api.projection.outs import out_by
from kasugai.api.projection.recoveries import Owned
from kasugai.api.view_store import dump, member_of, recovery_name
from kasugai.api.views import IncidentView, NotificationView
from kasugai.core.telling import incident_views as core_views
from kasugai.core.telling.documents import Index
from kasugai.core.telling.explain import Decided
from kasugai.core.telling.incident_views import Seen
from kasugai.core.telling.standing import case_of, words_of
from kasugai.core.words.signals import Fault
from kasugai.core.words.verdicts import Verdict


class Work:
    """Views that are about to be written."""

    def __init__(self) -> None:
        self.views: list[IncidentView] = []
        self.texts: dict[str, str] = {}
        self.listed: dict[tuple[Index, str], int] = {}
        self.busy: dict[str, str] = {}
        self.out: dict[str, str] = {}
        self.told: dict[str, core_views.IncidentView] = {}
        """The incidents themselves, by bucket."""
        self.entries: dict[str, Entry] = {}
        """What is to be remembered, by bucket."""
        self.owned: dict[tuple[str, str], int] = {}
        self.rows: dict[str, tuple[Owned, bool]] = {}
        """What projects are shown, by the names of their texts, each with whether its incident is open."""
        self.claimed: set[str] = set()
        """Of the notifications, those whose like is a duplicate."""
        self.subjects: set[str] = set()
        """The buckets of those whose notifications follow the incidents: the incidents' own, and whomever else one
        explains."""

    def incident(self, bucket: str, records: Sequence[Held]) -> None:
        """Add an incident's views."""
        uuid = bucket.removeprefix(INCIDENT)
        seen = [Seen(h.stamp.at, h.stamp.offset, h.value) for h in records if not isinstance(h.value, Fault)]
        incident = incident_of(UUID(uuid), seen)
        self.views.append(incident.view)
        self.told[bucket], self.entries[bucket] = incident.told, case_of(incident.told)
        self.subjects |= {subject_bucket(incident.view.subject)}
        self.subjects |= {subject_bucket(s.value.subject.name) for s in seen if isinstance(s.value, Verdict)}
        self.texts[f"incident/{uuid}"] = dump([incident.view])
        self.texts[f"timeline/{uuid}"] = dump(incident.timeline)
        self.texts[f"tasks/{uuid}"] = dump(incident.tasks)
        self.texts[f"moves/{uuid}"] = dump(incident.moves)
        self.listed[Index.INCIDENTS, uuid] = incident.view.opened_at
        for row in incident.recoveries:
            name = recovery_name(row.view.recovery, row.project)
            self.texts[name] = dump([row.view])
            self.rows[name] = row, incident.view.is_open
            self.owned[row.project, row.view.recovery] = row.view.opened_at
        self.busy[incident_bucket(uuid)] = incident.view.host_uuid if incident.view.is_open else ""

    def subject(self, bucket: str, records: Sequence[Held]) -> None:
        """Add what is remembered of a subject's verdicts; nothing where there are none."""
        if words := verdicts_seen(records):
            self.entries[bucket] = words_of(words)

    def out_of_service(self, decided: Sequence[Decided], incidents: Mapping[str, IncidentView]) -> None:
        """Add what a subject's recoveries keep out of service, or that they keep nothing."""
        subject = decided[0].verdict.subject
        view = out_by(subject, decided, incidents)
        self.out[subject.name] = "" if view is None else dump([view])

    def notification(self, view: NotificationView) -> None:
        """Add a notification's view."""
        name = f"notification/{view.notification_uuid}"
        self.texts[name] = dump([view])
        self.texts[f"number/{view.number}"] = member_of(view)
        self.listed[Index.NOTIFICATIONS, member_of(view)] = view.created_at
        self.busy[name] = view.source_host_uuid if view.is_busy else ""


def verdicts_seen(records: Sequence[Held]) -> list[Seen]:
    """Return the verdicts among a subject's records."""
    return [Seen(h.stamp.at, h.stamp.offset, h.value) for h in records if isinstance(h.value, Verdict)]
