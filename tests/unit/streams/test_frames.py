"""A record's decision as bytes: weighed, published and written as one and the same encoding."""

from unittest.mock import patch

from kasugai.adapters.kafka.client import FRAME
from kasugai.core.deciding.rows import Tombstone
from kasugai.core.words.subject import host_subject
from kasugai.schemas.codec import encode
from kasugai.streams import frames
from kasugai.streams.frames import Frames
from tests.unit.core.makers import order, row


def test_what_fits_is_encoded_once() -> None:
    held, told = Frames(), row()
    with patch.object(frames, "encode", side_effect=encode) as encoding:
        assert held.misfit(told) == "" and held.take(told) == encode(told)
        assert encoding.call_count == 1
        assert held.take(told) == encode(told), "and again when nobody holds it any more"
        assert encoding.call_count == 2


def test_what_nobody_took_is_let_go() -> None:
    held = Frames()
    held.misfit(row())
    held.clear()
    assert held._held == {}


def test_what_is_larger_than_a_record_says_so() -> None:
    small = Frames(40)
    assert small.misfit(row()) == f"a SubjectRow of {len(encode(row()))} bytes, 40 fit into a record"
    assert Frames().misfit(row()) == "" and FRAME > 1_000_000


def test_what_has_no_form_says_so_too() -> None:
    assert Frames().misfit(order(vouched_by="x" * 300)) == (
        "Open: Open.vouched_by has 300 characters, at most 255 are taken"
    )


def test_the_end_of_a_row_always_fits() -> None:
    assert Frames(0).misfit(Tombstone(segment="s1", subject=host_subject("cmp1"), offset=7)) == ""
