"""What the projector remembers to say at any time how things stand: a few fields of each incident that still matters,
and of what was said of each subject. Kept with the views, so that a new owner goes on where the last one stood.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from kasugai.api.view_store import dump, entry_of
from kasugai.core.telling.host_states import last_of
from kasugai.core.telling.incident_views import IncidentView, Seen
from kasugai.core.telling.numbers import RECENT, UNKNOWN_FOR
from kasugai.core.telling.phases import Span, phases
from kasugai.core.telling.standing import Case, Words, case_of
from kasugai.core.words.incident import Phase
from kasugai.core.words.subject import Kind, Subject
from kasugai.core.words.timing import BrokerTime, Instant, Millis

Entry = Case | Words

FORGOTTEN: Final = Millis(35 * 86_400_000)
"""So long after its end nothing is remembered of an incident: no record of it is left then."""
COUNTED: Final = Millis(600_000)
"""An incident that ended longer ago than this, when it is read, ended in another projector's time: it is not counted
again when views are computed anew."""
TIMED: Final = (Kind.HOST, Kind.INSTANCE)
"""The kinds whose recoveries' times are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """An incident has ended."""

    case: Case
    spans: tuple[Span, ...]
    """Its phases; none where their times are not told."""


class Board:
    """All that is remembered, by bucket. Written by the projector's thread; whoever reads takes a copy first."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        """Take over what the last owner remembered; one of `view_store.NO_VIEW` where a text is none of ours."""
        self.cases: dict[str, Case] = {}
        self.words: dict[str, Words] = {}
        for bucket, text in texts.items():
            self._put(bucket, entry_of(bucket, text))

    def take(self, entries: Mapping[str, Entry]) -> None:
        """Remember what has been written."""
        for bucket, entry in entries.items():
            self._put(bucket, entry if _matters(entry) else None)

    def ends(self, bucket: str, view: IncidentView, before: Iterable[Seen], now: Instant) -> list[Ended]:
        """Return that an incident has ended, if that is news: once its outcome has been read too. `before`: what was
        said of its subject."""
        old, case = self.cases.get(bucket), case_of(view)
        is_known = old is not None and (old.until, old.is_told) == (case.until, True)
        if case.until is None or not case.is_told or is_known or now - case.until > COUNTED:
            return []
        is_timed = case.kind in TIMED and not case.is_return
        return [Ended(case=case, spans=phases(view, before) if is_timed else ())]

    def superseded(self, now: Instant) -> list[str]:
        """Return the buckets of which nothing need be remembered any more."""
        by_subject: dict[tuple[str, Subject], list[str]] = defaultdict(list)
        for bucket, case in self.cases.items():
            by_subject[case.segment, case.subject].append(bucket)
        gone = [bucket for buckets in by_subject.values() for bucket in self._past(buckets, now)]
        return gone + [bucket for bucket, words in self.words.items() if _is_over(words, now)]

    def forget(self, buckets: Iterable[str]) -> None:
        """Remember nothing of these."""
        for bucket in buckets:
            self._put(bucket, None)

    def _past(self, buckets: Iterable[str], now: Instant) -> list[str]:
        """Which of a subject's incidents do not matter: all but those that are open, that ended within the hour, and
        the last one, if the host is out by it or the guest has failed."""
        cases = {bucket: self.cases[bucket] for bucket in buckets}
        kept = {
            bucket
            for bucket, case in cases.items()
            if case.is_open or case.until is None or now - case.until < RECENT
        }
        last = last_of(cases.values())
        if last is not None and (last.subject.is_host or last.phase is Phase.FAILED):
            kept |= {
                bucket
                for bucket, case in cases.items()
                if case is last and not _is_forgotten(last.until, now)
            }
        return [bucket for bucket in cases if bucket not in kept]

    def _put(self, bucket: str, entry: Entry | None) -> None:
        match entry:
            case Case():
                self.cases[bucket] = entry
            case Words():
                self.words[bucket] = entry
            case None:
                self.cases.pop(bucket, None)
                self.words.pop(bucket, None)


def text_of(entry: Entry) -> str:
    """Return how an entry is kept; empty for one that need not be."""
    return dump([entry]) if _matters(entry) else ""


def _matters(entry: Entry) -> bool:
    return isinstance(entry, Case) or entry.is_worth_keeping


def _is_over(words: Words, now: Instant) -> bool:
    """Whether the topics have forgotten it, too, or will not be asked for it."""
    if words.held is not None or words.armed_by is not None or words.stopping:
        return False
    if words.unknown_since is not None:
        return now - words.unknown_since >= UNKNOWN_FOR
    return all(_is_forgotten(word.at, now) for word in words.said)


def _is_forgotten(at: BrokerTime | None, now: Instant) -> bool:
    return at is not None and now - at > FORGOTTEN
