"""How the log says no: not now, or never."""


class LogAway(Exception):
    """Kafka did not acknowledge. The record may or may not be in the log."""


class LogRefused(Exception):
    """No broker will ever take this record, or nobody could read it: it is too large, or breaks a bound. Sending it
    again is no use; the text says what is wrong with it."""
