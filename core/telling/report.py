"""An incident as one document: the headline, the bars, the evidence, each no, who did what, and the ledger's chain.

It is computed from records alone, as all that is told is. How it looks is for whoever draws it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kasugai.core.telling.chain import Link, chain
from kasugai.core.telling.headline import Headline, headline
from kasugai.core.telling.history import history
from kasugai.core.telling.host_states import host_states
from kasugai.core.telling.incident_views import SHORT, IncidentView, Seen
from kasugai.core.telling.noes import No, noes
from kasugai.core.telling.people import Ordered, Owner, Vouched, ordered, owners, vouched
from kasugai.core.telling.phases import Part, Span, guest_phases, phases
from kasugai.core.telling.progress import StepView
from kasugai.core.telling.timeline import Line, timeline
from kasugai.core.telling.witnesses import Proof, Witness, proofs, witnesses
from kasugai.core.words.actions import About
from kasugai.core.words.timing import BrokerTime, Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestRow:
    """One guest of the plan."""

    uuid: str
    name: str
    """What its user calls it; its uuid where nobody has said."""
    state: str
    """Where its recovery stands, in one word."""
    reason: str
    """Why, by the record of the step that it stands at; mostly empty."""
    destination: str
    """Where it was seen at the end; empty where that is not known."""
    spans: tuple[Span, ...]
    """Its phases: those that all guests share, then its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The document."""

    view: IncidentView
    segment: str
    """The segment's name; the beginning of its id where the inventory has forgotten it."""
    made_at: Instant
    headline: Headline
    spans: tuple[Span, ...]
    """The incident's phases; none where no incident was opened."""
    guests: tuple[GuestRow, ...]
    left: tuple[tuple[str, str], ...]
    """(uuid, word) of the guests that were left where they are."""
    witnesses: tuple[Witness, ...]
    proofs: tuple[Proof, ...]
    noes: tuple[No, ...]
    ordered: tuple[Ordered, ...]
    vouched: tuple[Vouched, ...]
    owners: tuple[Owner, ...]
    chain: tuple[Link, ...]
    lines: tuple[Line, ...]
    """The narrator's."""

    begun: BrokerTime
    """When anything was said about it first."""
    ended: BrokerTime
    """When it was closed; where it is not, when the report was made. Never before `begun`, whatever the clocks say."""


def report(view: IncidentView, seen: Iterable[Seen], names: Mapping[str, str], now: Instant) -> Report:
    """Return the document about an incident, or about a subject that is held or suspected without one. `seen`: all
    records that there are; `names`: segments' names by id; `now`: when it is made, where what is not over ends."""
    records = list(seen)
    story = history(view, records)
    host = host_states(records).get((view.segment, view.host)) if view.subject.is_host else None
    segment = names.get(view.segment) or view.segment[:SHORT]
    spans = phases(view, story)
    begun = min(view.since, *(each.at for each in story), *(span.begun for span in spans))
    return Report(
        view=view,
        segment=segment,
        made_at=now,
        headline=headline(view, story, segment, host),
        spans=spans,
        guests=_guests(view, story),
        left=view.plan.excluded if view.plan is not None else (),
        witnesses=witnesses(story),
        proofs=proofs(story),
        noes=noes(story),
        ordered=ordered(story),
        vouched=vouched(story),
        owners=owners(story),
        chain=chain(story),
        lines=tuple(timeline(story)),
        begun=begun,
        ended=max(begun, view.until if view.until is not None else BrokerTime(now)),
    )


def _guests(view: IncidentView, story: Sequence[Seen]) -> tuple[GuestRow, ...]:
    """Return a row for each guest of the plan, in its order; those that earlier attempts moved first."""
    known = {each.guest: each.spans for each in guest_phases(view, story)}
    steps: dict[str, list[StepView]] = {}
    for step in (*view.moved_before, *view.steps.values()):
        if step.step.words.about is About.GUEST:
            steps.setdefault(step.step.subject, []).append(step)
    return tuple(_guest(each, known.get(uuid) or _own(each)) for uuid, each in steps.items())


def _own(steps: Sequence[StepView]) -> tuple[Span, ...]:
    """Return the phase of a guest that its incident does not count, as a degraded host's are not."""
    begun = min((step.began for step in steps if step.began is not None), default=None)
    if begun is None:
        return ()
    ends = [step.ended for step in steps if step.ended is not None]
    ended = max(begun, *ends) if ends and all(step.is_done for step in steps) else None
    return (Span(part=Part.MOVE, begun=begun, ended=ended),)


def _guest(steps: Sequence[StepView], own: tuple[Span, ...]) -> GuestRow:
    stands = next((step for step in steps if not step.is_done), steps[-1])
    places = [
        step.record.destination for step in steps if step.record is not None and step.record.destination
    ]
    return GuestRow(
        uuid=stands.step.subject,
        name=stands.step.name or stands.step.subject,
        state=_state(steps, stands),
        reason=stands.record.reason if stands.record is not None else "",
        destination=places[-1] if places else "",
        spans=own,
    )


def _state(steps: Sequence[StepView], stands: StepView) -> str:
    if any(step.is_gone for step in steps):
        return "deleted meanwhile"
    return "back" if stands.is_done else f"{stands.step.action}: {stands.word}"
