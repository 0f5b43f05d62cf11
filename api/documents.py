"""Where the views are kept: texts by name, two indexes, a list per project, records by bucket.

It knows no view. One projector owns the documents at a time and writes each round as a whole; anybody reads.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from kasugai.core.telling.documents import Index, Kept, Round


class Documents(Protocol):
    """The port. Every call raises LedgerAway when the store does not answer."""

    def get(self, name: str) -> str | None:
        """Return a text."""
        ...

    def many(self, names: Sequence[str]) -> list[str | None]:
        """Return texts in the order of their names."""
        ...

    def newest(self, index: Index, after: str | None, limit: int) -> list[str]:
        """Return members by score and name, greatest first, those after `after`."""
        ...

    def has(self, index: Index, member: str) -> bool:
        """Return whether it is listed."""
        ...

    def newest_of(self, project: str, after: str | None, limit: int) -> list[str]:
        """Return what is listed to a project, by score and name, greatest first, those after `after` (none when that is
        not listed to it); LedgerAway when its list has been lost."""
        ...

    def is_of(self, project: str, member: str) -> bool:
        """Return whether it is listed to the project."""
        ...

    def busy(self) -> frozenset[str]:
        """Return the host uuids of all `busy` entries."""
        ...

    def out(self) -> list[str]:
        """Return the texts of all `out` entries, in any order."""
        ...

    def board(self) -> dict[str, str]:
        """Return the texts of what is remembered to say how things stand, by bucket."""
        ...

    def board_of(self, buckets: Sequence[str]) -> dict[str, str]:
        """Return the same of these buckets alone, those that are there."""
        ...

    def is_current(self) -> bool:
        """Return whether an owner was current within the last minute, and nothing has gone that it had written."""
        ...

    def add(
        self, texts: Mapping[str, str], index: Index, member: str, score: int, busy: tuple[str, str]
    ) -> None:
        """Write what nobody has written yet; nothing when the first of the texts is there."""
        ...

    def own(self, owner: str) -> bool:
        """Become the owner for ten seconds, or stay it; False while another one is."""
        ...

    def renew(self, owner: str) -> bool:
        """Stay the owner for ten seconds more; False when it is another one's, or the views have been dropped."""
        ...

    def disown(self, owner: str) -> None:
        """Let another one be the owner; silent when one is already."""
        ...

    def progress(self) -> dict[str, int]:
        """Return the offset that comes next, by topic/partition."""
        ...

    def dirty(self) -> frozenset[str]:
        """Return the buckets whose views are still to be written."""
        ...

    def records(self, bucket: str) -> list[Kept]:
        """Return what is kept in a bucket, in any order."""
        ...

    def write(self, owner: str, written: Round) -> None:
        """Write a round; NotOwner unless `owner` owns the views."""
        ...

    def distrust(self) -> None:
        """Say that a view is missing that is listed: nobody is current, and whoever owns the views begins again."""
        ...

    def drop(self) -> None:
        """Forget everything: whoever owns the views begins again."""
        ...
