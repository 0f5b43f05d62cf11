"""Which offset of each partition may be committed: everything below it is done, whatever the order it was done in."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class _Progress:
    next_offset: int
    open: set[int] = field(default_factory=set)


class Offsets:
    """The contiguous prefix of what is done, by partition. Offsets that never came (control records) do not count."""

    def __init__(self) -> None:
        """Know nothing."""
        self._partitions: dict[int, _Progress] = {}

    def take(self, partition: int, offset: int) -> None:
        """A message was read."""
        progress = self._partitions.setdefault(partition, _Progress(offset))
        progress.open.add(offset)
        progress.next_offset = max(progress.next_offset, offset + 1)

    def finish(self, partition: int, offset: int) -> None:
        """A message needs no worker any more; a partition that was given back is ignored."""
        progress = self._partitions.get(partition)
        if progress is not None:
            progress.open.discard(offset)

    def committable(self, partition: int) -> int | None:
        """Return the offset to commit: that of the first message that is not done, or the one after the last read."""
        return self.all().get(partition)

    def all(self) -> dict[int, int]:
        """Return the offset to commit of every partition at hand."""
        return {
            number: min(progress.open, default=progress.next_offset)
            for number, progress in self._partitions.items()
        }

    def drop(self, partition: int) -> None:
        """The partition was given back."""
        self._partitions.pop(partition, None)

    @property
    def partitions(self) -> list[int]:
        """The partitions at hand."""
        return sorted(self._partitions)
