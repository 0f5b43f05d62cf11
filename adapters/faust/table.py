"""The table: bytes to bytes, each key led by its partition, and a restore that never goes back in time.

Faust's memory store keeps the keys of partitions that were lost and does not know where a live key came from
(docs/streaming.md 1.5), hence the prefix. A zombie may have written an older row behind a newer one, hence the
comparison of offsets on restore. What a recovery has read is counted, so that `distrust` can compare it afterwards.
"""

import struct
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from faust.tables import Table
from faust.types import TP, EventT

from kasugai.adapters.faust import exits
from kasugai.adapters.faust.exits import Exit
from kasugai.adapters.faust.hush import SERVICE_LOG

PREFIX = struct.Struct(">I")
"""The partition in front of each key."""

OffsetOf = Callable[[bytes], int]
"""Reads the input offset that a row was written at."""


def row_key(partition: int, key: str) -> bytes:
    """Return the table's key of a row."""
    return PREFIX.pack(partition) + key.encode()


def split_key(key: bytes) -> tuple[int, str]:
    """Return partition and key within it."""
    return PREFIX.unpack_from(key)[0], key[PREFIX.size :].decode()


ENDED_AT = "kasugai-ended-at"
"""The header of a row's end that names the input offset that it ended at."""


def ended_at(headers: Any) -> int:
    """Return the offset at which a row ended; an end that does not say it is older than any row."""
    said = dict(headers or ()).get(ENDED_AT, b"")
    return int(said) if said.isdigit() else -1


class RowTable(Table):  # type: ignore[type-arg]
    """A Faust table whose restore takes a row only if it is not older than the one that is there."""

    logger = SERVICE_LOG
    offset_of: OffsetOf = staticmethod(lambda row: 0)
    """Set by the processor."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Begin with nothing restored."""
        super().__init__(*args, **kwargs)
        self._read: dict[TP, int] = {}
        self._fold: dict[bytes, bytes | None] = {}
        self._ends: dict[bytes, int] = {}
        """Where rows ended that a recovery has read of."""

    def apply_changelog_batch(self, batch: Iterable[EventT[Any]]) -> None:
        """Apply what is not older than what is known (tables/base.py:675 takes everything)."""
        try:
            super().apply_changelog_batch([event for event in batch if self._takes(event)])
        except Exception as error:  # whoever calls us would log it and go on (tables/recovery.py:916)
            exits.leave(Exit.UNTRUSTED_ROWS, f"a row of {self.name} cannot be restored: {error}")

    def end(self, partition: int, raw: bytes, offset: int) -> Any:
        """End a row and return the word to the changelog that is on its way; None when there is none. It says at which
        offset the row ended: a zombie's must not end a newer one."""
        if self.data.pop(raw, None) is None:
            return None
        return self.changelog_topic.send_soon(
            key=raw,
            value=None,
            partition=partition,
            headers=[(ENDED_AT, str(offset).encode())],
            key_serializer=self.key_serializer,
            value_serializer=self.value_serializer,
            callback=self._on_changelog_sent,
            eager_partitioning=True,
        )

    def rows(self) -> Mapping[int, list[tuple[str, bytes]]]:
        """Return all rows by partition."""
        found: dict[int, list[tuple[str, bytes]]] = {}
        for raw, value in self.data.items():
            partition, key = split_key(raw)
            found.setdefault(partition, []).append((key, value))
        return found

    def distrust(self, ends: Mapping[TP, int]) -> str:
        """Return what is wrong with a recovery that should have read up to `ends`; empty when nothing is.

        Faust catches and logs whatever goes wrong while it applies a changelog (tables/recovery.py:916), so the
        rows that were read are compared with what the store holds. Forgets them.
        """
        short = [f"{tp.partition} (wanted {end})" for tp, end in ends.items() if not self._is_at(tp, end)]
        wrong = sum(self.data.get(key) != value for key, value in self._fold.items())
        count, self._fold, self._ends = len(self._fold), {}, {}
        if short:
            return f"the changelog was not read to its end: partition {', '.join(short)}"
        return f"{wrong} of {count} rows differ from the changelog" if wrong else ""

    def forget(self, tp: TP) -> None:
        """Drop what is known of a changelog partition that was given away."""
        self._read.pop(tp, None)
        self._fold = {key: row for key, row in self._fold.items() if split_key(key)[0] != tp.partition}
        gone = [key for key in self.data if split_key(key)[0] == tp.partition]
        for key in gone:
            del self.data[key]

    def _is_at(self, tp: TP, end: int) -> bool:
        kept = self.persisted_offset(tp)
        return max(self._read.get(tp, -1), -1 if kept is None else kept) >= end

    def _takes(self, event: EventT[Any]) -> bool:
        message = event.message
        key, value = cast("bytes", message.key), message.value
        self._read[message.tp] = max(self._read.get(message.tp, -1), message.offset)
        if split_key(key)[0] != message.partition:
            raise ValueError(f"row {key!r} lies in changelog partition {message.partition}")
        known = self._fold[key] if key in self._fold else self.data.get(key)
        written = self._ends.get(key, -1) if known is None else self.offset_of(known)
        offset = ended_at(message.headers) if value is None else self.offset_of(value)
        if offset < written:
            return False
        self._fold[key] = value
        if value is None:
            self._ends[key] = offset
        return True
