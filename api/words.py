"""Masakari's forms of plain values: booleans in any clothes, ISO times in and out, printable text. Pure."""

import unicodedata
from datetime import UTC, datetime
from functools import cache
from uuid import UUID

from kasugai.core.words.timing import Instant

TRUE = frozenset({"1", "t", "true", "on", "y", "yes"})
FALSE = frozenset({"0", "f", "false", "off", "n", "no"})


def boolean(value: object) -> bool | None:
    """Return what a boolean in any of Masakari's clothes means; None when it is none."""
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    return True if text in TRUE else False if text in FALSE else None


def bare(uuid: str) -> str:
    """Return a uuid's digits alone, whichever of the forms that Masakari takes it has; of any other text what is left
    of it."""
    return uuid.replace("urn:", "").replace("uuid:", "").strip("{}").replace("-", "")


def canonical(uuid: str) -> str:
    """Return a uuid as Nova writes it, one name for one instance; a text that is none as it is."""
    try:
        return str(UUID(bare(uuid)))
    except ValueError:
        return uuid


def moment(text: str) -> datetime:
    """Return an ISO 8601 time in UTC; a naive one is UTC. ValueError for anything else."""
    try:
        found = datetime.fromisoformat(text.strip())
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is no ISO 8601 time") from None


def shown_exactly(at: datetime) -> str:
    """Return `2026-11-22T07:31:18.329622`: UTC, no offset, always six digits."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f").rjust(26, "0")


def shown(at: Instant | None) -> str | None:
    """Return a time of creation or change: whole seconds, six digits all the same."""
    return None if at is None else shown_exactly(datetime.fromtimestamp(at // 1000, UTC))


def shown_finely(at: Instant | None) -> str | None:
    """Return a time with its milliseconds."""
    return None if at is None else shown_exactly(datetime.fromtimestamp(at / 1000, UTC))


def shown_as_progress(at: Instant) -> str:
    """Return a time as progress details have it: a blank for the T."""
    return shown_exactly(datetime.fromtimestamp(at / 1000, UTC)).replace("T", " ")


def is_printable(text: str, also: str = "") -> bool:
    """Whether every character of the basic plane can be printed, or is one of `also`."""
    return not (set(text) - _printable() - set(also))


LONGEST_NAME = 255
NAME = f"1 to {LONGEST_NAME} printable characters, without blanks at either end"
TEXT = "printable characters and line ends"
"""What is_name and is_text ask for, in words."""


def is_name(text: str) -> bool:
    """Whether a segment or a host may be called so, whoever describes it: REST, a segment file, an import."""
    return 0 < len(text) <= LONGEST_NAME and is_printable(text) and text == text.strip()


def is_text(text: str) -> bool:
    """Whether it may describe something; lines may end as a browser's form ends them."""
    return is_printable(text.replace("\r\n", "\n"), "\n")


@cache
def _printable() -> frozenset[str]:
    """The characters that Masakari's names may hold: no controls, separators or surrogates but the blanks."""
    return frozenset(
        char
        for char in map(chr, range(0xFFFF))
        if not unicodedata.category(char).startswith("C") and unicodedata.category(char) not in ("Zl", "Zp")
    )
