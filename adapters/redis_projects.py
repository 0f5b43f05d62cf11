"""The lists of the views that belong to one project each: beside every list a mark, in one hash, that there is one.

So a project of which nothing is told is told apart from one whose list Redis has lost. It knows no view and no owner;
whoever calls it says what Redis' errors mean.
"""

from collections.abc import Mapping
from typing import Any, Final

from redis import Redis
from redis.client import Pipeline

PROJECTS: Final = "projects"
"""The hash of the marks."""

TRIM: Final = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('HDEL', KEYS[2], ARGV[2]) end
"""
"""List and mark go together: whoever reads between the two would take the list for lost."""


class ProjectLists:
    """What is listed to whom, by score and name."""

    def __init__(self, client: Redis, prefix: str) -> None:
        """Every key begins with `prefix`; the client does not decode."""
        self._client, self._prefix = client, prefix

    def newest(self, project: str, after: str | None, limit: int) -> list[str]:
        """Return members, greatest first, those after `after` (none when it is not listed to the project)."""
        key = self._key(project)
        first: Any = -1 if after is None else self._client.zrevrank(key, after)
        found: Any = [] if first is None else self._client.zrevrange(key, first + 1, first + limit)
        return [member.decode() for member in found]

    def has(self, project: str, member: str) -> bool:
        """Return whether it is listed to the project."""
        return self._client.zscore(self._key(project), member) is not None

    def is_lost(self, project: str) -> bool:
        """Return whether the project had a list that is not there any more. No project has an empty name: under that
        there is a mark that keeps the hash."""
        if not project:
            return False
        with self._client.pipeline(transaction=True) as pipe:
            pipe.hexists(self._prefix + PROJECTS, project)
            pipe.exists(self._key(project))
            was, is_there = pipe.execute()
        return bool(was) and not is_there

    def add(self, pipe: Pipeline, listed: Mapping[tuple[str, str], int]) -> None:
        """Have `pipe` list members to projects, by score."""
        for (project, member), score in listed.items():
            pipe.zadd(self._key(project), {member: score})
            pipe.hset(self._prefix + PROJECTS, project, "1")

    def trim(self, before: int) -> None:
        """Take what is older than `before` off every list."""
        marks = self._prefix + PROJECTS
        found: Any = self._client.hkeys(marks)
        for raw in found:
            if project := raw.decode():
                self._client.eval(TRIM, 2, self._key(project), marks, str(before), project)

    def _key(self, project: str) -> str:
        return f"{self._prefix}project/{project}"
