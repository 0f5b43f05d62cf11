"""Tells as one matter of hosts that failed together: by what they share, or what their names have in common.

A word to people and nothing else: each host keeps its own evidence, gates and incident. What was told is kept in the
segment's row, and who is meant follows from the hosts' own rows.
"""

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace

from kasugai.core.deciding.rows import SegmentRow
from kasugai.core.deciding.steady import Times
from kasugai.core.deciding.tally import Since
from kasugai.core.deciding.telling import plain_word
from kasugai.core.deciding.together import Blast
from kasugai.core.deciding.view import Change, Decision, SegmentView
from kasugai.core.words.domains import Domain
from kasugai.core.words.subject import Subject, domain_subject, segment_subject
from kasugai.core.words.timing import BrokerTime, Millis, SteadyTime, later
from kasugai.core.words.verdicts import HOSTS_LIMIT, Reason, Verb, Verdict

MANY = 3
"""So many hosts may have failed of one cause."""
SHARE = 10
"""If that is a tenth of all that share it."""
WITHIN: Millis = Millis(60_000)
"""And each failed no longer than this after another."""
PAUSE: Millis = Millis(5_000)
"""Of hosts that join them it is told no sooner than this after the last time, unless all have failed."""
KEPT = 16
"""So many blasts of a segment are told of at a time."""
ALIKE = 3
"""So many other domains of the same hosts are named with one."""
SEPARATORS = "-._:"
"""What parts the names of hosts have end with one of these."""

Failed = Mapping[str, Since]
"""By unhealthy host: since when."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is to be told of one blast."""

    blast: Blast
    hosts: frozenset[str]
    """Those of its hosts that are unhealthy; none: it is over."""
    detail: str = ""


def pass_tick(view: SegmentView, times: Times, offset: int) -> tuple[SegmentView, Decision]:
    """Return the view after a tick, with the segment's row to be written where there is something to tell."""
    row = view.described
    if row is None or row.offset >= offset:
        return view, ()
    told = _to_tell(view, row, times.deadline)
    if not told:
        return view, ()
    after = replace(row, offset=offset, blasts=_after(row.blasts, told))
    words = enumerate(zip(told, (_about(row, each) for each in told), strict=True))
    verdicts = tuple(
        _verdict(view, subject, each, at=times.moment.at, offset=offset, part=part)
        for part, (each, subject) in words
        if subject is not None
    )
    return replace(view, segment=after), (Change(row=after, verdicts=verdicts),)


def due(view: SegmentView, deadline: SteadyTime) -> SteadyTime | None:
    """Return the steady time at which a tick has something to tell, later than the last one at `deadline`; None when
    nothing more is expected."""
    row = view.described
    if row is None or not (row.blasts or view.tally.most >= MANY):
        return None
    soon = later(deadline, Millis(1))
    newest = max((since.noted for since in view.tally.unwell(soon).values()), default=soon)
    pauses = (later(blast.told, PAUSE) for blast in row.blasts)
    moments = {soon, *(at for at in (newest, *pauses) if at > soon)}
    return next((at for at in sorted(moments) if _to_tell(view, row, at)), None)


def _to_tell(view: SegmentView, row: SegmentRow, at: SteadyTime) -> list[Told]:
    """Return what is news by then, in the order in which it is told."""
    unwell, sick = view.tally.unwell(at), view.tally.sick(at)
    told = [told for blast in row.blasts if (told := _again(view, blast, unwell, sick, at)) is not None]
    known = set().union(*(_members(view, blast) for blast in row.blasts))
    lately = {host for host, since in sick.items() if _is_late(since, at) and host not in known}
    for _ in range(KEPT - len(row.blasts)):
        if len(lately) < MANY or (found := _new(view, lately, sick, at)) is None:
            break
        told.append(found)
        lately -= _members(view, found.blast)
    return told


def _is_late(since: Since, at: SteadyTime) -> bool:
    return since.noted <= at < later(since.noted, WITHIN)


def _again(view: SegmentView, blast: Blast, unwell: Failed, sick: Failed, at: SteadyTime) -> Told | None:
    """Return what is to be told of a blast that is known: that it is over, or that more hosts have joined it."""
    members = _members(view, blast)
    if not any(host in members and since.turned >= blast.since for host, since in unwell.items()):
        return Told(blast=blast, hosts=frozenset(), detail="none of its hosts is unhealthy any more")
    hosts = members & sick.keys()
    newer = [sick[host].noted for host in hosts if sick[host].noted > blast.last]
    is_wave = sum(later(noted, WITHIN) > at for noted in newer) >= MANY
    follows = len(hosts) > blast.count and any(noted <= later(blast.last, WITHIN) for noted in newer)
    is_time = hosts == members or later(blast.told, PAUSE) <= at
    if not newer or not is_time or not (is_wave or follows):
        return None
    return Told(blast=_counted(blast, hosts, sick, at), hosts=hosts, detail=_detail(view, blast, hosts))


def _counted(blast: Blast, hosts: frozenset[str], sick: Failed, at: SteadyTime) -> Blast:
    return replace(blast, last=max(sick[host].noted for host in hosts), told=at, count=len(hosts))


def _new(view: SegmentView, lately: Set[str], sick: Failed, at: SteadyTime) -> Told | None:
    """Return the blast that explains most of these hosts; None when nothing does."""
    domains = {domain for host in lately for domain in view.tally.domains.of(host)}
    fitting = [domain for domain in domains if _fits(view.tally.domains.hosts(domain), lately, sick)]
    if fitting:
        best = min(fitting, key=lambda domain: (-_score(view.tally.domains.hosts(domain), sick), domain))
        return _told_first(view, _first(best, lately & view.tally.domains.hosts(best), sick, at), sick, at)
    guess = _guess(view, lately, sick)
    if guess is None:
        return None
    blast = replace(_first(Domain(kind="", name=guess), lately, sick, at), is_guess=True)
    return _told_first(view, blast, sick, at)


def _fits(members: Set[str], lately: Set[str], sick: Failed) -> bool:
    return len(members & lately) >= MANY and len(members & sick.keys()) * SHARE >= len(members)


def _score(members: Set[str], sick: Failed) -> int:
    """How well it explains who has failed, and who has not."""
    failed = len(members & sick.keys())
    return failed - (len(members) - failed)


def _first(domain: Domain, lately: Set[str], sick: Failed, at: SteadyTime) -> Blast:
    begun = min(sick[host].turned for host in lately)
    return Blast(domain=domain, since=begun, last=begun, told=at, count=0)


def _told_first(view: SegmentView, blast: Blast, sick: Failed, at: SteadyTime) -> Told:
    hosts = frozenset(_members(view, blast) & sick.keys())
    return Told(blast=_counted(blast, hosts, sick, at), hosts=hosts, detail=_detail(view, blast, hosts))


def _guess(view: SegmentView, lately: Set[str], sick: Failed) -> str | None:
    """Return what the names of these hosts have in common, if most of those whose names have it failed: `r7-*`."""
    guesses = [guess for guess in (f"{_head(lately)}*", f"*{_tail(lately)}") if guess != "*"]
    scores = {guess: _named(view.tally.hosts, guess) for guess in guesses}
    telling = [
        guess
        for guess, named in scores.items()
        if len(named) < len(view.tally.hosts) and _score(named, sick) > 0
    ]
    return min(telling, key=lambda guess: (-_score(scores[guess], sick), guess), default=None)


def _head(names: Iterable[str]) -> str:
    """What all names begin with, up to the end of a part."""
    first, last = min(names), max(names)
    common = next((n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    ends = [n + 1 for n, letter in enumerate(first[:common]) if letter in SEPARATORS]
    return first[: ends[-1]] if ends else ""


def _tail(names: Iterable[str]) -> str:
    return _head([name[::-1] for name in names])[::-1]


def _named(hosts: Iterable[str], guess: str) -> frozenset[str]:
    head, _, tail = guess.partition("*") if guess.endswith("*") else ("", "", guess[1:])
    return frozenset(host for host in hosts if host.startswith(head) and host.endswith(tail))


def _members(view: SegmentView, blast: Blast) -> frozenset[str]:
    if blast.is_guess:
        return _named(view.tally.hosts, blast.domain.name)
    return view.tally.domains.hosts(blast.domain)


def _detail(view: SegmentView, blast: Blast, hosts: frozenset[str]) -> str:
    count = f"{len(hosts)} of {len(_members(view, blast))} hosts"
    if blast.is_guess:
        return f"{count} are called {blast.domain.name}: if they share a part, name it (docs/operators/domains.md)"
    return "; ".join([count, *_alike(view, blast, hosts)])


def _alike(view: SegmentView, blast: Blast, hosts: frozenset[str]) -> Iterator[str]:
    """Name the other domains that all of these hosts share."""
    shared = [set(view.tally.domains.of(host)) for host in hosts]
    others = sorted(set.intersection(*shared) - {blast.domain})
    for domain in others[:ALIKE]:
        yield f"of {domain.title} {len(hosts)} of {len(view.tally.domains.hosts(domain))}"


def _after(blasts: tuple[Blast, ...], told: Iterable[Told]) -> tuple[Blast, ...]:
    kept = {(blast.is_guess, blast.domain): blast for blast in blasts}
    for each in told:
        key = each.blast.is_guess, each.blast.domain
        if each.hosts:
            kept[key] = each.blast
        else:
            del kept[key]
    return tuple(kept[key] for key in sorted(kept))


def _about(row: SegmentRow, told: Told) -> Subject | None:
    """Return whom it is told of; None where a guess came to nothing, of which nothing more is said."""
    if not told.blast.is_guess:
        return domain_subject(told.blast.domain)
    return segment_subject(row.record.name) if told.hosts else None


def _verdict(
    view: SegmentView, subject: Subject, told: Told, *, at: BrokerTime, offset: int, part: int
) -> Verdict:
    return plain_word(
        view.segment_id,
        subject,
        Verb.ALERT if told.hosts else Verb.WITHDRAW,
        Reason.COMMON_CAUSE if told.blast.is_guess else Reason.FAILED_TOGETHER,
        at=at,
        offset=offset,
        part=part,
        detail=told.detail,
        hosts=tuple(sorted(told.hosts)[:HOSTS_LIMIT]),
    )
