"""What an operator may say about watching guests; the defaults are those of masakari-monitors where it has the word."""

from dataclasses import dataclass, field
from typing import Final

from kasugai.agents.instance.values import DEFAULT, Patience
from kasugai.core.words.timing import Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class Keepalive:
    """How a daemon that hangs is noticed."""

    every: int = 5
    """Seconds between two questions."""
    count: int = 3
    """After so many without an answer the connection is closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PingOptions:
    """Whether and how the agents inside guests are asked. How often they may fail to answer is `Patience`."""

    wanted: bool = False
    """Off by default, as with Masakari, where a monitor of its own does it: it needs the right to change guests."""
    every: Millis = Millis(10_000)
    """From the end of a round to the next."""
    timeout: int = 2
    """Seconds that an agent has; libvirt makes 5 of them from its second question on."""
    parallel: int = 4
    """So many are asked at once; libvirtd works on five calls of a client at once (`max_client_requests`)."""
    budget: Millis = Millis(60_000)
    """A round begins no question later than this; who was not asked is asked first in the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceOptions:
    """All of it."""

    keepalive: Keepalive = field(default_factory=Keepalive)
    reopen: Millis = Millis(3_000)
    """The pause before a connection is tried again."""
    answer: Millis = Millis(15_000)
    """libvirt has so long to answer before it counts as hung."""
    look_every: Millis = Millis(30_000)
    """All guests are looked at this often, whatever was heard."""
    patience: Patience = DEFAULT
    pings: PingOptions = field(default_factory=PingOptions)


USUAL: Final = InstanceOptions()
"""What a deployment runs with unless told otherwise."""
