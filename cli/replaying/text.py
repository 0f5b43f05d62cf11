"""What a replay has found, as people read it: values in, lines out. The same values give the same lines."""

from collections.abc import Iterable, Iterator

from kasugai.cli.incident_text import stamp
from kasugai.cli.replaying.run import Replayed
from kasugai.cli.tables import Line, Painted, counted, took
from kasugai.core.telling.comparing import Decisions, Incidents, Story
from kasugai.core.telling.narrate import narrate_verdict
from kasugai.core.words.timing import between
from kasugai.core.words.verdicts import Verdict

REMOVED, ADDED = "31", "32"
"""ANSI: red and green."""


def page(replayed: Replayed, *, diff: bool) -> list[Line]:
    """Return what was replayed, each incident that differs, each decision that does (`diff`), and the sums."""
    lines: list[Line] = [_head(replayed), *_policies(replayed)]
    for pair in replayed.comparison.incidents:
        lines += ["", *_incident(pair, replayed.segments)]
    if diff and replayed.comparison.decisions:
        lines += ["", *(line for each in replayed.comparison.decisions for line in _decision(each))]
    return [*lines, "", *_sums(replayed)]


def _head(replayed: Replayed) -> str:
    window, whole = replayed.window, replayed.letters
    return (
        f"{stamp(window.begin)} to {stamp(window.end)}: {counted(whole, 'record')} of "
        f"{counted(replayed.partitions, 'partition')}, {counted(len(replayed.segments), 'segment')}"
    )


def _policies(replayed: Replayed) -> Iterator[str]:
    for each in replayed.changed:
        yield f"{each.segment}: {each.word} {each.would} in the place of {each.was}"


def _incident(pair: Incidents, segments: dict[str, str]) -> Iterator[Line]:
    story = pair.story
    segment = segments.get(story.segment, story.segment)
    yield f"{stamp(story.opened_at)}  {story.subject.title} in {segment}"
    yield f"  was       {_told(pair.was, pair.instead)}"
    yield f"  would be  {_told(pair.would, pair.instead)}"


def _told(story: Story | None, instead: Verdict | None) -> str:
    if story is None:
        return "no incident" if instead is None else f"no incident: {sentence(instead)}"
    done = [counted(story.fencings or 0, "fencing")] if story.fencings else []
    if story.moves is None:
        done.append("its guests moved, nobody has counted them")
    elif story.moves:
        done.append(f"{counted(story.moves, 'guest')} moved")
    undone = ", to undo an earlier one" if story.undoes else ""
    how = f": {', '.join(done)}" if done else ""
    return f"an incident ({story.why}{undone}) at {stamp(story.opened_at)}, {_end(story)}{how}"


def _end(story: Story) -> str:
    if story.ended_at is None:
        return f"then {story.end}"
    return f"{story.end} after {took(between(story.opened_at, story.ended_at))}"


def sentence(verdict: Verdict) -> str:
    """Return a verdict's sentence with all that it gives as reasons."""
    detail = (
        f": {verdict.detail}" if verdict.detail and verdict.detail not in narrate_verdict(verdict) else ""
    )
    also = f", also {', '.join(verdict.also)}" if verdict.also else ""
    return f"{narrate_verdict(verdict)}{also}{detail}"


def _decision(pair: Decisions) -> Iterator[Line]:
    if pair.was is not None:
        yield (Painted(f"- {stamp(pair.was.at)}  {sentence(pair.was)}", REMOVED),)
    if pair.would is not None:
        yield (Painted(f"+ {stamp(pair.would.at)}  {sentence(pair.would)}", ADDED),)


def _sums(replayed: Replayed) -> Iterator[str]:
    comparison = replayed.comparison
    pairs = comparison.incidents
    fewer, more = sum(p.would is None for p in pairs), sum(p.was is None for p in pairs)
    changed = len(pairs) - fewer - more
    yield f"incidents  {comparison.same_incidents} as they were{_listed(fewer, more, changed)}"
    yield f"decisions  {comparison.same_decisions} as they were{_listed(*_counts(comparison.decisions))}"
    yield f"fencings   {_change(_sum(pairs, 'fencings'))}"
    yield f"moves      {_change(_sum(pairs, 'moves'))}{_unknown(pairs)}"
    if replayed.assumed:
        yield (
            f"assumed    {counted(replayed.assumed, 'incident')} would be published otherwise than it was: what "
            "workers would have answered is taken from the recorded incident of the same subject, or else to be "
            "recovered after the usual time"
        )
    if replayed.unreadable:
        yield f"unread     {counted(replayed.unreadable, 'record')} that cannot be understood"


def _counts(decisions: Iterable[Decisions]) -> tuple[int, int, int]:
    fewer = more = changed = 0
    for pair in decisions:
        fewer += pair.would is None
        more += pair.was is None
        changed += pair.was is not None and pair.would is not None
    return fewer, more, changed


def _listed(fewer: int, more: int, changed: int) -> str:
    told = [(fewer, "fewer"), (more, "more"), (changed, "otherwise")]
    return "".join(f", {count} {word}" for count, word in told if count)


def _sum(pairs: Iterable[Incidents], what: str) -> tuple[int, int]:
    """Return how many fewer and how many more of something there would be."""
    fewer = more = 0
    for pair in pairs:
        old, new = (getattr(story, what, 0) or 0 for story in (pair.was, pair.would))
        fewer, more = fewer + max(0, old - new), more + max(0, new - old)
    return fewer, more


def _change(change: tuple[int, int]) -> str:
    fewer, more = change
    return _listed(fewer, more, 0).removeprefix(", ") or "as they were"


def _unknown(pairs: Iterable[Incidents]) -> str:
    unknown = sum(pair.would is not None and pair.would.moves is None for pair in pairs)
    return f", and the guests of {counted(unknown, 'host')}, which nobody has counted" if unknown else ""
