"""A name for one life of a process: another one after every start, so that a dead one is never taken for a living."""

from uuid import uuid4


def incarnation(name: str) -> str:
    """Return `name` with what tells this start from all others."""
    return f"{name}#{uuid4().hex[:12]}"
