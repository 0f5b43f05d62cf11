"""What a host's health by network asks for: masakari-monitors' matrix file, as a value.

A column that is not known is neither up nor down: recovery is asked for only if every way to fill it in asks for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, TypeGuard

UP, DOWN = "up", "down"
RECOVERY = "recovery"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """Which rows of health ask for recovery."""

    sequence: tuple[str, ...]
    """The networks, in the order of each row."""
    recovers: frozenset[tuple[str, ...]]
    """The rows that do; every other one, unlisted ones too, asks for nothing."""

    def asks_for_recovery(self, health: Mapping[str, str]) -> bool:
        """Return whether this health does, whatever the networks that it does not name may be."""
        ways = [(known,) if (known := health.get(network)) else (UP, DOWN) for network in self.sequence]
        return all(row in self.recovers for row in product(*ways))


DEFAULT_MATRIX = Matrix(
    sequence=("manage", "tenant", "storage"),
    recovers=frozenset((manage, tenant, DOWN) for manage in (UP, DOWN) for tenant in (UP, DOWN)),
)
"""masakari-monitors' own: whoever has lost its storage."""


def read_matrix(data: object) -> Matrix:
    """Return what a matrix file holds, as its YAML gives it; ValueError says what is wrong."""
    file = _mapping(data, "the matrix file must be a mapping with `sequence` and `matrix`")
    sequence = _texts(file.get("sequence"), "sequence")
    if len(set(sequence)) != len(sequence) or not set(sequence) <= set(DEFAULT_MATRIX.sequence):
        raise ValueError(f"`sequence` {list(sequence)} may name each of manage, tenant and storage once")
    rows = file.get("matrix")
    if not _is_list(rows):
        raise ValueError("`matrix` must be a list of rows with `health` and `action`")
    found = [_row(row, number, len(sequence)) for number, row in enumerate(rows, 1)]
    return Matrix(sequence=sequence, recovers=frozenset(health for health, recovers in found if recovers))


def _row(row: object, number: int, width: int) -> tuple[tuple[str, ...], bool]:
    given = _mapping(row, f"row {number} of `matrix` must have `health` and `action`")
    health = _texts(given.get("health"), f"health of row {number}")
    if len(health) != width or not set(health) <= {UP, DOWN}:
        raise ValueError(f"health of row {number} must be {width} times up or down, not {list(health)}")
    action = given.get("action")
    if action is not None and not _is_list(action):
        raise ValueError(f"action of row {number} must be a list, [] or [recovery]")
    unknown = [word for word in action or [] if word != RECOVERY]
    if unknown:
        raise ValueError(f"action of row {number} may be {RECOVERY}, not {unknown}")
    return health, bool(action)


def _mapping(value: object, otherwise: str) -> Mapping[str, object]:
    match value:
        case Mapping():
            return value
        case _:
            raise ValueError(otherwise)


def _texts(value: object, what: str) -> tuple[str, ...]:
    if not _is_list(value) or not value or not all(isinstance(each, str) for each in value):
        raise ValueError(f"{what} must be a list of words")
    return tuple(value)


def _is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)
