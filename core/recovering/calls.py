"""What a step may ask of the world, as values: one per verb of the worker's doors, and one for doors of other makers.

Nothing here is carried out; `workers.calling` does, in one place.
"""

from dataclasses import dataclass

from kasugai.core.words.frozen import NO_TEXTS, FrozenMap


@dataclass(frozen=True, slots=True, kw_only=True)
class Fence:
    """Switch the host off."""

    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ForceDown:
    """Set a compute service forced down and disabled, in one request."""

    service_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Enable:
    """Enable a compute service."""

    service_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddToAggregate:
    """Add a host to an aggregate."""

    aggregate_id: int
    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evacuate:
    """Ask for one evacuation. NOT idempotent."""

    guest: str
    target: str
    """Empty: where Nova's scheduler likes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetState:
    """Set a guest's vm_state to error."""

    guest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StopGuest:
    """Stop a guest."""

    guest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StartGuest:
    """Start a guest."""

    guest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Custom:
    """Knock at a door that the operator has added, by its name."""

    door: str
    payload: FrozenMap[str] = NO_TEXTS


Call = Fence | ForceDown | Enable | AddToAggregate | Evacuate | ResetState | StopGuest | StartGuest | Custom
"""One effect."""
