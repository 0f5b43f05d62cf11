"""The one table of the kinds of steps. A kind that is not in it is told and never done silently."""

from collections.abc import Mapping
from types import MappingProxyType

from kasugai.core.recovering.ledger import Entry
from kasugai.core.recovering.steps.cold_migrate import COLD_MIGRATE
from kasugai.core.recovering.steps.confirm import CONFIRM
from kasugai.core.recovering.steps.confirm_cold import CONFIRM_COLD
from kasugai.core.recovering.steps.confirm_migration import CONFIRM_MIGRATION
from kasugai.core.recovering.steps.custom_step import CUSTOM_STEP
from kasugai.core.recovering.steps.disable import DISABLE
from kasugai.core.recovering.steps.enable import ENABLE
from kasugai.core.recovering.steps.enable_again import ENABLE_AGAIN
from kasugai.core.recovering.steps.evacuate import EVACUATE
from kasugai.core.recovering.steps.fence import FENCE
from kasugai.core.recovering.steps.force_down import FORCE_DOWN
from kasugai.core.recovering.steps.join import JOIN
from kasugai.core.recovering.steps.kind import FinalLook, StepKind
from kasugai.core.recovering.steps.live_migrate import LIVE_MIGRATE
from kasugai.core.recovering.steps.migrate import MIGRATE
from kasugai.core.recovering.steps.open_storage import OPEN_STORAGE
from kasugai.core.recovering.steps.power_on import POWER_ON
from kasugai.core.recovering.steps.reenable import REENABLE
from kasugai.core.recovering.steps.reset import RESET
from kasugai.core.recovering.steps.restore import RESTORE
from kasugai.core.recovering.steps.retire import RETIRE
from kasugai.core.recovering.steps.start import START
from kasugai.core.recovering.steps.start_again import START_AGAIN
from kasugai.core.recovering.steps.stop import STOP
from kasugai.core.recovering.steps.sweep import SWEEP
from kasugai.core.words.facts import StepRecord
from kasugai.core.words.plan import Step

_ALL: tuple[StepKind | FinalLook, ...] = (
    FENCE,
    FORCE_DOWN,
    JOIN,
    ENABLE,
    RESET,
    EVACUATE,
    RESTORE,
    CUSTOM_STEP,
    SWEEP,
    STOP,
    MIGRATE,
    LIVE_MIGRATE,
    COLD_MIGRATE,
    CONFIRM_COLD,
    CONFIRM_MIGRATION,
    START,
    DISABLE,
    ENABLE_AGAIN,
    POWER_ON,
    OPEN_STORAGE,
    REENABLE,
    START_AGAIN,
    RETIRE,
    CONFIRM,
)

KINDS: Mapping[str, StepKind | FinalLook] = MappingProxyType({kind.action: kind for kind in _ALL})
"""By action."""


class UnknownKind(LookupError):
    """A step of a kind that cannot be carried out here: a newer worker's."""


def find(action: str) -> StepKind | FinalLook | None:
    """Return what is known of an action's steps; None for a kind that is not in the table."""
    return KINDS.get(action)


def kind_of(action: str) -> StepKind:
    """Return the kind of a step that has an effect. UnknownKind for all others."""
    kind = find(action)
    if isinstance(kind, StepKind):
        return kind
    raise UnknownKind(f"nothing can be called for a step of the kind {action!r}")


def carried_on(entry: Entry) -> tuple[Step, ...]:
    """Return what a new attempt has to do because of the records of earlier ones: first what concerns calls that may be
    under way, which are never forgotten."""
    records = [entry.steps[key] for key in sorted(entry.steps)]
    ordered = sorted(records, key=lambda record: not record.state.is_open)
    return tuple(step for record in ordered for step in _carried_on(entry, record))


def _carried_on(entry: Entry, record: StepRecord) -> tuple[Step, ...]:
    kind = find(record.action)
    if isinstance(kind, StepKind):
        return kind.carry_on(entry, record)
    if kind is None and record.state.is_open:
        return (Step(action=record.action, subject=record.subject),)
    return ()
