"""Kills a piece of code at each line that it comes to: `kill -9`, by itself, in a process of its own.

What is killed is a module with a function `live(file)`. One process loads it and forks once per death, so that a
hundred deaths take seconds; the lines that count are those of one package.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from importlib import import_module
from io import StringIO
from pathlib import Path
from types import FrameType
from typing import Any

from tests.support.saying import say

COUNTED = ("adapters/outbox.py", "agents/store.py", "agents/sending.py", "agents/telling.py")
"""The files whose lines are places to die."""
MOST = 5_000


def lived_through(module: str, folder: Path) -> Iterator[tuple[list[str], Path]]:
    """Yield, for each death and for the life that was long enough, what was said and the file that was left."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.deaths", module, str(folder)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for n in range(1, int(done.stdout.split()[-1]) + 1):
        said = (folder / f"{n}.said").read_text().splitlines()
        yield said, folder / f"{n}.sqlite"


def main(module: str, folder: Path) -> None:
    """Let a child die at its first line, the next one at its second, until one lives to its end."""
    live = import_module(module).live
    _quietly(live, folder / "0.sqlite")  # what is read once is read before the children begin
    for n in range(1, MOST):
        pid = os.fork()
        if pid == 0:
            _die_at(n, live, folder)
        _, status = os.waitpid(pid, 0)
        if os.WIFEXITED(status):
            assert os.WEXITSTATUS(status) == 0, f"life {n} failed"
            say(str(n))
            return
        assert os.WTERMSIG(status) == signal.SIGKILL
    raise AssertionError(f"{MOST} lines were not enough")


def _quietly(live: Any, file: Path) -> None:
    with redirect_stdout(StringIO()):
        live(file)


def _die_at(n: int, live: Any, folder: Path) -> None:
    code = 1
    try:
        out = os.open(folder / f"{n}.said", os.O_WRONLY | os.O_CREAT)
        os.dup2(out, 1)
        left = n

        def trace(frame: FrameType, event: str, arg: object) -> Any:
            nonlocal left
            if not frame.f_code.co_filename.endswith(COUNTED):
                return None
            if event == "line":
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
            return trace

        sys.settrace(trace)
        live(folder / f"{n}.sqlite")
        code = 0
    finally:
        os._exit(code)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
