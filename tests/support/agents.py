"""Hosts of tests: the master key that they share, and records signed as their agents would sign them now."""

from dataclasses import replace
from functools import cache
from pathlib import Path

from kasugai.adapters.kafka.records import Outgoing, outgoing
from kasugai.adapters.proving.keeping import make
from kasugai.adapters.proving.masters import derive
from kasugai.adapters.proving.prover import Prover
from kasugai.core.words.signals import Fault
from kasugai.sim.lab import proving
from kasugai.streams.sayings import AGENT

MASTER = proving.MASTER
"""The laboratory's: what is signed by it is believed there too."""


def keys_in(folder: Path) -> str:
    """Return the file of master keys in a folder, made if it is not there."""
    file = folder / "agents.keys"
    if not file.exists():
        make(str(file), MASTER)
    return str(file)


def section(folder: Path) -> str:
    """Return the section of kasugai.conf that names the file of master keys in a folder."""
    return f"[agents]\nmaster_keys_file = {keys_in(folder)}\n"


@cache
def voice(host: str) -> Prover:
    """Return the voice of a host's agent: one for all tests of a process, since it counts."""
    return Prover(host, derive(MASTER, host))


def signed(record: Outgoing, host: str) -> Outgoing:
    """Return the record with the proof that it is the word of that host, made now."""
    key = (record.key or b"").decode(errors="replace")
    header = voice(host).header(record.topic, key, record.value or b"")
    return replace(record, headers=(*record.headers, header))


def said(topic: str, fault: Fault) -> Outgoing:
    """Return a fault as its observer's agent sends it now."""
    return signed(outgoing(topic, fault, trace={}), fault.observer.removeprefix(AGENT))
