"""Whether everything is as it should be after the outage: values in, problems out. Nova's records decide."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kasugai.cli.tables import Column, table
from kasugai.core.recovering.nova_views import EVACUATION, GuestView, MigrationView

COLUMNS = (
    Column("INSTANCE"),
    Column("WAS ON"),
    Column("IS ON"),
    Column("WAS"),
    Column("IS"),
    Column("EVACUATIONS", right=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one guest."""

    before: GuestView
    after: GuestView | None
    """None: Nova does not know it any more."""
    evacuations: int
    """How many evacuations of it Nova has recorded since the outage."""

    @property
    def problems(self) -> tuple[str, ...]:
        """What is not as it should be, one sentence each."""
        name, after = self.before.name, self.after
        if after is None:
            return (f"{name} is gone",)
        found = [
            (after.host == self.before.host, f"{name} is still on {after.host}"),
            (after.task_state is not None, f"{name} is still busy ({after.task_state})"),
            (
                _state(after) != _state(self.before),
                f"{name} was {_state(self.before)} and is {_state(after)}",
            ),
            (self.evacuations != 1, f"Nova has recorded {self.evacuations} evacuations of {name}"),
        ]
        return tuple(sentence for is_so, sentence in found if is_so)


def outcomes(
    before: Sequence[GuestView],
    after: Mapping[str, GuestView | None],
    records: Iterable[MigrationView],
    mark: int,
) -> list[Outcome]:
    """Return what became of each guest; `mark` is the highest migration id before the outage."""
    since = [
        record for record in records if record.migration_id > mark and record.migration_type == EVACUATION
    ]
    return [
        Outcome(
            before=guest,
            after=after.get(guest.uuid),
            evacuations=sum(record.guest == guest.uuid for record in since),
        )
        for guest in before
    ]


def places(found: Sequence[Outcome]) -> list[str]:
    """Return where each instance is now, as a table."""
    rows = [
        (
            outcome.before.name,
            outcome.before.host,
            outcome.after.host if outcome.after else "-",
            _state(outcome.before),
            _state(outcome.after) if outcome.after else "gone",
            str(outcome.evacuations),
        )
        for outcome in found
    ]
    return table(COLUMNS, rows)


def _state(guest: GuestView) -> str:
    return f"{guest.vm_state}, locked" if guest.locked else guest.vm_state
