"""Every process that descends from this one, and their end: services fork, and what they forked must not outlive us.

Processes are found by who started them and ended by their id, never by a name. Linux only, as all of Kasugai is.
"""

import ctypes
import os
import signal
import time
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """From now on whatever descends from this process becomes its child when its own parent ends."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)


def descendants(ancestor: int) -> list[int]:
    """Return the ids of all living processes below `ancestor`, parents first."""
    children: defaultdict[int, list[int]] = defaultdict(list)
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, IndexError, ValueError):
            fields = stat.read_text().rpartition(")")[2].split()
            if fields[0] != "Z":
                children[int(fields[1])].append(int(stat.parent.name))
    found = list(children[ancestor])
    for pid in found:
        found += children[pid]
    return found


def end(pids: Iterable[int], within: float = 5.0) -> None:
    """End processes by SIGKILL and wait until they are gone, for so many seconds at most."""
    waiting = list(pids)
    for pid in waiting:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + within
    while waiting and time.monotonic() < deadline:
        waiting = [pid for pid in waiting if _lives(pid)]
        time.sleep(0.02)


def end_all_below_us() -> list[int]:
    """End whatever still descends from this process; return their ids."""
    left = descendants(os.getpid())
    end(left)
    return left


def _lives(pid: int) -> bool:
    """Whether it runs; one that waits to be reaped is gone, and is reaped here if it is ours."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (OSError, IndexError):
        return False
