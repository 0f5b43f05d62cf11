"""What a bystander saw of a recovery: a guest has landed. A reason to look, and never what a look would show."""

from dataclasses import dataclass

from kasugai.core.words.timing import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """Nova has told that an evacuated guest runs on another host. It may be late, repeated, or wrong."""

    host: str
    """Where the guest came from: Nova's service host, byte for byte."""
    guest: str
    """The instance's uuid."""
    destination: str = ""
    """Where it is said to run; empty where nobody said."""
    observer: str
    """Who says so: `bridge`."""
    observed_at: Instant = 0
    """By Nova's clock: told, and used for nothing else."""
