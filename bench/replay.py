"""A month of a cloud (`month.py`), replayed by the command that operators type, in a process of its own."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import month
from bench.figures import Figure
from bench.site import say

STRICTER = "".join(f"---\nname: rack{n}\npolicy: {{confirm-observers: 3}}\n" for n in range(month.SEGMENTS))
"""Under this every outage of the month is decided at another time, or not at all."""


@dataclass(frozen=True, slots=True)
class _Ran:
    """What a command cost."""

    code: int
    seconds: float
    cpu: float
    megabytes: float
    told: str


def run() -> Iterator[Figure]:
    """Measure all."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "month.recording"
        say(f"replay: {month.DAYS} days of {month.SEGMENTS * month.RACK} hosts are written")
        records = month.write(path)
        yield Figure(bench="replay", what="records of a month's mailbox", value=records, unit="")
        yield Figure(
            bench="replay", what="the recording of a month", value=path.stat().st_size / 2**20, unit="MiB"
        )
        policy = Path(folder) / "stricter.yaml"
        policy.write_text(STRICTER)
        yield from _figures("a month", _replay(path), Exit.SAME)
        yield from _figures("..., under another policy", _replay(path, "--policy", str(policy)), Exit.OTHER)


class Exit:
    """What the command must end with."""

    SAME, OTHER = 0, 1


def _figures(what: str, ran: _Ran, code: int) -> Iterator[Figure]:
    assert ran.code == code, ran.told
    yield Figure(bench="replay", what=f"{what} replayed", value=ran.seconds, unit="s", limit=60.0)
    yield Figure(bench="replay", what=f"{what}, of a core's time", value=ran.cpu, unit="s")
    yield Figure(bench="replay", what=f"{what}, memory", value=ran.megabytes, unit="MiB", limit=250.0)


def _replay(path: Path, *words: str) -> _Ran:
    command: Sequence[str] = (sys.executable, "-m", "kasugai.cli", "replay", str(path), *words)
    with tempfile.TemporaryFile() as out:
        began = time.monotonic()
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        took = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        told = out.read().decode()
    cpu = usage.ru_utime + usage.ru_stime
    return _Ran(process.returncode, took, cpu, usage.ru_maxrss / 1024, told)
