"""What is wrong with somebody now, told in the log when it begins and once a minute while it stays.

From any thread: who notes and who asks need not be the same.
"""

import logging
import time
from collections.abc import Callable

SAY_EVERY = 60.0
"""Seconds between two lines about one trouble."""


class Trouble:
    """One thing's."""

    def __init__(
        self, whose: str, log: logging.Logger, clock: Callable[[], float] = time.monotonic, text: str = ""
    ) -> None:
        """Nothing is wrong, or `text` is, which is not told."""
        self._whose = whose
        self._log = log
        self._clock = clock
        self._said = float("-inf")
        self.text = text
        """Why it does not work; empty while it does."""

    def note(self, why: str) -> None:
        """It does not work."""
        self.text = why
        if self._clock() - self._said >= SAY_EVERY:
            self._said = self._clock()
            self._log.warning("%s: %s", self._whose, why)

    def over(self) -> None:
        """It works, or does again."""
        if self._said > float("-inf"):
            self._log.info("%s: it works again", self._whose)
        self.text, self._said = "", float("-inf")


class Refusals:
    """Whether a login is refused for good: the broker says so again 10 s to a minute after it first did.

    One that starts refuses everybody for a moment.
    """

    SETTLES, LASTS = 10.0, 60.0

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """None was heard."""
        self._clock = clock
        self._first: float | None = None

    def is_final(self) -> bool:
        """Count a refusal, and return whether it is the second one in a minute."""
        now = self._clock()
        since = None if self._first is None else now - self._first
        if since is None or since > self.LASTS:
            self._first = now
            return False
        return since >= self.SETTLES

    def over(self) -> None:
        """We were let in."""
        self._first = None
