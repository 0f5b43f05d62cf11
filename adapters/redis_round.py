"""How a round is written: texts, lists, records and what has been read, all in one transaction of whoever calls.

It knows no owner; whoever calls it has watched who owns the views.
"""

from collections.abc import Mapping
from typing import Final

from redis.client import Pipeline

from kasugai.adapters.redis_projects import PROJECTS
from kasugai.core.telling.documents import Round

PREFIX: Final = "{kasugai}:view:"

KEPT: Final = 35 * 24 * 3600
"""Seconds that a text or a bucket outlives its last change: longer than Kafka keeps the records behind it."""

CURRENT: Final = 60
"""Seconds for which "everything has been read" holds."""

HASHES: Final = ("busy", "out", "board", PROJECTS)
"""The lists of hosts and of projects, and what is remembered of incidents, which are always there."""


def write(pipe: Pipeline, written: Round) -> None:
    """Have `pipe` write it."""
    for name, text in written.texts.items():
        pipe.set(key(name), text, ex=KEPT)
    for (index, member), score in written.listed.items():
        pipe.zadd(key(index), {member: score})
    for bucket, records in written.records.items():
        pipe.hset(key(f"records/{bucket}"), mapping={each.place: each.body for each in records})
        pipe.expire(key(f"records/{bucket}"), KEPT)
    _write_hash(pipe, "busy", written.busy)
    _write_hash(pipe, "out", written.out)
    _write_hash(pipe, "board", written.board)
    _write_state(pipe, written)


def _write_hash(pipe: Pipeline, which: str, entries: Mapping[str, str]) -> None:
    for name, entry in entries.items():
        if entry:
            pipe.hset(key(which), name, entry)
        else:
            pipe.hdel(key(which), name)


def _write_state(pipe: Pipeline, written: Round) -> None:
    if written.dirty:
        pipe.sadd(key("dirty"), *written.dirty)
    if written.clean:
        pipe.srem(key("dirty"), *written.clean)
    if written.progress:
        pipe.hset(key("progress"), mapping={place: str(offset) for place, offset in written.progress.items()})
    if written.is_current:
        for which in HASHES:
            pipe.hset(key(which), "", "")  # so that no host at all is told from a list that is missing
        pipe.set(key("current"), "1", ex=CURRENT)


def key(name: str) -> str:
    """Return the key of something of the views."""
    return PREFIX + name
