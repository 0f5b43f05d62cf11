"""What of a message reaches py-amqp."""

import pytest

from kasugai.adapters.rabbit import wire

CLASS_AND_SIZES = b"\x00\x3c\x00\x00" + (5).to_bytes(8, "big")
"""basic, weight 0, a body of five bytes (AMQP 0-9-1, 4.2.6.1)."""
CONTENT_TYPE = b"\x80\x00" + b"\x0atext/plain"
"""The flag of the one property, and it."""


def test_messages_are_read_without_their_properties(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[tuple[int, int, bytes]] = []
    monkeypatch.setattr(wire, "frame_handler", lambda connection, callback: taken.append)
    take = wire._bare(None, None)
    frames = [(1, 7, b"a method"), (2, 7, CLASS_AND_SIZES + CONTENT_TYPE), (3, 7, b"hello")]
    for frame in frames:
        take(frame)
    assert taken == [frames[0], (2, 7, CLASS_AND_SIZES + b"\x00\x00"), frames[2]]
