"""Reads scenario files: a name, a story, a cloud, a script and the log that must come of them (scenarios.md).

The grammar for people is tests/scenarios/README.md. Errors name the file, the line and what was expected.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path


class BadScenario(Exception):
    """The file does not follow the grammar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a section."""

    number: int
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of the script."""

    at: float
    number: int
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One story."""

    path: Path
    name: str
    story: str
    cloud: tuple[Line, ...]
    script: tuple[Event, ...]
    log: str
    """As written in the file; empty when missing."""
    endings: tuple[str, ...] = field(default=())
    """Censuses that are right too, where a race may rightly end in several ways."""

    @property
    def census(self) -> str:
        """The last paragraph of the log."""
        return self.log.rsplit("\n\n", 1)[-1].strip("\n")

    @property
    def end(self) -> float:
        """When the script ends, in seconds."""
        return self.script[-1].at


_TIME = re.compile(r"^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?$")


def seconds(text: str) -> float:
    """Return `1h`, `5m30s`, `2.5s` in seconds; ValueError otherwise."""
    match = _TIME.match(text)
    if not text or match is None:
        raise ValueError(f"{text!r} is no time: write 30s, 5m, 1h or 1m30s")
    hours, minutes, rest = match.groups()
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(rest or 0)


_RANGE = re.compile(r"^(.*?)(\d+)\.\.\1(\d+)$")


def names(text: str) -> list[str]:
    """Return the names that a word stands for: `c01..c20` are twenty, any other word is one."""
    match = _RANGE.match(text)
    if match is None:
        return [text]
    head, first, last = match.groups()
    return [f"{head}{number:0{len(first)}d}" for number in range(int(first), int(last) + 1)]


def options(words: Iterable[str], *known: str) -> dict[str, str]:
    """Return what KEY=VALUE words say, and flags with an empty value, by their names; ValueError for a word that is not
    among the `known` (flags as they are, keys with their `=`): a slip must not be played as another story."""
    found = {}
    for word in words:
        name, equals, value = word.partition("=")
        if name + equals not in known:
            raise ValueError(f"{word!r} is no word of this line; known: {', '.join(known)}")
        found[name] = value
    return found


def explained(error: Exception) -> str:
    """Return what a person is told of an error that a line of a scenario made."""
    if isinstance(error, KeyError):
        name = str(error.args[0])
        return name if " " in name else f"there is no {name}"
    if isinstance(error, IndexError) or "to unpack" in str(error):
        return "a word is missing, or one too many"
    return str(error)


def read(path: Path) -> Scenario:
    """Return the scenario of a file; BadScenario when it has no name, no story, no cloud or no script."""
    return read_text(path, path.read_text())


def read_text(path: Path, text: str) -> Scenario:
    """Return the scenario that a text is; `path` names it in errors."""
    head, sections = _split(path, text)
    paragraphs = [p for p in head.strip("\n").split("\n\n") if p.strip()]
    if len(paragraphs) < 2 or "\n" in paragraphs[0]:
        raise BadScenario(
            f"{path}:1: the first line is the name, then comes a paragraph that says why it exists"
        )
    script = tuple(_event(path, number, line) for number, line in sections["script"])
    if not script or script[-1].words != ("end",):
        raise BadScenario(f"{path}: the script's last line is `TIME end`")
    return Scenario(
        path=path,
        name=paragraphs[0].strip(),
        story="\n\n".join(paragraphs[1:]),
        cloud=tuple(Line(number=n, words=tuple(line.split())) for n, line in sections["cloud"]),
        script=script,
        log=_raw(text, "log"),
        endings=tuple(_raw(part, "or") for part in re.split(r"(?m)^(?=or$)", text)[1:]),
    )


def _split(path: Path, text: str) -> tuple[str, dict[str, list[tuple[int, str]]]]:
    sections: dict[str, list[tuple[int, str]]] = {"cloud": [], "script": []}
    head: list[str] = []
    current: str | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if line in ("cloud", "script", "log", "or"):
            current = line
        elif current is None:
            head.append(line)
        elif current in sections and line.strip() and not line.strip().startswith("#"):
            sections[current].append((number, line.split("  #")[0].strip()))
    if not sections["cloud"]:
        raise BadScenario(f"{path}: there is no section `cloud`")
    return "\n".join(head), sections


def _raw(text: str, section: str) -> str:
    """Return a section's text as it stands, up to the next one."""
    match = re.search(rf"(?ms)^{section}\n(.*?)(?=^or$|\Z)", text)
    return match.group(1).rstrip("\n") + "\n" if match and match.group(1).strip() else ""


def _event(path: Path, number: int, line: str) -> Event:
    first, *words = line.split()
    try:
        return Event(at=seconds(first), number=number, words=tuple(words))
    except ValueError as error:
        raise BadScenario(f"{path}:{number}: {error}") from error
