"""What is known about one host now, also where nothing ever happened: its state, and whether it would be recovered if
it failed now, or why not. Pure; by the rules of `numbers`.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from kasugai.core.telling.host_states import IN_SERVICE
from kasugai.core.telling.incident_views import Seen, fold
from kasugai.core.telling.numbers import NOWHERE, Standing, numbers
from kasugai.core.telling.standing import Case, Words, case_of, words_of
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.subject import Subject
from kasugai.core.words.timing import Instant
from kasugai.core.words.verdicts import Verdict

Remembered = Case | Words


def remembered(seen: Iterable[Seen], host: str) -> tuple[Remembered, ...]:
    """Return what these records tell about a host and about segments as a whole."""
    records = [each for each in seen if each.value.subject.host in (host, "")]
    words: dict[tuple[str, Subject], list[Seen]] = defaultdict(list)
    for each in records:
        if isinstance(each.value, Verdict):
            words[each.value.segment, each.value.subject].append(each)
    cases = (case_of(view) for view in fold(records) if view.incident is not None)
    return (*cases, *(words_of(of_subject) for of_subject in words.values()))


def standing_of(
    host: str,
    known: Iterable[Remembered],
    segments: Sequence[SegmentRecord],
    hosts: Sequence[HostRecord],
    now: Instant,
) -> Standing | None:
    """Return how a host stands; None where neither the inventory has it nor anybody has spoken of it lately. `known`:
    at least what is remembered of it and of its segment; `hosts`: at least itself, where it is described."""
    entries = list(known)
    found = numbers(
        [entry for entry in entries if isinstance(entry, Case)],
        [entry for entry in entries if isinstance(entry, Words)],
        segments,
        [each for each in hosts if each.name == host],
        now,
    )
    return next((standing for standing in found.hosts if standing.host == host), None)


def narrate_standing(standing: Standing, *, has_words: bool) -> str:
    """Return it in a sentence; `has_words`: whether anything was decided about it that is still known."""
    where = "in no segment" if standing.segment == NOWHERE else f"in segment {standing.segment}"
    nothing = "" if has_words or standing.state != IN_SERVICE else ", and nothing is known against it"
    return f"{standing.host} {where} is {standing.state}{nothing}"


def narrate_protection(standing: Standing) -> str:
    """Return whether it would be recovered, in a sentence; why not is its reason's to say."""
    if standing.unprotected is None:
        return "protected: if it failed now, it would be recovered, as far as the topics tell"
    return f"not protected ({standing.unprotected})"
