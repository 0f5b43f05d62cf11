"""Runs one fence agent so that nothing of it outlives its purpose. A program of its own.

`leash.py PARENT SECONDS AGENT`. Whatever ends first, the agent, its time or the worker that asked for it: the whole
process group goes with it, by SIGKILL. The agent's exit code is written to a file descriptor before; no code there
means that it was killed. Standard library only: it is started for each action.
"""

import ctypes
import os
import resource
import signal
import sys

VERDICT_VARIABLE = "KASUGAI_VERDICT"
"""The environment variable with the number of the descriptor that the exit code is written to."""
PR_SET_PDEATHSIG = 1
MOST = 1 << 20
"""Bytes that an agent may write to any file."""


def main(parent: int, seconds: float, agent: str) -> None:
    """Run `agent` for at most `seconds` while `parent` lives. Never returns."""
    for number in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, lambda *_: end_all())
    follow(parent, signal.SIGTERM)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    verdict = int(os.environ.pop(VERDICT_VARIABLE))
    own = os.getpid()
    child = os.fork()
    if child == 0:
        become(agent, own, verdict)
    _, status = os.waitpid(child, 0)
    os.write(verdict, str(os.waitstatus_to_exitcode(status)).encode())
    end_all()


def become(agent: str, leash: int, verdict: int) -> None:
    """Turn this process into the agent, which dies with its leash even if nobody can end the group any more."""
    try:
        os.close(verdict)
        for number in (signal.SIGTERM, signal.SIGALRM):
            signal.signal(number, signal.SIG_DFL)
        follow(leash, signal.SIGKILL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (MOST, MOST))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core would hold the secrets
        os.execv(agent, [agent])
    except OSError as error:
        os.write(2, f"{agent} cannot be run: {error.strerror}\n".encode())
    os._exit(127)


def follow(parent: int, number: int) -> None:
    """Ask the kernel for a signal at the parent's death, and notice if that has happened already."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:
        end_all()


def end_all() -> None:
    """Kill the group, ourselves included: there is no way back."""
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3])
