"""What a record decided, as bytes: encoded once, to see whether it fits, and published and written as it is then.

It knows how large a record may be. What becomes of a decision that does not fit is the core's business (`Mailbox`).
"""

from kasugai.adapters.kafka.client import FRAME
from kasugai.core.deciding.rows import Tombstone
from kasugai.schemas.codec import Unencodable, encode


class Frames:
    """The frames of one record's decision, until they are taken."""

    def __init__(self, most: int = FRAME) -> None:
        """Hold nothing; `most` bytes fit."""
        self._most = most
        self._held: dict[int, tuple[object, bytes]] = {}

    def misfit(self, value: object) -> str:
        """Say why no record can carry a value; empty when one can."""
        if isinstance(value, Tombstone):
            return ""
        try:
            frame = encode(value)
        except Unencodable as error:
            return str(error)
        if len(frame) > self._most:
            return f"a {type(value).__name__} of {len(frame)} bytes, {self._most} fit into a record"
        self._held[id(value)] = value, frame
        return ""

    def take(self, value: object) -> bytes:
        """Return a value's frame."""
        held = self._held.pop(id(value), None)
        return encode(value) if held is None else held[1]

    def clear(self) -> None:
        """Let go of what nobody took."""
        self._held.clear()
