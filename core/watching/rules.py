"""The lengths of time by which silence is judged, and what an isolated host's own word weighs: one value.

What an operator sets is in it, and what does not fit together. Who is silent is decided elsewhere.
"""

from dataclasses import dataclass

from kasugai.core.words.timing import Millis

Networks = frozenset[str]
"""Names of networks, as agents call them."""

LONGEST_PATIENCE: Millis = Millis(30_000)
"""Neither a doubt of an agent's loop nor a pause that it announces makes anybody wait longer than that for its host."""
DOUBT_LASTS: Millis = Millis(60_000)
"""How long an agent whose loop was late is believed less."""
FEW = 3
"""Fewer hosts than these make no crowd that falls silent at once."""
MANY = 20_000
"""So many hosts of one partition are watched: whoever makes names up makes no memory."""
BOOTS = 8
"""So many former boots of a host are remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What silence and isolation are."""

    silence: Millis = Millis(3_000)
    """A host that has not beaten for longer is silent."""
    repeat: Millis = Millis(30_000)
    """What stands is said again this often."""
    pulse: Millis = Millis(1_000)
    """Each owned partition gets a pulse this often; a pause of more than two of them is time spent blind."""
    reboot: Millis = Millis(300_000)
    """A host that says that it starts anew may be silent for so long."""
    isolation: Millis = Millis(10_000)
    """A host that reaches nobody on a network for so long is isolated there."""
    forget: Millis = Millis(86_400_000)
    """A host that was silent for so long is watched no more, until it beats again."""
    memory: Millis = Millis(60_000)
    """So much of each partition's past is read again by its new owner at most: hosts that fell silent while nobody
    looked are found if that was later. Where its predecessor left word since when it must be read, no more is."""
    witness: tuple[str, ...] = ()
    """The matrix: on which networks (in the order of the alphabet, joined by `+`) a host that beats must reach nobody
    for liveness to be one witness against it: `storage`, `storage+tenant`. Everything else is told, and held against
    nobody: by default that is all."""

    def problems(self) -> tuple[str, ...]:
        """Return what does not fit together, one sentence each; empty when all is well."""
        found = []
        if self.silence < 2 * self.pulse:
            found.append("silence is shorter than two pulses: time that nobody saw could count as silence")
        if self.repeat > 45_000:
            found.append("repeat is longer than 45 s: what is not repeated for 90 s counts for nothing")
        return tuple(found)

    def is_witness(self, lost: Networks) -> bool:
        """Whether the matrix names a host that reaches nobody on just these networks."""
        return "+".join(sorted(lost)) in self.witness

    @property
    def blind_after(self) -> Millis:
        """A pause between two pulses that is longer than this was seen by nobody."""
        return Millis(2 * self.pulse)
