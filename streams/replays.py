"""Which words of agents have been said before: a word that is played again is known by its count.

An agent counts its records by the time since its host's boot, and signs the count. In one partition a host's words of
one boot come in the order of their counts, so a count that does not exceed the last one is an old word. Boots are not
ordered: an old boot's word that nobody remembers counts once more, and shuts nobody out; if it counted as the newest
boot's, whoever plays one could silence the host until it boots again.

What is remembered of a partition follows from the records before a place in it, and from nothing else: whoever reads
on from there after a restart, or a second time, remembers the same. It knows no keys and no clock.
"""

from dataclasses import dataclass, field

BOOTS = 4
"""Of one host's boots in one partition, so many are remembered: those that were heard last."""

Place = tuple[str, int]
"""A topic and a partition."""


@dataclass(slots=True)
class _Past:
    """One partition up to, without, `next`."""

    next: int
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    """By host and boot: the highest count. Hosts are those that have a key, and no others."""


class Replays:
    """All partitions."""

    def __init__(self) -> None:
        """Remember nothing."""
        self._places: dict[Place, _Past] = {}

    def reads_on(self, place: Place, offset: int) -> bool:
        """Whether the record at `offset` is the next one of what is remembered."""
        past = self._places.get(place)
        return past is not None and past.next == offset

    def begin(self, place: Place, offset: int) -> None:
        """Forget the partition, and remember it from `offset` on."""
        self._places[place] = _Past(offset)

    def passed(self, place: Place, offset: int) -> None:
        """All before `offset` has been taken, or is about to be."""
        self._places[place].next = offset

    def take(self, place: Place, host: str, boot: str, count: int) -> str:
        """Remember a proved word; return why it is an old one, "" when it is none."""
        boots = self._places[place].counts.setdefault(host, {})
        known = boots.pop(boot, -1)
        boots[boot] = max(known, count)
        if len(boots) > BOOTS:
            del boots[next(iter(boots))]
        if count > known:
            return ""
        return f"{host} has said it before: its count is {count}, and {known} has been heard of that boot"
