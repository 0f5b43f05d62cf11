"""Reads receivers.yaml: to whom incidents are told, in which words.

    receivers:
      chat:
        preset: slack
        token_file: /etc/kasugai/slack.token
        values: {channel: C0123456789}
      pager:
        preset: pagerduty
        secrets: {routing_key: /etc/kasugai/pagerduty.key}
        severities: [critical]

A preset is such a description too; what the receiver says itself goes before it. What is wrong is named by receiver and
key, never by value.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from jsonschema import Draft202012Validator, ValidationError

from kasugai.adapters import yaml_text
from kasugai.adapters.settings.exposure import is_loopback
from kasugai.announcers.events import VALUES, Severity
from kasugai.announcers.templates import BadTemplate, fill, names_in

_HERE = Path(__file__).parent
PRESETS = _HERE / "presets"


class BadReceivers(Exception):
    """They cannot be used as they are written. One line, without secrets: file, place, reason, remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """To whom, and how."""

    name: str
    method: str = "POST"
    url: str = field(default="", repr=False)
    """A template; it may hold a secret."""
    url_file: str = ""
    unless: str = field(default="", repr=False)
    """A template of a url that answers with a list: what it holds was taken before and is not sent again. For receivers
    that take a repetition for another message."""
    token_file: str = ""
    ca_file: str = ""
    proxy: str = ""
    insecure: bool = False
    """Whether http will do, which anybody on the way can read."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Any = None
    values: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    """Files by the names under which templates have what they hold."""
    thread: str = ""
    """Where the answer says what the first message is called: keys with dots between them; empty: nowhere."""
    must: Mapping[str, Any] = field(default_factory=dict)
    """What an answer must hold to be a good one."""
    defuse: str = ""
    """Characters of values that the receiver would obey."""
    severities: frozenset[str] = frozenset(Severity)
    segments: frozenset[str] = frozenset()
    """By name or id; none: all."""


def read_receivers(file: str) -> tuple[Receiver, ...]:
    """Return the receivers in the order of the file; BadReceivers when it is not right, or not there."""
    try:
        text = Path(file).read_text("utf-8")
    except OSError as error:
        raise BadReceivers(
            f"{file}: cannot be read ({error.strerror}); docs/operators/webhooks.md has examples"
        ) from None
    except UnicodeDecodeError:
        raise BadReceivers(f"{file}: this is no UTF-8 text") from None
    return parse_receivers(file, text)


def parse_receivers(file: str, text: str) -> tuple[Receiver, ...]:
    """Return the receivers of a file's text; BadReceivers when it is not right."""
    try:
        document = yaml_text.document(file, text, yaml_text.Typed)
    except yaml_text.NoYaml as error:
        raise BadReceivers(str(error)) from None
    wrong = sorted(_validator().iter_errors(document), key=lambda e: [str(part) for part in e.absolute_path])
    if wrong:
        raise BadReceivers(f"{file}: {_sentence(wrong[0])}")
    return tuple(_receiver(file, name, said) for name, said in document["receivers"].items())


def _receiver(file: str, name: str, said: Mapping[str, Any]) -> Receiver:
    where = f"{file}: receiver {name}"
    preset = _preset(where, said.get("preset", ""))
    needs = preset.pop("needs", [])
    merged = preset | {key: value for key, value in said.items() if key != "preset"}
    for key in ("severities", "segments"):
        if key in merged:
            merged[key] = frozenset(merged[key])
    found = Receiver(name=name, **merged)
    missing = [need for need in needs if need not in found.values and need not in found.secrets]
    if missing:
        raise BadReceivers(f"{where}: {missing[0]} is missing among its values or secrets")
    _check_names(where, found)
    _check_url(where, found)
    return found


def _preset(where: str, name: str) -> dict[str, Any]:
    known = sorted(file.stem for file in PRESETS.glob("*.yaml"))
    if not name:
        return {}
    if name not in known:
        raise BadReceivers(f"{where}: there is no preset of that name; there are {', '.join(known)}")
    found: dict[str, Any] = yaml.safe_load((PRESETS / f"{name}.yaml").read_text("utf-8"))
    return found


def _check_url(where: str, found: Receiver) -> None:
    if bool(found.url) == bool(found.url_file):
        raise BadReceivers(f"{where}: it has one of url and url_file")
    if found.body is None:
        raise BadReceivers(f"{where}: body is missing; for example: body: {{text: $summary}}")
    for key, url in (("url", found.url), ("unless", found.unless)):
        if url and (why := why_not(fill(url, _blank(found)), insecure=found.insecure)):
            raise BadReceivers(f"{where}: {key}: {why}")


def _blank(found: Receiver) -> dict[str, str]:
    """Something for every name, as a trial."""
    return {**dict.fromkeys(VALUES | found.secrets.keys(), "x"), **found.values}


def why_not(url: str, *, insecure: bool) -> str:
    """Return why nothing is sent to a url; empty when it may be. It tells nothing of the url."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "it is no url"
    if parts.scheme not in ("http", "https") or not host:
        return "it begins with https:// and names a host"
    if parts.scheme == "http" and not insecure and not is_loopback(host):
        return "anybody on the way reads http: use https, or say insecure: true"
    return ""


def _check_names(where: str, found: Receiver) -> None:
    """Each name is known, and the whole can be filled and said."""
    known = VALUES | found.values.keys() | found.secrets.keys()
    taken = VALUES & (found.values.keys() | found.secrets.keys())
    if taken:
        raise BadReceivers(f"{where}: {min(taken)} is a name of an event's own")
    try:
        unknown = names_in([found.url, found.unless, dict(found.headers), found.body]) - known
        if unknown:
            raise BadReceivers(f"{where}: nobody knows ${min(unknown)}; there are {', '.join(sorted(known))}")
        json.dumps(fill(found.body, _blank(found)))
    except BadTemplate as error:
        raise BadReceivers(f"{where}: {error}") from None
    except TypeError:
        raise BadReceivers(f"{where}: body holds a date: put it into quotation marks") from None


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(json.loads((_HERE / "receivers.schema.json").read_text()))


def _sentence(error: ValidationError) -> str:
    """Say where, what belongs there, and an example; never what stands there."""
    where = ".".join(str(part) for part in error.absolute_path)
    what, example = error.schema["description"], error.schema["examples"][0]
    if error.validator == "required":
        what = f"{', '.join(sorted(set(error.validator_value) - set(error.instance)))} is missing"
    if error.validator == "additionalProperties":
        what = "there is a key that nobody reads"
    return f"{where}: {what}; for example: {example}" if where else f"{what}; for example: {example}"
