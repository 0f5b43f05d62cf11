"""The agent's log: lines on stderr in the house's format; what came from outside forges no line.

oslo.log, which sets up the log of every other process, weighs more than all that an agent may.
"""

import logging
import sys

from kasugai.core.words.visible import visible

FORMAT = "%(asctime)s.%(msecs)03d %(process)d %(levelname)s %(name)s: %(message)s"
DATES = "%Y-%m-%d %H:%M:%S"


class Lines(logging.Formatter):
    """One line per record; a traceback's lines are set in."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text that a terminal shows and does not obey."""
        first, *more = super().format(record).split("\n") if record.exc_info else [super().format(record)]
        return "\n".join([visible(first), *(f"    {visible(line)}" for line in more)])


def set_up(*, debug: bool) -> None:
    """Let every line go to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines(FORMAT, DATES))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG if debug else logging.INFO)
