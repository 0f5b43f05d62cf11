"""What a verb is: a small function that acts on the laboratory at its time."""

from collections.abc import Callable

from kasugai.sim.lab.laboratory import Lab

Words = tuple[str, ...]
Verb = Callable[[Lab, Words], str]
"""Does it and returns the sentence for the log; empty for none."""
