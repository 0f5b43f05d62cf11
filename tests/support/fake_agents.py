"""Fence agents that obey the contract of ClusterLabs' and do as a test says: slow, refusing, hanging, telling secrets.

`FakeAgents(folder)` installs them; each device is a file by its address, so that it lives on between two actions.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kasugai.adapters.power import FenceAgent

SCRIPT = """\
#!{python} -IS
import json, os, subprocess, sys, time
given = dict(line.rstrip("\\n").split("=", 1) for line in sys.stdin)
box = "{folder}/" + given["ip"] + ".json"
state = json.load(open(box))
machine = "{folder}/" + state["machine"] + ".power"
power = open(machine).read()
action = given["action"]
with open(box + ".journal", "a") as journal:
    said = dict(pid=os.getpid(), action=action, given=given, argv=sys.argv, environment=sorted(os.environ))
    if action in state.get("hangs", ()) or state.get("leaves_a_child"):
        said["child"] = subprocess.Popen(["/bin/sleep", "600"]).pid
    journal.write(json.dumps(said) + "\\n")
def end(code, word="", complaint=""):
    print(word)
    print(complaint, file=sys.stderr)
    sys.stdout.flush()
    os._exit(code)
def write(path, text):
    with open(path + ".new", "w") as file:
        file.write(text)
    os.replace(path + ".new", path)
def off_after(readings):
    write(box, json.dumps(state | dict(readings_until_off=readings)))
time.sleep(state.get("slow", 0))
if action in state.get("hangs", ()):
    time.sleep(600)
if state.get("babbles"):
    print("login with", given["password"])
    print("ERROR:", given["password"], "was not accepted", file=sys.stderr)
    end(1, "", "Ignoring unknown option 'pasword=" + given["pasword"] + "'")
if state.get("cut"):
    end(1, "", "Failed: Unable to connect")
if action == "status":
    left = state.get("readings_until_off")
    if left is not None:
        off_after(left - 1 if left else None)
        if not left:
            power = "off"
            write(machine, power)
    if "status" in state:
        end(*state["status"])
    end(*((0, "Status: ON") if power == "on" else (2, "Status: OFF")))
if action != "off":
    end(1, "", "never to be asked for")
if state.get("refuses"):
    end(1, "", "Failed: not allowed")
if state.get("late"):
    off_after(state["late"])
elif not state.get("lies"):
    write(machine, "off")
end(1 if state.get("obeys_and_fails") else 0, "Success: Powered OFF")
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """One run of an agent."""

    pid: int
    action: str
    given: dict[str, str]
    argv: list[str]
    environment: list[str]
    child: int | None = None


class FakeAgents:
    """A folder with agents and their devices."""

    def __init__(self, folder: Path, *kinds: str) -> None:
        """Install `fence_fake` and whatever else is named."""
        self.folder = folder
        for kind in ("fence_fake", *kinds):
            file = folder / kind
            file.write_text(SCRIPT.format(python=sys.executable, folder=folder))
            file.chmod(0o755)

    def device(
        self, address: str = "bmc1", *, machine: str = "", timeout: float = 5.0, **how: Any
    ) -> FenceAgent:
        """Return a device whose machine (one of its own, unless named) is on, and which behaves so."""
        self.set(address, machine=machine or address, **how)
        self.switch(machine or address, "on")
        return FenceAgent(
            kind="fence_fake",
            folder=self.folder,
            parameters={"ip": address, "username": "kasugai", "password": "s3cret/word"},
            timeout=timeout,
            read_timeout=timeout,
        )

    def set(self, address: str, **how: Any) -> None:
        """Let a device behave so from now on."""
        box = self._box(address)
        state = json.loads(box.read_text()) if box.exists() else {}
        box.write_text(json.dumps(state | how))

    def switch(self, machine: str, power: str) -> None:
        """Let a machine be on or off."""
        (self.folder / f"{machine}.power").write_text(power)

    def machine(self, machine: str) -> str:
        """Return whether a machine is on or off."""
        return (self.folder / f"{machine}.power").read_text()

    def asked(self, address: str) -> list[Asked]:
        """Return all runs of a device's agent."""
        journal = Path(f"{self._box(address)}.journal")
        lines = journal.read_text().splitlines() if journal.exists() else []
        return [Asked(**json.loads(line)) for line in lines]

    def _box(self, address: str) -> Path:
        return self.folder / f"{address}.json"
