"""Reads power.yaml: which devices can switch which host off, in which order.

    defaults:
      fence_redfish: {timeout: 25s, parameters: {username: kasugai, password: SECRET}}
    hosts:
      cmp1.example.org:
        - {agent: fence_redfish, parameters: {ip: 192.0.2.11, systems_uri: /redfish/v1/Systems/1}}
        - {agent: fence_apc_snmp, parameters: {ip: 192.0.2.2, plug: 7, community: SECRET}}

Every value is text as it stands there (0123 stays 0123, yes stays yes). What is wrong is named by host, device and key,
never by value: the file is full of secrets.
"""

import errno
import json
import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kasugai.adapters import yaml_text
from kasugai.adapters.yaml_text import WORD

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, ValidationError

PRIVATE = 0o600
"""All that may be allowed about the file, and to its owner only."""
STORAGE = "ceph"
"""The one agent that is no fence agent: it closes storage to the host (`adapters.ceph`)."""
_SCHEMA = Path(__file__).with_name("devices.schema.json")


class BadDevices(Exception):
    """The devices cannot be used as they are written. One line, without secrets: file, place, reason, remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A device as the file describes it."""

    agent: str
    parameters: Mapping[str, str] = field(repr=False)
    timeout: float | None
    """Seconds; None: not said."""


def read_devices(file: str) -> dict[str, tuple[Described, ...]] | None:
    """Return the devices by exact host name; None when there is no such file; BadDevices when it is not right."""
    text = _text(file)
    return None if text is None else parse_devices(file, text)


def parse_devices(file: str, text: str) -> dict[str, tuple[Described, ...]]:
    """Return the devices of a file's text."""
    try:
        document = yaml_text.document(file, text, yaml_text.Plain)
    except yaml_text.NoYaml as error:
        raise BadDevices(str(error)) from None
    wrong = sorted(_validator().iter_errors(document), key=lambda e: [str(part) for part in e.absolute_path])
    if wrong:
        raise BadDevices(f"{file}: {_sentence(wrong[0])}")
    defaults = document.get("defaults", {})
    found = {
        host: tuple(_device(device, defaults.get(device["agent"], {})) for device in devices)
        for host, devices in document["hosts"].items()
    }
    for host, them in found.items():
        if STORAGE in [device.agent for device in them[:-1]]:
            raise BadDevices(
                f"{file}: host {host}: ceph is there once at most, and last: power is tried first"
            )
    return found


def _text(file: str) -> str | None:
    """Read the file if nobody else can."""
    try:
        with open(file, encoding="utf-8") as opened:
            _check_privacy(file, os.fstat(opened.fileno()))
            return opened.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        who = f"; the worker runs as uid {os.geteuid()}" if error.errno == errno.EACCES else ""
        raise BadDevices(f"{file}: cannot be read ({error.strerror}){who}") from None
    except UnicodeDecodeError:
        raise BadDevices(f"{file}: this is no UTF-8 text") from None


def _check_privacy(file: str, found: os.stat_result) -> None:
    mode = stat.S_IMODE(found.st_mode)
    if mode & ~PRIVATE:
        raise BadDevices(
            f"{file}: its mode is {mode:04o}, and it holds secrets: it must be 0600 or stricter; type: "
            f"chmod 0600 {file}"
        )
    if found.st_uid not in (0, os.geteuid()):
        raise BadDevices(
            f"{file}: it belongs to uid {found.st_uid}, who could have others shot; type: chown "
            f"{os.geteuid()} {file}"
        )


@cache
def _validator() -> "Draft202012Validator":
    from jsonschema import Draft202012Validator  # late: 2 MiB that a worker without devices need not carry

    return Draft202012Validator(json.loads(_SCHEMA.read_text()))


def _sentence(error: "ValidationError") -> str:
    """Say where, what belongs there, and an example; never what stands there."""
    where = _place([str(part) for part in error.absolute_path])
    what, example = error.schema["description"], error.schema["examples"][0]
    if error.validator == "required":
        what = f"{', '.join(sorted(set(error.validator_value) - set(error.instance)))} is missing"
    if error.validator == "additionalProperties":
        what = f"nobody reads {_names(set(error.instance) - set(error.schema['properties']))}"
    return f"{where}{what}; for example: {example}"


def _names(names: Iterable[str]) -> str:
    """Name what could be a slip of the pen; what cannot be a key may be a secret with a colon too few."""
    shown = [name if WORD.match(name) else "what stands where a key belongs" for name in sorted(names)]
    return ", ".join(dict.fromkeys(shown))


def _place(path: list[str]) -> str:
    match path:
        case ["hosts", host, number, *rest]:
            return ": ".join([f"host {host}, device {int(number) + 1}", *filter(None, [".".join(rest)]), ""])
        case ["hosts", host]:
            return f"host {host}: "
        case []:
            return ""
        case _:
            return f"{'.'.join(path)}: "


def _device(written: Mapping[str, Any], default: Mapping[str, Any]) -> Described:
    timeout = written.get("timeout", default.get("timeout"))
    return Described(
        agent=written["agent"],
        parameters={**default.get("parameters", {}), **written.get("parameters", {})},
        timeout=None if timeout is None else _seconds(timeout),
    )


def _seconds(text: str) -> float:
    return int(text[:-2]) / 1000 if text.endswith("ms") else float(text[:-1])
