"""Walks through XML without keeping it: a CIB may have megabytes, and an agent has few."""

from collections.abc import Callable, Mapping
from xml.parsers.expat import ExpatError, ParserCreate

from kasugai.agents.cluster.picture import Unreadable

Path = tuple[str, ...]
"""Names of the elements around one, its own last."""


def walk(text: str, begin: Callable[[Path, Mapping[str, str]], None]) -> None:
    """Call `begin` with path and attributes of each element in turn; Unreadable when it is not XML."""
    path: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        path.append(name)
        begin(tuple(path), attributes)

    def end(_: str) -> None:
        path.pop()

    parser = ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    try:
        parser.Parse(text, True)
    except ExpatError as error:
        raise Unreadable(f"no XML ({error})") from error


def said(word: str | None) -> bool | None:
    """Return what one of Pacemaker's booleans says; None when it says neither."""
    match (word or "").lower():
        case "true" | "yes" | "on" | "y" | "1":
            return True
        case "false" | "no" | "off" | "n" | "0":
            return False
        case _:
            return None


def since(word: str | None) -> bool | None:
    """Return whether a value of Pacemaker's status says that something is so: a boolean or online/offline before 2.1.7,
    since then the second since when it is, 0 for never; None for anything else."""
    match (word or "").lower():
        case "online":
            return True
        case "offline":
            return False
        case number if number.isascii() and number.isdigit():
            return int(number) > 0
        case other:
            return said(other)
