"""What is neither derived nor told by a topic: the wall clock, and the uuids of things that clients name by them."""

import time
from secrets import token_bytes
from uuid import uuid4

from kasugai.core.words.timing import Instant


def monotonic() -> float:
    """Return seconds that only ever grow."""
    return time.monotonic()


def pause(seconds: float) -> None:
    """Stand still, on a thread of which nothing else is expected."""
    time.sleep(seconds)


def nonce(size: int) -> bytes:
    """Return so many bytes that nobody can guess."""
    return token_bytes(size)


class Wall:
    """This machine's clock and chance."""

    def now(self) -> Instant:
        """Return the time in milliseconds since 1970: shown, told, and compared with other clocks only roughly."""
        return time.time_ns() // 1_000_000

    def new_uuid(self) -> str:
        """Return a fresh uuid in its canonical form."""
        return str(uuid4())
