"""What the command's exit codes mean, and how a noun ends with one of them: by its return value or by an error."""

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes; scripts rely on them."""

    OK = 0
    NO = 1
    """It said no: not found, a check failed, an incident that was not recovered."""
    USAGE = 2
    """The command line, a file or a setting is wrong."""
    AWAY = 3
    """Kafka, Redis, Nova, or what else the command needs, cannot be reached."""
    INTERRUPTED = 130
    """Ctrl-C, as shells say it."""


class SaidNo(Exception):
    """The answer is no; the message says why and what to type next."""


class Misused(Exception):
    """What was typed or written is wrong; the message names the option or line, its file and an example."""


class Away(Exception):
    """Something other than Kafka, Redis and Nova, which have errors of their own, cannot be reached."""
