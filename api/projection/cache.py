"""What a projector remembers of the records it keeps: the buckets that it used last."""

from collections import OrderedDict
from dataclasses import dataclass, field

from kasugai.api.projection.buckets import Held

CACHED = 50_000
"""Records that a projector remembers; the rest is read again when it is needed."""


@dataclass(slots=True)
class Cache:
    """The records of the buckets that were used last."""

    limit: int = CACHED
    buckets: "OrderedDict[str, dict[str, Held]]" = field(default_factory=OrderedDict)
    size: int = 0

    def get(self, bucket: str) -> dict[str, Held] | None:
        """Return a bucket's records by place, if they are remembered."""
        if bucket in self.buckets:
            self.buckets.move_to_end(bucket)
        return self.buckets.get(bucket)

    def put(self, bucket: str, records: dict[str, Held]) -> None:
        """Remember a bucket, and forget others for it."""
        self.drop(bucket)
        self.buckets[bucket] = records
        self.size += len(records)
        while self.size > self.limit and len(self.buckets) > 1:
            self.drop(next(iter(self.buckets)))

    def add(self, bucket: str, place: str, record: Held) -> None:
        """Add a record to a bucket that is remembered."""
        if bucket in self.buckets and place not in self.buckets[bucket]:
            self.buckets[bucket][place] = record
            self.size += 1

    def drop(self, bucket: str) -> None:
        """Forget a bucket."""
        self.size -= len(self.buckets.pop(bucket, ()))
