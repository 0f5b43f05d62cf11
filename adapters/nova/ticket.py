"""The right to send one request, shared by the task that waits for it and the thread that sends it.

A request whose caller has given up before it was sent is never sent; of one that was sent, nobody can say more.
"""

import threading
import time

from kasugai.core.recovering.doors import CloudAway


class Ticket:
    """Good for `seconds` from now on."""

    def __init__(self, seconds: float) -> None:
        """Begin to run."""
        self._deadline = time.monotonic() + seconds
        self._lock = threading.Lock()
        self._given_up = False
        self._sent = False

    def send(self) -> float:
        """Note that the request is about to be sent, and return the seconds left; CloudAway if it must not be."""
        with self._lock:
            left = self._deadline - time.monotonic()
            if self._given_up or left <= 0:
                raise CloudAway("no time was left to send the request")
            self._sent = True
            return left

    def take_back(self) -> None:
        """Note that what was sent was surely not carried out."""
        with self._lock:
            self._sent = False

    def give_up(self) -> bool:
        """Forbid sending from now on; return whether it was sent."""
        with self._lock:
            self._given_up = True
            return self._sent
