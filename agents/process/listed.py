"""The list of processes: masakari-monitors' `process_list.yaml` as it is, and two keys of our own for each entry.

It reads text and says line by line what is wrong with it; whether anything of it runs is nobody's question here.
"""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from kasugai.agents.process.names import told_name, unit_in

COMMANDS = (
    "start_command",
    "pre_start_command",
    "post_start_command",
    "restart_command",
    "pre_restart_command",
    "post_restart_command",
)
KNOWN = frozenset({"process_name", "run_as_root", "unit", "pid_file", *COMMANDS})
MOST = 64
"""Entries that a list may have."""
LONGEST = 255
"""Characters of a name."""


class BadList(Exception):
    """The list cannot be used. One line, which says what to write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One process that is watched."""

    name: str
    """What it is called when it is told: a service's name, as policies write it."""
    process_name: str
    """As the list has it: a name, or the path of its program."""
    unit: str = ""
    """Its systemd unit, where one is named or a command names it."""
    pid_file: str = ""
    restart: tuple[str, ...] = ()
    before_restart: tuple[str, ...] = ()
    after_restart: tuple[str, ...] = ()
    as_root: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """What a list says."""

    entries: tuple[Entry, ...]
    remarks: tuple[str, ...] = field(default=())
    """What of it is not used, one sentence each."""


def parse(text: str, file: str) -> Listed:
    """Return what a list says; raise BadList, naming `file`, when it is none."""
    try:
        body = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BadList(f"{file} is no YAML: {' '.join(str(error).split())[:200]}") from error
    if not isinstance(body, list):
        raise BadList(f"{file}: a list belongs here, each entry beginning with `- process_name: NAME`")
    if len(body) > MOST:
        raise BadList(f"{file}: {len(body)} entries, at most {MOST} are taken")
    entries = tuple(_entry(item, f"{file}, entry {n}") for n, item in enumerate(body, 1))
    names = [entry.name for entry in entries]
    if twice := {name for name in names if names.count(name) > 1}:
        raise BadList(f"{file}: {', '.join(sorted(twice))} is listed twice: one entry per process")
    return Listed(entries, tuple(_remarks(body, entries)))


def _entry(item: Any, where: str) -> Entry:
    if not isinstance(item, Mapping):
        raise BadList(f"{where}: keys and values belong here, beginning with `process_name: NAME`")
    name = _text(item, "process_name", where)
    unit = _text(item, "unit", where)
    if not (name or unit):
        raise BadList(f"{where}: it lacks process_name")
    restart = _command(item, "restart_command", where)
    unit = unit or unit_in(restart) or unit_in(_command(item, "start_command", where))
    return Entry(
        name=told_name(unit or name),
        process_name=name or unit.removesuffix(".service"),
        unit=unit if not unit or "." in unit else f"{unit}.service",
        pid_file=_text(item, "pid_file", where),
        restart=restart,
        before_restart=_command(item, "pre_restart_command", where),
        after_restart=_command(item, "post_restart_command", where),
        as_root=_truth(item, "run_as_root", where),
    )


def _text(item: Mapping[str, Any], key: str, where: str) -> str:
    found = item.get(key)
    if found is None:
        return ""
    if not isinstance(found, str) or len(found) > LONGEST or not found.isprintable():
        raise BadList(f"{where}: {key} is no text of at most {LONGEST} printable characters")
    return found.strip()


def _command(item: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    found = item.get(key)
    if found is None:
        return ()
    if not isinstance(found, str):
        raise BadList(f"{where}: {key} is no text: write `{key}: systemctl restart NAME`")
    try:
        return tuple(shlex.split(found))
    except ValueError as error:
        raise BadList(f"{where}: {key} cannot be split into words: {error}") from error


def _truth(item: Mapping[str, Any], key: str, where: str) -> bool:
    found = item.get(key, False)
    if found is None or isinstance(found, bool):
        return bool(found)
    raise BadList(f"{where}: {key} is {found!r}: write true or false")


def _remarks(body: list[Mapping[str, Any]], entries: tuple[Entry, ...]) -> Iterator[str]:
    for item, entry in zip(body, entries, strict=True):
        if unknown := sorted(str(key) for key in item if key not in KNOWN):
            yield f"{entry.name}: {', '.join(unknown)} means nothing here"
    if any(item.get(key) for item in body for key in COMMANDS if "start" in key and "restart" not in key):
        yield (
            "start commands are not run: systemd starts what is enabled, and a nova-compute that is started before "
            "its host's evacuations are over destroys guests"
        )
