"""From files to settings: what is set where, which text is which value, and a clear line for what is wrong.

A later file goes before an earlier one; what nobody knows is named once and otherwise passed over, for a file of
masakari-monitors is taken as it is.
"""

import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from configparser import ConfigParser
from configparser import Error as IniError
from dataclasses import Field, fields, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from kasugai.agents.settings.monitors import ALIASES, OTHERS, Place, why_meaningless
from kasugai.agents.settings.values import AgentPart, AgentSettings, KafkaPart, Raw

DEFAULT_FILES = ("/etc/masakarimonitors/masakarimonitors.conf", "/etc/kasugai/agent.conf")
"""Those that are read, as far as they are there, when none is named."""
OWN_FILE = DEFAULT_FILES[-1]

BOUNDS: Mapping[Place, tuple[float, float]] = {
    ("agent", "outbox_most"): (100, 1_000_000),
    ("agent", "health_port"): (0, 65_535),
    ("host", "peer_port"): (1, 65_535),
    ("host", "peer_interval"): (0.2, 60),
    ("host", "kdump_port"): (0, 65_535),
    ("watchdog", "timeout"): (2, 9),
    ("watchdog", "port"): (1, 65_535),
    ("watchdog", "networks"): (1, 8),
    ("process", "check_interval"): (0.1, 3_600),
    ("process", "restart_retries"): (0, 100),
    ("process", "restart_interval"): (0.1, 3_600),
    ("process", "boot_quiet"): (0, 3_600),
}
CHOICES: Mapping[Place, tuple[str, ...]] = {
    ("agent", "proof"): ("key", "none"),
    ("kafka", "security_protocol"): ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"),
    ("kafka", "sasl_mechanism"): ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"),
}
TRUTHS = {
    **dict.fromkeys(("1", "yes", "true", "on"), True),
    **dict.fromkeys(("0", "no", "false", "off"), False),
}


class BadSetting(Exception):
    """A file or an option is wrong: where, why, and what to write instead, in one line."""


def load(files: Sequence[str] = ()) -> AgentSettings:
    """Return what the files say, or the default ones as far as they are there; raise BadSetting."""
    named = list(files) or [file for file in DEFAULT_FILES if Path(file).exists()]
    raw: dict[str, dict[str, str]] = {}
    for file in named:
        for section, options in _read(file).items():
            raw.setdefault(section, {}).update(options)
    settings = AgentSettings(
        **{part: _part(part, shape, raw) for part, shape in shapes().items()},
        raw=raw,
        remarks=tuple(_remarks(raw)),
    )
    return _completed(settings, ", ".join(named))


def _read(file: str) -> Mapping[str, Mapping[str, str]]:
    """Return a file's options as text. `$` and `%` are what they are; [DEFAULT] is a section like any other."""
    parser = ConfigParser(
        interpolation=None, default_section="\n", strict=False, comment_prefixes=("#", ";"), delimiters=("=",)
    )
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # names count as they are written
    try:
        parser.read_string(Path(file).read_text("utf-8"), file)
    except OSError as error:
        raise BadSetting(f"{file} cannot be read: {error.strerror}") from error
    except (IniError, UnicodeDecodeError) as error:
        raise BadSetting(f"{file}: {' '.join(str(error).split())[:200]}") from error
    return {section: dict(parser[section]) for section in parser.sections()}


def shapes() -> dict[str, Any]:
    """Return the shapes of the settings by their sections' names."""
    whole = AgentSettings()
    return {
        part.name: type(getattr(whole, part.name))
        for part in fields(AgentSettings)
        if part.name not in ("raw", "remarks")
    }


def _part(section: str, shape: Any, raw: Raw) -> Any:
    found = {}
    for option in fields(shape):
        text = _said(raw, (section, option.name))
        if text is not None:
            found[option.name] = _value(text, (section, option.name), option)
    return shape(**found)


def _said(raw: Raw, place: Place) -> str | None:
    for section, name in (place, *ALIASES.get(place, ())):
        if name in raw.get(section, {}):
            return raw[section][name].strip()
    return None


def _value(text: str, place: Place, option: "Field[Any]") -> Any:
    section, name = place
    try:
        value = _of_kind(text, option.default)
    except (ValueError, KeyError):
        kind = {bool: "true or false", int: "a whole number", float: "a number"}[type(option.default)]
        raise BadSetting(
            f"[{section}] {name} = {text[:80]}: write {kind}, for example {option.default}"
        ) from None
    if (bounds := BOUNDS.get(place)) and not bounds[0] <= value <= bounds[1]:
        raise BadSetting(f"[{section}] {name} = {text[:80]}: from {bounds[0]:g} to {bounds[1]:g}")
    if (choices := CHOICES.get(place)) and value not in choices:
        raise BadSetting(f"[{section}] {name} = {text[:80]}: one of {', '.join(choices)}")
    return value


def _of_kind(text: str, default: Any) -> Any:
    match default:
        case bool():
            return TRUTHS[text.lower()]
        case int():
            return int(text)
        case float():
            return float(text)
        case _:
            return text


def _completed(settings: AgentSettings, files: str) -> AgentSettings:
    """Fill in what the machine says, and refuse what nothing can be done with."""
    if not settings.kafka.bootstrap_servers:
        said = f"in {files}" if files else f"and there is no {OWN_FILE}"
        raise BadSetting(f"[kafka] bootstrap_servers is not set {said}: write kafka1:9092,kafka2:9092")
    return replace(
        settings,
        agent=_agent(settings.agent, settings.raw),
        kafka=_kafka(settings.kafka),
    )


def _agent(part: AgentPart, raw: Raw) -> AgentPart:
    state_dir = part.state_dir
    if "state_dir" not in raw.get("agent", {}):
        state_dir = os.environ.get("STATE_DIRECTORY", "").partition(":")[0] or state_dir
    host = part.host or socket.gethostname()
    if not host.isprintable() or len(host.encode()) > 255:
        raise BadSetting(
            "[agent] host is no name of a host: write what `openstack compute service list` shows"
        )
    return replace(part, host=host, state_dir=state_dir)


def _kafka(part: KafkaPart) -> KafkaPart:
    if not part.sasl_password_file:
        return part
    try:
        password = Path(part.sasl_password_file).read_text("utf-8").rstrip("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(f"[kafka] sasl_password_file {part.sasl_password_file} cannot be read") from error
    return replace(part, sasl_password=password)


def _remarks(raw: Raw) -> Iterator[str]:
    """Yield what the files say in vain: what means nothing, by its reason, and what nobody knows."""
    vain: list[tuple[str, str]] = []
    unknown: list[str] = []
    for section, options in raw.items():
        for name in options:
            if why := why_meaningless(section, name):
                vain.append((why, f"[{section}] {name}"))
            elif not _is_known(section, name):
                unknown.append(f"[{section}] {name}")
    for why, found in groupby(sorted(vain), key=lambda item: item[0]):
        yield f"{', '.join(place for _, place in found)}: means nothing here: {why}"
    if unknown:
        yield f"{', '.join(unknown)}: no such option: look for a slip of the pen"


def _is_known(section: str, name: str) -> bool:
    shape = shapes().get(section)
    ours = shape is not None and name in {option.name for option in fields(shape)}
    alias = any((section, name) in places for places in ALIASES.values())
    return ours or alias or name in OTHERS.get(section, ())
