"""What is read of a subject, and what is not, from whatever Redis answers."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kasugai.adapters.ledger_json import dump_entry, dump_offsets
from kasugai.adapters.ledger_reading import Reading
from kasugai.core.recovering.ledger import Entry, Flag
from kasugai.core.words.timing import BrokerTime

ONE, TWO = UUID(int=1), UUID(int=2)
NONE = [None] * 4
OFFSETS = dump_offsets({"recovery/0": 7})
ENTRY = dump_entry(Entry(incident=ONE))


def test_what_is_ours_is_read_with_how_far_it_was_folded() -> None:
    reading = Reading()
    folded = reading.folded([ONE, TWO], [["3", OFFSETS], ENTRY, NONE, None, ["5", "6", "stop", "why"]])
    assert (folded.epoch, folded.offsets, [*folded.entries]) == (3, {"recovery/0": 7}, [ONE])
    assert folded.flags == {TWO: Flag(said_at=BrokerTime(5), offset=6, stop=True, reason="why")}
    assert reading.unread == []


@pytest.mark.parametrize(
    ("what", "reply"),
    [
        ("entry", [["3", OFFSETS], "rubbish", NONE]),
        ("entry", [["3", OFFSETS], ["unreadable"], NONE]),
        ("entry", [["3", OFFSETS], dump_entry(Entry(incident=TWO)), NONE]),
        ("flag", [["3", OFFSETS], ENTRY, ["unreadable"]]),
        ("flag", [["3", OFFSETS], ENTRY, ["5", "6", "perhaps", ""]]),
        ("flag", [["3", OFFSETS], ENTRY, ["5", None, "stop", ""]]),
        ("flag", [["3", OFFSETS], ENTRY, ["5", str(2**53 + 1), "stop", ""]]),
        ("subject", [["unreadable"], ENTRY, NONE]),
        ("subject", [["three", OFFSETS], ENTRY, NONE]),
        ("subject", [["3" * 400, OFFSETS], ENTRY, NONE]),
        ("subject", [["3", "rubbish"], ENTRY, NONE]),
    ],
)
def test_after_what_is_not_the_fold_begins_at_the_beginning(what: str, reply: list[object]) -> None:
    """What was lost stands in the log before the offset that the ledger remembers."""
    reading = Reading()
    assert reading.folded([ONE], reply).offsets == {}
    assert [each.what for each in reading.unread] == [what]


@pytest.mark.parametrize(
    ("members", "listed", "reply"),
    [
        ({f"e/{ONE}", f"e/{TWO}"}, "2", [["3", OFFSETS], ENTRY, NONE, None, NONE]),
        ({f"e/{ONE}", f"e/{TWO}"}, "2", [["3", OFFSETS], ENTRY, NONE, None, ["5", "6", "stop", ""]]),
        ({f"e/{ONE}", f"f/{TWO}"}, "2", [["3", OFFSETS], ENTRY, NONE, None, NONE]),
        ({f"e/{ONE}"}, "2", [["3", OFFSETS], ENTRY, NONE]),
        ({f"e/{ONE}"}, "0", [["3", OFFSETS], ENTRY, NONE]),
        ({f"e/{ONE}"}, "", [["3", OFFSETS], ENTRY, NONE]),
        ({f"e/{ONE}"}, "many", [["3", OFFSETS], ENTRY, NONE]),
        (set[str](), "1", [["3", OFFSETS]]),
    ],
)
def test_after_what_has_gone_it_does_so_too_and_nobody_is_told(
    members: set[str], listed: str, reply: list[object]
) -> None:
    """It has expired, or somebody has removed it, or the list itself: the offsets know of it, and nothing else does."""
    reading = Reading()
    assert reading.folded(reading.incidents([*members], listed), reply).offsets == {}
    assert reading.unread == []


def test_what_is_listed_and_there_is_whole() -> None:
    reading = Reading()
    incidents = reading.incidents([f"f/{TWO}", f"e/{ONE}", f"f/{ONE}"], "3")
    assert incidents == [ONE, TWO]
    stop = ["5", "6", "stop", ""]
    assert reading.folded(incidents, [["3", OFFSETS], ENTRY, stop, None, stop]).offsets == {"recovery/0": 7}


def test_members_that_are_no_incidents_are_passed_over() -> None:
    reading = Reading()
    assert reading.incidents([f"e/{TWO}", "e/rubbish", str(ONE), f"f/{ONE}"], "4") == [ONE, TWO]
    assert reading.incidents("unreadable", "4") == []
    assert [each.what for each in reading.unread] == ["index"] * 3


texts = st.one_of(st.none(), st.text(), st.sampled_from([ENTRY, OFFSETS, "1", "stop"]))


@given(
    st.lists(texts, max_size=3), st.one_of(texts, st.lists(texts, max_size=2)), st.lists(texts, max_size=5)
)
def test_nothing_makes_it_fail(about: list[object], text: object, flag: list[object]) -> None:
    Reading().folded([ONE], [about, text, flag])
