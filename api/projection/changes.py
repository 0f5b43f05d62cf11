"""What is announced of a round: notifications and projects' recoveries, by what was shown of them before it.

What was shown is read when the round is computed, and what has changed is said once it is written: who dies between the
two says nothing. A text that shows none is written anew, as one that never was.
"""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from kasugai.api.announcements import Announcement
from kasugai.api.announcing import Announcer, processing, recovering
from kasugai.api.documents import Documents
from kasugai.api.projection.work import Work
from kasugai.api.recoveries import RecoveryView
from kasugai.api.view_store import NO_VIEW, load
from kasugai.api.views import NotificationView

V = TypeVar("V")


class Changes:
    """Those of one projector's rounds."""

    def __init__(self, documents: Documents, announcer: Announcer | None) -> None:
        """Without an announcer nothing is read and nothing said."""
        self._documents, self._announcer = documents, announcer

    def of(self, notifications: Sequence[NotificationView], work: Work) -> list[Announcement]:
        """Return what is to be said once the round is written."""
        if self._announcer is None:
            return []
        return [*self._notifications(notifications), *self._recoveries(work)]

    def say(self, announcements: Iterable[Announcement]) -> None:
        """Say it."""
        for said in announcements:
            if self._announcer is not None:
                self._announcer.announce(said)

    def _notifications(self, views: Sequence[NotificationView]) -> Iterable[Announcement]:
        before = self._shown(NotificationView, [f"notification/{view.notification_uuid}" for view in views])
        for view, shown in zip(views, before, strict=True):
            yield from processing(shown, view)

    def _recoveries(self, work: Work) -> Iterable[Announcement]:
        before = self._shown(RecoveryView, list(work.rows))
        for (row, is_open), shown in zip(work.rows.values(), before, strict=True):
            yield from recovering(row.project, shown, row.view, is_open=is_open)

    def _shown(self, cls: type[V], names: Sequence[str]) -> list[V | None]:
        return [_view(cls, text) for text in self._documents.many(names)] if names else []


def _view(cls: type[V], text: str | None) -> V | None:
    try:
        return next(iter(load(cls, text)), None)
    except NO_VIEW:
        return None
