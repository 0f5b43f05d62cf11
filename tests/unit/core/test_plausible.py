"""An epoch that the log does not explain is not believed, whoever wrote it into the ledger."""

from dataclasses import replace
from uuid import UUID

import pytest

from kasugai.core.recovering.doors import Folded
from kasugai.core.recovering.ledger import Entry, highest
from kasugai.core.recovering.plausible import needs_the_log, plausible
from kasugai.core.words.epochs import FIRST, LEAP, is_next
from kasugai.core.words.facts import FactKind
from tests.unit.core.makers import fact

ONE, TWO = UUID(int=1), UUID(int=2)
ABSURD = 2**52


def kept(epoch: int, **entries: int) -> Folded:
    """Return a ledger's account of two incidents by their epochs."""
    ids = {"one": ONE, "two": TWO}
    return Folded(
        epoch=epoch,
        offsets={"recovery/0": 7},
        entries={ids[name]: Entry(incident=ids[name], epoch=number) for name, number in entries.items()},
        flags={},
    )


def test_what_is_ordinary_is_believed_without_the_log() -> None:
    for epoch in (0, 7, FIRST + LEAP - 1):
        assert not needs_the_log(kept(epoch, one=epoch))
        assert plausible(kept(epoch, one=epoch), 0) == kept(epoch, one=epoch)
    assert needs_the_log(kept(FIRST + LEAP))
    assert needs_the_log(kept(7, one=FIRST + LEAP))


@pytest.mark.parametrize("logged", [0, 7, FIRST - 1, FIRST, FIRST + 1, ABSURD])
def test_the_owner_after_the_highest_plausible_epoch_is_believed(logged: int) -> None:
    """Or what it does would be unknown to the next one."""
    most = max(logged, FIRST) + LEAP
    for epoch in (most - 1, most):
        known = plausible(kept(epoch, one=epoch), logged)
        following = replace(
            fact(FactKind.ADOPTED), epoch=max(logged, known.epoch, highest(known.entries)) + 1
        )
        assert is_next(following, 0, logged)


def test_what_the_log_explains_is_believed_however_high() -> None:
    high = kept(ABSURD + LEAP - 1, one=ABSURD, two=4)
    assert plausible(high, ABSURD) is high


def test_an_absurd_epoch_is_absent_and_the_log_is_folded_from_its_beginning() -> None:
    known = plausible(kept(ABSURD, one=4), 4)
    assert (known.epoch, known.offsets) == (0, {})
    assert known.entries == kept(0, one=4).entries


def test_an_entry_under_an_absurd_epoch_is_absent_and_the_others_stay() -> None:
    known = plausible(kept(5, one=ABSURD, two=4), 4)
    assert (known.epoch, known.offsets) == (5, {})
    assert known.entries == kept(5, two=4).entries
