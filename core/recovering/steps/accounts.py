"""What Nova's account of a guest says of a cold migration: whether it is the call of a step's intent, and whether the
guest's user has taken it back. A record of a migration names nobody; this account does.
"""

from collections.abc import Iterable

from kasugai.core.recovering.nova_views import COLD_MIGRATION, ActionView, By, MigrationView
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.steps.evacuations import Notes
from kasugai.core.recovering.wishes import CONFIRM_RESIZE, MIGRATE, RESIZE, REVERT_RESIZE
from kasugai.core.words.facts import StepRecord
from kasugai.core.words.plan import Step

MOVES = (MIGRATE, RESIZE)
"""Nova's actions after which a guest waits for a confirmation; none is taken while one waits."""
Account = tuple[ActionView, ...]
"""Newest first."""


def newest_request(account: Account) -> str:
    """Return the id of the newest request; empty for none."""
    return account[0].request if account else ""


def our_move(record: StepRecord, account: Account) -> ActionView | None:
    """Return the newest move of the guest if that is the call of the record's intent; None where it is another's, or
    there is none since."""
    move = next((each for each in _newer(record, account) if each.action in MOVES), None)
    return move if move is not None and _is_ours(move) else None


def our_confirmation(record: StepRecord, account: Account) -> ActionView | None:
    """Return what the account says of the confirmation that the record's intent is about; None for nothing."""
    newer = _newer(record, account)
    return next((each for each in newer if each.by is By.US and each.action == CONFIRM_RESIZE), None)


def is_reverted(account: Account) -> bool:
    """Whether somebody else has had the guest moved back where we had moved it last."""
    told = [each for each in account if each.action in (*MOVES, REVERT_RESIZE)][:2]
    if len(told) < 2 or told[0].action != REVERT_RESIZE or told[0].by is By.US:
        return False
    return _is_ours(told[1])


def our_records(s: Situation, step: Step, record: StepRecord) -> tuple[MigrationView, ...]:
    """Return the records of cold migrations of the guest that are newer than the intent, oldest first."""
    seen = Notes.of(record).seen_migration
    found = s.look.migrations.get(step.subject, ())
    return tuple(m for m in found if m.migration_type == COLD_MIGRATION and m.migration_id > seen)


def _is_ours(move: ActionView) -> bool:
    return move.by is By.US and move.action == MIGRATE


def _newer(record: StepRecord, account: Iterable[ActionView]) -> list[ActionView]:
    marker, newer = Notes.of(record).seen_action, []
    for each in account:
        if marker and each.request == marker:
            break
        newer.append(each)
    return newer
