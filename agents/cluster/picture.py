"""What one look at a cluster shows: of each host whether it is up, down, or cannot be told.

It says what was seen and why, never what follows from it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Standing(StrEnum):
    """How a host stands in its cluster."""

    UP = "up"
    """It is a working member."""
    DOWN = "down"
    """The cluster lost it, and nobody has asked it to go."""
    UNTOLD = "cannot tell"
    """Neither is certain: no word is said of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One host as a look shows it."""

    name: str
    """As the cluster calls it: it must be Nova's service host, byte for byte."""
    standing: Standing
    why: str
    """What was seen, in a few words for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """All that one look shows."""

    members: tuple[Member, ...] = ()
    trouble: str = ""
    """Why it shows nobody, and what to do; then there are no members."""
    remarks: tuple[str, ...] = ()
    """What is not watched, and why: told once each."""


class Look(Protocol):
    """A way to look at one cluster."""

    @property
    def name(self) -> str:
        """Which stack is looked at."""

    async def look(self, closely: bool) -> Picture:
        """Return what is to be seen now. `closely`: somebody is down or doubted, so that returns matter as well.

        Raises nothing: what hinders it is the picture's trouble.
        """


class Unreadable(Exception):
    """An answer that is not what its tool or server is known to say; the text says what was found instead."""


def blind(trouble: str, *remarks: str) -> Picture:
    """Return the picture of a look that shows nobody, and why."""
    return Picture(trouble=trouble, remarks=remarks)


def shown(members: Iterable[Member], *remarks: str) -> Picture:
    """Return the picture of these members, by name; where there is nobody at all, that cannot be told."""
    found = tuple(sorted(members, key=lambda member: member.name))
    if not found:
        return blind("the cluster names no member: is this host part of it?", *remarks)
    return Picture(members=found, remarks=remarks)


def up(name: str, why: str) -> Member:
    """Return a working member."""
    return Member(name=name, standing=Standing.UP, why=why)


def down(name: str, why: str) -> Member:
    """Return a member that the cluster lost."""
    return Member(name=name, standing=Standing.DOWN, why=why)


def untold(name: str, why: str) -> Member:
    """Return a member of which nothing is certain."""
    return Member(name=name, standing=Standing.UNTOLD, why=why)


def strangers(names: Iterable[str], own: str) -> tuple[str, ...]:
    """Return the remark that this host is not among those names; nothing where it is."""
    if own in names:
        return ()
    return (f"{own} is not among the members: they must be called as Nova calls its hosts, byte for byte",)


def unless_alone(picture: Picture, own: str) -> Picture:
    """Return the picture, or none where more than half of the others are down in it: whoever loses that many at once
    is more likely cut off itself. For stacks that have no quorum of their own to ask."""
    others = [member for member in picture.members if member.name != own]
    lost = sum(member.standing is Standing.DOWN for member in others)
    if len(others) < 2 or 2 * lost <= len(others):
        return picture
    return blind(
        f"{lost} of {len(others)} other hosts are down as seen from here: this host is doubted, look at its network",
        *picture.remarks,
    )
