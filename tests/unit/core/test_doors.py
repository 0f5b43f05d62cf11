"""What passes through the doors: errors that say what the caller should do next."""

import pytest

from kasugai.core.recovering import doors
from kasugai.core.recovering.doors import CloudRefused, Folded, Lease
from kasugai.core.words.subject import host_subject


def test_a_refusal_keeps_novas_code_and_sentence() -> None:
    no = CloudRefused(409, "Cannot 'evacuate' instance X")
    assert (no.status, no.message, str(no)) == (
        409,
        "Cannot 'evacuate' instance X",
        "409 Cannot 'evacuate' instance X",
    )


@pytest.mark.parametrize(
    "name", ["LeaseLost", "LedgerAway", "LogAway", "CloudAway", "CloudUnsure", "CloudRefused", "FenceRefused"]
)
def test_no_error_is_caught_by_the_name_of_another(name: str) -> None:
    assert getattr(doors, name).__bases__ == (Exception,)


def test_a_lease_has_no_epoch_before_it_is_adopted_and_an_empty_ledger_knows_none() -> None:
    assert (Lease(subject=host_subject("cmp1"), owner="w1").epoch, Folded(entries={}, flags={}).epoch) == (
        0,
        0,
    )
