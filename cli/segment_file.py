"""Reads a segment file: what an operator wants a segment to be.

    name: rack1
    armed: yes
    policy: {confirm-after: 4s, evacuate-all: yes}
    hosts:
      - cmp1
      - {name: cmp2, reserved: yes}
      - {name: cmp3, maintenance-until: 2026-12-01T06:00:00Z}
    domains:
      pdu: {pdu-3: [cmp1, cmp2]}

A host without a word about maintenance stays in it, or out of it: others begin one over REST, and a file that is
applied for another reason must not end it. Several segments in one file are separated by `---`. It only reads; what is
there already is not its business.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from kasugai.adapters.settings.drawn import POLICY_BOUNDS
from kasugai.api.words import NAME, TEXT, is_name, is_printable, is_text
from kasugai.cli.exits import Misused
from kasugai.cli.segment_domains import domains_of
from kasugai.cli.yaml_block import Block, documents
from kasugai.core.words.disks import RootDisks
from kasugai.core.words.domains import Domain
from kasugai.core.words.policy import Policy
from kasugai.core.words.timing import Millis

SEGMENT = {
    "name": "name: rack1",
    "id": "id: 6f1c1c5e-0d6f-5f0e-9d5e-0d8f3a7f2b11",
    "description": "description: the rack by the window",
    "armed": "armed: yes",
    "policy": "policy: {confirm-after: 4s}",
    "hosts": "hosts: [cmp1, cmp2]",
    "domains": "domains: {pdu: {pdu-3: [cmp1, cmp2]}}",
}
HOST = {
    "name": "name: cmp1",
    "id": "id: 6f1c1c5e-0d6f-5f0e-9d5e-0d8f3a7f2b11",
    "reserved": "reserved: no",
    "on-maintenance": "on-maintenance: no",
    "maintenance-until": "maintenance-until: 2026-12-01T06:00:00Z",
    "root-disks": "root-disks: shared",
    "control-attributes": "control-attributes: SSH",
}
_EXAMPLES = {
    "confirm-after": "4s",
    "unfenced-wait": "180s",
    "local-wait": "30m",
    "settle-after-fence": "10s",
    "dump-wait": "10m",
    "max-unhealthy": "50",
    "domain-trip": "50%",
    "domain-as-one": "[pdu]",
    "method": "auto",
    "ha-key": "HA_Enabled",
    "disable-reason": '"Kasugai: host failed."',
    "restart-window": "10m",
    "process-disable": "[nova-compute]",
    "process-evacuate": "[libvirtd]",
    "process-quiet": "5m",
    "host-return": "power-on",
    **{
        f"{kind}-{when}": f"[{step}]"
        for kind, step in (("host", "free-ports"), ("instance", "snapshot"), ("process", "page-us"))
        for when in ("before", "after")
    },
}
_TIMES = frozenset(field.name for field in fields(Policy) if field.type is Millis)
_DURATION = re.compile(r"^(\d+(?:\.\d+)?)(ms|s|m|h)?$")
_UNITS = {"ms": 1, None: 1, "s": 1000, "m": 60_000, "h": 3_600_000}


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedHost:
    """A host as the file describes it."""

    name: str
    id: str | None = None
    reserved: bool = False
    on_maintenance: bool | None = None
    """None: the file does not say."""
    maintenance_until: int = 0
    """0: until somebody ends it."""
    root_disks: RootDisks | None = None
    """None: as the segment's policy says."""
    domains: tuple[Domain, ...] = ()
    """Sorted, each once."""
    control_attributes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedSegment:
    """A segment as the file describes it."""

    name: str
    id: str | None = None
    description: str = ""
    armed: bool = True
    policy: Policy
    hosts: tuple[WantedHost, ...] = ()


def parse(file: str, text: str, default: Policy) -> tuple[WantedSegment, ...]:
    """Return the segments of a file; words of the policy that it leaves out are those of `default`."""
    segments = tuple(_segment(block, default) for block in documents(file, text))
    if not segments:
        raise Misused(f"{file}:1: the file is empty; for example: name: rack1")
    _refuse_twice(file, [segment.name for segment in segments], "segment")
    _refuse_twice(file, [host.name for segment in segments for host in segment.hosts], "host")
    return segments


def _refuse_twice(file: str, names: list[str], what: str) -> None:
    for name in names:
        if names.count(name) > 1:
            raise Misused(f"{file}: the {what} {name} is there twice; each one belongs to one place")


def _segment(block: Block, default: Policy) -> WantedSegment:
    words = {word: f"policy: {{{word}: {_example(word)}}}" for word in _words()}
    if stray := next((name for name in block.names if name in words), None):
        raise block.wrong(stray, "this belongs under policy", words[stray])
    block.refuse_strangers(SEGMENT)
    policy = block.block("policy")
    hosts = tuple(_host(block, item) for item in block.items("hosts", SEGMENT["hosts"]))
    domains = domains_of(block, [host.name for host in hosts])
    return WantedSegment(
        name=_name(block, SEGMENT["name"]),
        id=_id(block, SEGMENT["id"]),
        description=_text(block, "description", SEGMENT["description"]),
        armed=block.flag("armed", SEGMENT["armed"], True),
        policy=default if policy is None else _policy(policy, default),
        hosts=tuple(replace(host, domains=domains.get(host.name, ())) for host in hosts),
    )


def _host(segment: Block, item: str | Block) -> WantedHost:
    if isinstance(item, str):
        if not is_name(item):
            raise segment.wrong("hosts", f"{item[:80]} is no name: {NAME}", SEGMENT["hosts"])
        return WantedHost(name=item)
    item.refuse_strangers(HOST)
    return WantedHost(
        name=_name(item, HOST["name"]),
        id=_id(item, HOST["id"]),
        reserved=item.flag("reserved", HOST["reserved"], False),
        **_maintenance(item),
        root_disks=_root_disks(item),
        control_attributes=_text(item, "control-attributes", HOST["control-attributes"]),
    )


def _name(block: Block, example: str) -> str:
    """Return the name, by the rule that the REST API has for it."""
    name = block.text("name", example)
    if not is_name(name):
        raise block.wrong("name", f"{NAME} belong here", example)
    return name


def _text(block: Block, word: str, example: str) -> str:
    text = block.text(word, example, "")
    if not is_text(text):
        raise block.wrong(word, f"{TEXT} belong here", example)
    return text


def _root_disks(item: Block) -> RootDisks | None:
    if "root-disks" not in item:
        return None
    text = item.text("root-disks", HOST["root-disks"])
    if text not in list(RootDisks):
        raise item.wrong(
            "root-disks", f"one of {', '.join(RootDisks)} belongs here, not {text}", HOST["root-disks"]
        )
    return RootDisks(text)


def _maintenance(item: Block) -> dict[str, Any]:
    said = item.flag("on-maintenance", HOST["on-maintenance"], False) if "on-maintenance" in item else None
    if "maintenance-until" not in item:
        return {"on_maintenance": said}
    example = HOST["maintenance-until"]
    if said is False:
        raise item.wrong("maintenance-until", "a host that is not on maintenance has no end of it", example)
    try:
        until = datetime.fromisoformat(item.text("maintenance-until", example))
    except ValueError as error:
        raise item.wrong("maintenance-until", "a date and time belongs here", example) from error
    if until.tzinfo is None:
        raise item.wrong("maintenance-until", "say in which time zone (Z: UTC)", example)
    return {"on_maintenance": True, "maintenance_until": round(until.timestamp() * 1000)}


def _id(block: Block, example: str) -> str | None:
    if "id" not in block:
        return None
    try:
        return str(UUID(block.text("id", example)))
    except ValueError as error:
        raise block.wrong(
            "id", "a uuid belongs here (or leave it out: it is derived from the name)", example
        ) from error


def _words() -> list[str]:
    """Return the policy's words as people write them."""
    return [field.name.replace("_", "-") for field in fields(Policy)]


def _example(word: str) -> str:
    if word in _EXAMPLES:
        return _EXAMPLES[word]
    default = getattr(Policy(), word.replace("-", "_"))
    if isinstance(default, tuple):
        return f"[{word.removeprefix('exclude-').removesuffix('s')}1]"
    return {True: "yes", False: "no"}[default] if isinstance(default, bool) else str(default)


def _policy(block: Block, default: Policy) -> Policy:
    block.refuse_strangers({word: f"{word}: {_example(word)}" for word in _words()})
    values = {field.name: _value(block, field.name, getattr(default, field.name)) for field in fields(Policy)}
    return Policy(**values)  # type: ignore[arg-type]


def _value(block: Block, name: str, default: object) -> object:
    word = name.replace("_", "-")
    example = f"{word}: {_example(word)}"
    match default:
        case _ if word not in block:
            return default
        case bool():
            return block.flag(word, example, default)
        case int():
            return _number(block, name, word, example)
        case StrEnum():
            text, known = block.text(word, example), type(default)
            if text not in list(known):
                raise block.wrong(word, f"one of {', '.join(known)} belongs here, not {text}", example)
            return known(text)
        case tuple():
            return tuple(_printed(block, word, each, example) for each in block.words(word, example))
        case _:
            return _printed(block, word, block.text(word, example), example)


def _printed(block: Block, word: str, text: str, example: str) -> str:
    if not is_printable(text):
        raise block.wrong(word, "printable characters belong here", example)
    return text


def _number(block: Block, name: str, word: str, example: str) -> int:
    is_time = name in _TIMES
    read: Callable[[str], int] = _millis if is_time else lambda text: int(text.removesuffix("%"))
    text = block.text(word, example)
    low, high = POLICY_BOUNDS[name]
    try:
        value = read(text)
    except ValueError as error:
        what = "a time (500ms, 4s, 30m, 1h)" if is_time else "a whole number"
        raise block.wrong(word, f"{what} belongs here, not {text}", example) from error
    if value < low or (high is not None and value > high):
        first, last = (f"{each // 1000}s" if is_time and each else each for each in (low, high))
        bound = f"at least {first}" if high is None else f"from {first} to {last}"
        raise block.wrong(word, f"{text} is not {bound}", example)
    return value


def _millis(text: str) -> int:
    match = _DURATION.match(text)
    if match is None:
        raise ValueError(text)
    return round(float(match[1]) * _UNITS[match[2]])
