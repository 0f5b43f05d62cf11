"""What somebody told another system to be silent about: a host that people work on, until a date.

A silence may only stop what would be done about a host. It is no evidence, ends no suspicion, and counts nobody out.
"""

from dataclasses import dataclass

from kasugai.core.words.timing import BrokerTime, Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """What stands about one host: the whole of it, so that a newer one replaces an older one."""

    host: str
    """Nova's service host, byte for byte."""
    until: Instant = 0
    """When it ends by itself, by the clock of whoever keeps it, which is held against the broker's; 0: it is over."""
    observer: str
    """Who says so: `alertmanager`."""
    names: tuple[str, ...] = ()
    """The ids of the silences that it stands on, by which its observer knows them again after a restart."""
    ends: tuple[Instant, ...] = ()
    """When each of these ends, in their order; `until` is the last of them."""
    author: str = ""
    """Whose silence ends last."""
    reason: str = ""
    """What its author wrote."""
    said_at: BrokerTime = BrokerTime(0)
    """Kafka's timestamp of the record that route read; 0 before that."""
