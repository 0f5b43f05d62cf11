"""Records that wait for Kafka, on this machine's disk: SQLite with a write-ahead log, one file, one writer.

A record is stored when its commit has returned, and leaves when somebody says that Kafka has it. It survives the
process at any instruction. A power cut may take the last moment with it (`synchronous=NORMAL`): what was seen in the
last moment of a machine without power is what everybody sees anyway. Who sends, and what a record says, is not its
business.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS waiting (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    topic TEXT NOT NULL,
    key TEXT NOT NULL,
    value BLOB NOT NULL,
    headers BLOB NOT NULL,
    repeats INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS waiting_id ON waiting (id);
CREATE TABLE IF NOT EXISTS episodes (
    subject TEXT PRIMARY KEY,
    boot_id TEXT NOT NULL,
    episode TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS counter (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), last INTEGER NOT NULL);
INSERT OR IGNORE INTO counter VALUES (1, 0);
"""
VERSION = 1
BUSY = 0.3
"""Seconds to wait for another process that looks into the file: nothing else happens meanwhile."""
WAL_KEPT = 1_048_576
"""Bytes of the write-ahead log that stay on disk and are written over."""
WAL_PAGES = 64
"""Pages of the write-ahead log after which it is brought into the file: by default it grows to 4 MB first."""


class OutboxAway(Exception):
    """The disk did not take it: full, broken or read-only. Nothing of what was asked has happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A record that Kafka has not confirmed."""

    id: str
    """What it says: equal for the same word said again."""
    topic: str
    key: str
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()
    repeats: bool = False
    """Whether it says again what was said before and will be said once more: first to go where there is no room."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """What tells one occurrence from the next: still standing as long as it is kept."""

    boot_id: str
    episode: str


@dataclass(frozen=True, slots=True)
class Dropped:
    """What had to go so that there is room."""

    repeated: int = 0
    """Words that will be said once more."""
    others: int = 0
    """Words that are lost."""


class Outbox:
    """The file. Every method either happens as a whole or raises `OutboxAway`."""

    def __init__(self, file: Path, most: int) -> None:
        """Open or make `file`, in which at most `most` records wait; OutboxAway when that cannot be."""
        self._most = most
        with _said():
            self._db = sqlite3.connect(file, timeout=BUSY, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.execute(f"PRAGMA journal_size_limit={WAL_KEPT}")
            self._db.execute(f"PRAGMA wal_autocheckpoint={WAL_PAGES}")
            self._make()
            self._count = int(self._one("SELECT count(*) FROM waiting")[0])

    def __len__(self) -> int:
        """Return how many records wait."""
        return self._count

    def close(self) -> None:
        """Close the file; what waits stays in it."""
        self._db.close()

    def number(self, at_least: int) -> int:
        """Return a number that was never given out before and is at least `at_least`."""
        with self._transaction():
            (last,) = self._one("SELECT last FROM counter")
            given = max(last + 1, at_least)
            self._db.execute("UPDATE counter SET last = ?", (given,))
        return given

    def episode_of(self, subject: str) -> Episode | None:
        """Return the occurrence that stands for a subject."""
        with _said():
            row = self._db.execute(
                "SELECT boot_id, episode FROM episodes WHERE subject = ?", (subject,)
            ).fetchone()
        return None if row is None else Episode(boot_id=row[0], episode=row[1])

    def put(self, record: Waiting, subject: str = "", stands: Episode | None = None) -> Dropped:
        """Store a record, and with it whether an occurrence of its subject stands. A repetition takes the place of
        earlier ones that still wait. Where too many wait, the oldest repetitions go, then the oldest of the others."""
        with self._transaction():
            gone = self._withdraw_repetitions(record) if record.repeats else 0
            dropped = self._make_room()
            self._insert(record)
            if subject:
                self._stand(subject, stands)
        self._count += 1 - gone - dropped.repeated - dropped.others
        return dropped

    def after(self, n: int, most: int) -> Iterator[tuple[int, Waiting]]:
        """Yield up to `most` of what waits behind the record `n`, each with its number, oldest first."""
        with _said():
            rows = self._db.execute(
                "SELECT n, id, topic, key, value, headers, repeats FROM waiting WHERE n > ? ORDER BY n LIMIT ?",
                (n, most),
            ).fetchall()
        for number, id_, topic, key, value, headers, repeats in rows:
            record = Waiting(
                id=id_, topic=topic, key=key, value=value, headers=_unpacked(headers), repeats=bool(repeats)
            )
            yield number, record

    def remove(self, numbers: Sequence[int]) -> None:
        """Forget records that Kafka has, or that no broker will ever take."""
        with self._transaction():
            gone = self._deleted((n,) for n in numbers)
        self._count -= gone

    def shrink(self) -> None:
        """Bring the write-ahead log into the file and give back its room, which a full disk may be short of."""
        with _said():
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _make(self) -> None:
        """Make what the file lacks, as a whole: a process may be killed at any statement."""
        (found,) = self._one("PRAGMA user_version")
        if found > VERSION:
            raise OutboxAway(f"it was written by a newer Kasugai (version {found}): move it away, or upgrade")
        if found == VERSION:
            return
        with self._transaction():
            for statement in SCHEMA.split(";"):
                self._db.execute(statement)
            self._db.execute(f"PRAGMA user_version={VERSION}")

    def _withdraw_repetitions(self, record: Waiting) -> int:
        return self._db.execute("DELETE FROM waiting WHERE id = ? AND repeats = 1", (record.id,)).rowcount

    def _make_room(self) -> Dropped:
        """Room is made for one record: only where somebody lowered the bound are there more to go."""
        (count,) = self._one("SELECT count(*) FROM waiting") if self._count >= self._most else (0,)
        too_many = count - self._most + 1
        if too_many <= 0:
            return Dropped()
        repeated = self._drop_oldest("WHERE repeats = 1", too_many)
        return Dropped(repeated, self._drop_oldest("", too_many - repeated))

    def _drop_oldest(self, which: str, most: int) -> int:
        chosen = f"SELECT n FROM waiting {which} ORDER BY n LIMIT ?"
        return self._db.execute(f"DELETE FROM waiting WHERE n IN ({chosen})", (max(most, 0),)).rowcount

    def _insert(self, record: Waiting) -> None:
        self._db.execute(
            "INSERT INTO waiting (id, topic, key, value, headers, repeats) VALUES (?, ?, ?, ?, ?, ?)",
            (
                record.id,
                record.topic,
                record.key,
                record.value,
                _packed(record.headers),
                record.repeats,
            ),
        )

    def _stand(self, subject: str, stands: Episode | None) -> None:
        if stands is None:
            self._db.execute("DELETE FROM episodes WHERE subject = ?", (subject,))
        else:
            self._db.execute(
                "INSERT OR REPLACE INTO episodes VALUES (?, ?, ?)", (subject, stands.boot_id, stands.episode)
            )

    def _deleted(self, numbers: Iterable[tuple[int]]) -> int:
        return self._db.executemany("DELETE FROM waiting WHERE n = ?", numbers).rowcount

    def _one(self, question: str) -> tuple[int, ...]:
        found: tuple[int, ...] = self._db.execute(question).fetchone()
        return found

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Commit what the block does, or nothing of it.

        A full disk ends the whole transaction, not the statement alone, and a commit after that says that all is well
        (SQLite 3.40.1, measured): so a commit counts only where the transaction is still there.
        """
        with _said():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                if not self._db.in_transaction:
                    raise OutboxAway("the disk ended the transaction")
                self._db.execute("COMMIT")
            finally:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")


@contextmanager
def _said() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise OutboxAway(str(error)) from error


def _packed(headers: tuple[tuple[str, bytes], ...]) -> bytes:
    """Return headers as bytes: lengths before parts, for what a value holds may hold anything."""
    parts = [part for name, value in headers for part in (name.encode(), value)]
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def _unpacked(data: bytes) -> tuple[tuple[str, bytes], ...]:
    parts, at = [], 0
    while at < len(data):
        end = at + 4 + int.from_bytes(data[at : at + 4], "big")
        parts.append(data[at + 4 : end])
        at = end
    return tuple((name.decode(), value) for name, value in zip(parts[::2], parts[1::2], strict=True))
