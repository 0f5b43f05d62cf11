"""Which processes run here, by their exact names and programs; and how the end of one is noticed without asking.

It reads /proc. A name counts as a whole: an editor that has a program's log open is not that program.
"""

import os
import re
import select
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePath

INTERPRETERS = re.compile(r"(?:python|perl|ruby)[0-9.]*|(?:ba|da|k|z)?sh|node|java|uwsgi|env")
"""What runs the program that its first argument names."""
COMM = 15
"""Characters of a name that the kernel keeps."""
PROC = Path("/proc")


def find(name: str) -> int | None:
    """Return the lowest pid of a process whose name or program is `name`: a path, or the last part of one."""
    return min(_pids_of(name), default=None)


def watch(pid: int) -> int | None:
    """Return a file descriptor that becomes readable when the process ends; None when it has."""
    try:
        return os.pidfd_open(pid)
    except OSError:
        return None


def is_over(descriptor: int) -> bool:
    """Whether the process behind what `watch` returned has ended."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))


def is_running(pid: int) -> bool:
    """Whether there is such a process, and it is more than a zombie."""
    try:
        state = (PROC / str(pid) / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return state not in ("Z", "X", "x")


def _pids_of(name: str) -> Iterator[int]:
    for entry in PROC.iterdir():
        if entry.name.isdecimal() and _is(entry, name) and is_running(int(entry.name)):
            yield int(entry.name)


def _is(entry: Path, name: str) -> bool:
    with suppress(OSError):  # it ended meanwhile
        words = (entry / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")[:-1]
        return any(_matches(word, name) for word in _programs(words)) or (
            not words and (entry / "comm").read_text("utf-8", "replace").rstrip("\n") == name[:COMM]
        )
    return False


def _programs(words: list[str]) -> Iterator[str]:
    """Yield what a command line runs: its first word, and what an interpreter runs; a daemon may have written its own
    title there (`nginx: master process`)."""
    if not words:
        return
    yield words[0].partition(":")[0] if " " in words[0] else words[0]
    if INTERPRETERS.fullmatch(PurePath(words[0]).name):
        yield from next(([word] for word in words[1:] if not word.startswith("-")), [])


def _matches(word: str, name: str) -> bool:
    return word == name if "/" in name else PurePath(word).name == name


def let_go(descriptor: int) -> None:
    """Close what `watch` returned."""
    os.close(descriptor)
