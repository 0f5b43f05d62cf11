"""The matrix file: which health asks for recovery."""

from itertools import product

import pytest

from kasugai.agents.cluster.matrix import DEFAULT_MATRIX, read_matrix


def row(*health: str, action: object = ("recovery",)) -> dict[str, object]:
    return {"health": list(health), "action": list(action) if isinstance(action, tuple) else action}


def test_masakaris_default_recovers_whoever_has_lost_its_storage() -> None:
    for manage, tenant, storage in product(("up", "down"), repeat=3):
        health = {"manage": manage, "tenant": tenant, "storage": storage}
        assert DEFAULT_MATRIX.asks_for_recovery(health) is (storage == "down")


def test_a_file_is_read_in_its_own_order_and_unlisted_rows_ask_for_nothing() -> None:
    matrix = read_matrix(
        {"sequence": ["storage", "manage"], "matrix": [row("down", "up"), row("up", "down", action=[])]}
    )
    assert matrix.asks_for_recovery({"storage": "down", "manage": "up"})
    assert not matrix.asks_for_recovery({"storage": "up", "manage": "down"})
    assert not matrix.asks_for_recovery({"storage": "down", "manage": "down"})


def test_a_column_that_is_not_known_must_not_matter() -> None:
    assert DEFAULT_MATRIX.asks_for_recovery({"storage": "down"})
    assert not DEFAULT_MATRIX.asks_for_recovery({"manage": "down", "tenant": "down"})
    assert not DEFAULT_MATRIX.asks_for_recovery({})


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ([], "must be a mapping"),
        ({"matrix": []}, "sequence must be a list"),
        ({"sequence": ["manage", "manage"], "matrix": []}, "once"),
        ({"sequence": ["lan"], "matrix": []}, "manage, tenant and storage"),
        ({"sequence": ["manage"]}, "must be a list of rows"),
        ({"sequence": ["manage"], "matrix": ["up"]}, "row 1"),
        ({"sequence": ["manage"], "matrix": [row("up", "down")]}, "1 times up or down"),
        ({"sequence": ["manage"], "matrix": [row("UP")]}, "up or down"),
        ({"sequence": ["manage"], "matrix": [row("up", action="recovery")]}, "must be a list"),
        ({"sequence": ["manage"], "matrix": [row("up"), row("down", action=["reboot"])]}, "row 2"),
    ],
)
def test_what_is_wrong_is_named(data: object, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_matrix(data)
