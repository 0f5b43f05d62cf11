"""An incident in plain words: what failed, what was done about it, what is left and for whom. Pure.

It says no more than the view does; why each was so is told by the reason that stands beside a sentence.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from shlex import quote
from types import MappingProxyType

from kasugai.core.telling.host_states import ON_PROBATION, OUT, RETIRED, HostState
from kasugai.core.telling.incident_views import IncidentView, Seen
from kasugai.core.telling.progress import StepView
from kasugai.core.telling.status import BY_ITSELF, ORDERED, Level, level_of
from kasugai.core.words.actions import Meaning
from kasugai.core.words.facts import Fact, FactKind
from kasugai.core.words.hardware import is_hardware
from kasugai.core.words.incident import Phase
from kasugai.core.words.verdicts import Reason, Verb, Verdict

NAMED = 10
"""So many guests are named in a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A sentence, and the reason for it where it has one."""

    text: str
    reason: Reason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """What whoever reads no further should know."""

    level: Level
    """What it wants of whoever reads."""
    failed: Said
    done: tuple[Said, ...]
    left: tuple[Said, ...]
    next: str
    """The command that goes on from here."""


def headline(
    view: IncidentView, records: Sequence[Seen], segment: str, host: HostState | None = None
) -> Headline:
    """Return the headline; `records`: the story, in the order of time; `segment`: its name; `host`: where its host
    stands now, None for in service."""
    return Headline(
        level=_level(view, host),
        failed=Said(text=_failed(view, segment), reason=_opened_by(records)),
        done=tuple(_done(view)) or (Said(text="Nothing was done about it."),),
        left=tuple(_left(view, host)),
        next=_next(view),
    )


def _level(view: IncidentView, host: HostState | None) -> Level:
    if not view.phase.is_final:
        return level_of(view)
    if view.phase is Phase.FAILED:
        return Level.ACT
    return Level.NOTE if host is not None else Level.WELL


def _failed(view: IncidentView, segment: str) -> str:
    about = f"{str(view.subject.kind).capitalize()} {view.called}"
    if is_hardware(view.subject):
        about = f"The hardware of host {view.host}"
    guests = len(view.instances) + (len(view.plan.excluded) if view.plan else 0)
    had = f" with {_count(guests, 'guest')}" if view.subject.is_host and guests else ""
    return f"{about} of segment {segment} {_what(view)}{had}."


def _what(view: IncidentView) -> str:
    if view.is_retirement:
        return "was given up for good"
    if view.is_return:
        return "was well again, and what had been done about it was undone"
    if is_hardware(view.subject):
        return "was called degraded"
    if view.incident is None:
        return "is suspected of having failed"
    return "was said to have failed" if view.phase is Phase.WITHDRAWN else "failed"


def _opened_by(records: Iterable[Seen]) -> Reason | None:
    """Why it was opened; where it was not, why it is held or suspected."""
    verdicts = [seen.value for seen in records if isinstance(seen.value, Verdict)]
    opened = [verdict.reason for verdict in verdicts if verdict.verb is Verb.OPEN]
    held = [verdict.reason for verdict in verdicts if verdict.verb in (Verb.SUSPECT, Verb.HOLD)]
    return next(iter(opened or held[-1:]), None)


Tell = Callable[[Sequence[StepView]], str]


def _done(view: IncidentView) -> Iterable[Said]:
    """Yield a sentence for each kind of what was done, in the order of the plan."""
    groups: dict[Meaning, list[StepView]] = {}
    for step in (*view.steps.values(), *view.moved_before):
        groups.setdefault(step.step.words.meaning, []).append(step)
    for meaning, steps in groups.items():
        text = _DONE[meaning](steps) if meaning in _DONE else ""
        if text:
            yield Said(text=text, reason=_proof(meaning, steps))


def _proof(meaning: Meaning, steps: Sequence[StepView]) -> Reason | None:
    records = [step.record for step in steps if step.record is not None and step.is_done]
    if meaning is not Meaning.FENCED or not records or not records[-1].reason:
        return None
    return Reason.heard(records[-1].reason)


def _fenced(steps: Sequence[StepView]) -> str:
    if not all(step.is_done for step in steps):
        return "It has not been proven that it is off."
    by = next((step.record.by for step in steps if step.record is not None and step.record.by), "")
    return f"It was proven that it is off{f', on the word of {by}' if by else ''}."


def _moved(steps: Sequence[StepView]) -> str:
    there = [step for step in steps if step.is_done and not step.is_gone]
    places = Counter(step.record.destination for step in there if step.record is not None)
    known = [f"{count} on {host}" for host, count in sorted(places.items()) if host]
    where = f": {', '.join(known)}" if known else ""
    gone = sum(step.is_gone for step in steps)
    deleted = f" {_count(gone, 'guest')} had been deleted meanwhile." if gone else ""
    return f"{len(there)} of {_count(len(steps), 'guest')} went to other hosts{where}.{deleted}"


def _counted(sentence: str) -> Tell:
    """Return what tells how many of the guests; silent where none are done."""

    def tell(steps: Sequence[StepView]) -> str:
        done = sum(step.is_done for step in steps)
        were = "was" if len(steps) == 1 else "were"
        return sentence.format(done=done, total=_count(len(steps), "guest"), were=were) if done else ""

    return tell


def _once(done: str, otherwise: str) -> Tell:
    return lambda steps: done if all(step.is_done for step in steps) else otherwise


def _reserves(steps: Sequence[StepView]) -> str:
    used = [step.step.subject for step in steps if step.is_done]
    return f"Put to use as a reserve: {', '.join(used)}." if used else ""


_DONE: Mapping[Meaning, Tell] = MappingProxyType(
    {
        Meaning.FENCED: _fenced,
        Meaning.OUT: _once("Nova was told that it is down.", "Nova has not been told that it is down."),
        Meaning.IN_USE: _reserves,
        Meaning.MOVED: _moved,
        Meaning.RESTARTED: _counted("{done} of {total} {were} started again."),
        Meaning.RESTORED: _counted("{done} of {total} {were} seen to be on or off as before."),
        Meaning.SHUT: _once(
            "Its compute service was disabled: no new guests go there.",
            "Its compute service has not been disabled.",
        ),
        Meaning.OPENED: _once(
            "Its compute service is as it was before.", "Its compute service is not as it was before."
        ),
        Meaning.RETIRED: _once(
            "Its compute service was deleted.", "Its compute service has not been deleted."
        ),
    }
)


def _left(view: IncidentView, host: HostState | None) -> Iterable[Said]:
    yield _state(view)
    if view.phase is Phase.HELD and (words := _words(view.records)):
        yield Said(text=words)
    if view.subject.is_host and view.phase.is_final:
        yield Said(text=_of_host(view, host))
    missing = [step for step in view.instances if not step.is_done]
    if missing:
        yield Said(text=f"Not back: {_names(step.step.name or step.step.subject for step in missing)}.")
    excluded = view.plan.excluded if view.plan else ()
    if excluded:
        were = "was" if len(excluded) == 1 else "were"
        yield Said(text=f"{_count(len(excluded), 'guest')} {were} left there on purpose: see the guests.")


def _state(view: IncidentView) -> Said:
    match view.phase:
        case Phase.RECOVERED:
            return Said(text="Nothing more is to be done about it.")
        case Phase.FAILED:
            return Said(text="It failed: a person has to go on.", reason=_reason(view))
        case Phase.WITHDRAWN | Phase.IGNORED:
            return Said(text="Nothing: it ended before anything was done.", reason=_reason(view))
        case Phase.HELD:
            return Said(text=_held(view), reason=_reason(view))
        case _:
            return Said(text="It goes on by itself.", reason=_reason(view))


def _words(records: Iterable[Seen]) -> str:
    """Return what was said with the last hold, which mostly names the command that lifts it; empty for nothing."""
    said = ""
    for seen in records:
        match seen.value:
            case Verdict(verb=Verb.HOLD, detail=detail) | Fact(kind=FactKind.HELD, detail=detail) if detail:
                said = detail
            case _:
                pass
    return said


def _of_host(view: IncidentView, host: HostState | None) -> str:
    if host is None:
        return f"{view.host} is in service."
    return f"{view.host} {_HOSTS.get(host.word, f'has another incident, which is {host.word}')}."


_HOSTS: Mapping[str, str] = MappingProxyType(
    {
        OUT: "is out of service until it is back: it counts as unhealthy",
        ON_PROBATION: "is back, and on probation",
        RETIRED: "has been given up for good",
    }
)


def _held(view: IncidentView) -> str:
    if view.reason in ORDERED:
        return "It is held because somebody wished it so."
    if view.reason in BY_ITSELF:
        return "It is held, and goes on by itself."
    return "It is held, and waits for a person."


def _reason(view: IncidentView) -> Reason | None:
    return Reason.heard(view.reason) if view.reason else None


def _next(view: IncidentView) -> str:
    name = quote(view.subject.host if view.subject.is_host else view.subject.name)
    if view.phase in (Phase.OPENED, Phase.RECOVERING):
        return f"kasugai incident watch {name}"
    return f"kasugai explain {name}"


def _names(names: Iterable[str]) -> str:
    known = sorted(names)
    more = f" and {len(known) - NAMED} more" if len(known) > NAMED else ""
    return f"{', '.join(known[:NAMED])}{more}"


def _count(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
