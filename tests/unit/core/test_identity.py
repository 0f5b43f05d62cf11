"""Ids: derived from what they name, and from nothing else."""

from uuid import UUID

from kasugai.core.words import identity


def test_equal_parts_give_the_id_that_every_earlier_version_gave() -> None:
    assert identity.derive("a", 1, UUID(int=2)) == UUID("b5864c58-a4f9-55b0-ba6d-82009b0e5c55")


def test_parts_do_not_run_into_one_another() -> None:
    assert identity.derive("ab", "c") != identity.derive("a", "bc")


def test_ids_of_different_things_with_the_same_parts_differ() -> None:
    same = ("x", "1", "1", "1", "1")
    one = identity.event_id(*same)
    assert len({one, identity.incident_id("x", "1", one, one), identity.derive(*same)}) == 3


def test_every_part_of_a_fault_matters_to_its_id() -> None:
    ids = {
        identity.event_id("o", "host/cmp1", "down", "boot", "episode"),
        identity.event_id("x", "host/cmp1", "down", "boot", "episode"),
        identity.event_id("o", "host/cmp2", "down", "boot", "episode"),
        identity.event_id("o", "host/cmp1", "off", "boot", "episode"),
        identity.event_id("o", "host/cmp1", "down", "x", "episode"),
        identity.event_id("o", "host/cmp1", "down", "boot", "x"),
    }
    assert len(ids) == 6


def test_the_next_incident_of_a_host_has_another_id_though_the_same_fault_opens_it() -> None:
    opener = UUID(int=7)
    first = identity.incident_id("host", "u", opener, None)
    second = identity.incident_id("host", "u", opener, first)
    assert first != second
    assert second == identity.incident_id("host", "u", opener, first)
    assert second != identity.incident_id("process", "u", opener, first)


def test_every_part_of_a_fact_matters_to_its_id() -> None:
    one = identity.fact_id(UUID(int=1), 1, "s", "done", 1, 1)
    others = {
        identity.fact_id(UUID(int=2), 1, "s", "done", 1, 1),
        identity.fact_id(UUID(int=1), 2, "s", "done", 1, 1),
        identity.fact_id(UUID(int=1), 1, "t", "done", 1, 1),
        identity.fact_id(UUID(int=1), 1, "s", "failed", 1, 1),
        identity.fact_id(UUID(int=1), 1, "s", "done", 2, 1),
        identity.fact_id(UUID(int=1), 1, "s", "done", 1, 2),
    }
    assert len(others | {one}) == 7


def test_every_part_of_a_verdict_matters_to_its_id() -> None:
    one = identity.verdict_id("s1", "host/cmp1", 5, 0)
    others = {
        identity.verdict_id("s2", "host/cmp1", 5, 0),
        identity.verdict_id("s1", "host/cmp2", 5, 0),
        identity.verdict_id("s1", "host/cmp1", 6, 0),
        identity.verdict_id("s1", "host/cmp1", 5, 1),
    }
    assert len(others | {one}) == 5


def test_a_step_key_reads_action_colon_subject() -> None:
    assert identity.step_key("evacuate", "g1") == "evacuate:g1"
