"""Who spoke about an incident's subject, since when, and by what it was opened. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from kasugai.core.telling.incident_views import Seen
from kasugai.core.words.incident import Open
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Evidence, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """One observation, as verdicts name it."""

    observer: str
    symptom: str
    episode: str
    first: BrokerTime
    """When a verdict named it first."""
    last: BrokerTime


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What an order to recover stands on besides, and since when."""

    at: BrokerTime
    what: str


def witnesses(records: Iterable[Seen]) -> tuple[Witness, ...]:
    """Return the evidence of all verdicts about the story, by the time of the first; `records` in the order of time."""
    found: dict[Evidence, Witness] = {}
    for seen in records:
        for each in seen.value.evidence if isinstance(seen.value, Verdict) else ():
            known = found.get(each)
            found[each] = replace(known, last=seen.at) if known is not None else _first(each, seen.at)
    return tuple(found.values())


def _first(evidence: Evidence, at: BrokerTime) -> Witness:
    return Witness(
        observer=evidence.observer,
        symptom=evidence.symptom,
        episode=evidence.episode,
        first=at,
        last=at,
    )


def proofs(records: Iterable[Seen]) -> tuple[Proof, ...]:
    """Return what the orders of the story say of proofs, each once, the oldest first."""
    orders = [seen.value for seen in records if isinstance(seen.value, Open)]
    said = {
        proof
        for order in orders
        for at, what in (
            (order.confirmed_at, "enough witnesses agree since then"),
            (order.asserted_at, _who_vouches(order)),
            (order.reset_at, "its own watchdog has reset it, at the latest then"),
        )
        if at is not None
        for proof in [Proof(at=at, what=what)]
    }
    return tuple(sorted(said, key=lambda proof: (proof.at, proof.what)))


def _who_vouches(order: Open) -> str:
    who = f"{order.vouched_by} vouches" if order.vouched_by else "a trusted sender says"
    return f"{who} that it is off"
