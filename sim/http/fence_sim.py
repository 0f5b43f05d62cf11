"""A fence agent of the simulated cloud: what ClusterLabs' are for real devices, it is for the hosts of `sim/http`.

It reads `name=value` lines from standard input (`ip` is the cloud's address, `plug` the host, `action` off or status)
and answers as those do: exit 0 and ON, exit 2 and OFF, exit 1 with a reason on standard error (Fence Agent API).
"""

import json
import stat
import sys
from http.client import HTTPException
from pathlib import Path
from typing import TextIO
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

NAME = "fence_sim"
"""What the agent is called in power.yaml."""
ON, FAILED, OFF = 0, 1, 2
"""Exit codes."""
PATIENCE = 10.0
"""Seconds that the cloud may take."""


def install(folder: Path) -> None:
    """Put the agent into a folder, as a program that needs this Python and no package."""
    program = folder / NAME
    text = Path(__file__).read_text(encoding="utf-8")
    program.write_text(f"#!{sys.executable} -IS\n{text}", encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


def main(given: TextIO) -> int:
    """Do one action and return the exit code."""
    words = dict(line.rstrip("\n").split("=", 1) for line in given if "=" in line)
    try:
        return _switch(words) if words["action"] == "off" else _status(words)
    except KeyError as error:
        return _failed(f"{error} is not said on standard input")
    except HTTPError as error:
        return _failed(f"the simulated cloud refuses: {error.code} {error.reason}")
    except (URLError, HTTPException, OSError, ValueError) as error:
        return _failed(f"the simulated cloud does not answer: {error}")


def _status(words: dict[str, str]) -> int:
    power = _ask(words, "GET")
    if power not in {"on", "off"}:
        return _failed(f"the power is {power}")
    sys.stdout.write(f"Status: {power.upper()}\n")
    return ON if power == "on" else OFF


def _switch(words: dict[str, str]) -> int:
    _ask(words, "PUT", b'{"power": "off"}')
    sys.stdout.write("Success: Powered OFF\n")
    return ON


def _ask(words: dict[str, str], method: str, body: bytes | None = None) -> str:
    request = Request(f"{words['ip']}/sim/power/{words['plug']}", data=body, method=method)
    with urlopen(request, timeout=PATIENCE) as reply:
        return str(json.load(reply)["power"])


def _failed(why: str) -> int:
    sys.stderr.write(f"{why}\n")
    return FAILED


if __name__ == "__main__":
    sys.exit(main(sys.stdin))
