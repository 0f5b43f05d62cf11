"""Text from outside as people may see it: what a terminal or a log would obey, hide or reorder becomes an escape.

A name, a reason or an error sentence may hold anything. Written out as it is, a newline in it forges a line, an escape
sequence paints over one, and a mark of direction turns one around. The escapes are JSON's, so that JSON stays the same
JSON; a backslash stays a backslash, so they are for eyes: whoever needs the very bytes reads JSON.
"""

import unicodedata

SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
"""The escapes that everybody knows; the others are numbers."""
MARK = "…"
"""Stands where something is missing."""


def visible(text: str) -> str:
    """Return `text` in one line that says what it holds: controls (C0, C1, DEL), marks of direction and other format
    characters, line and paragraph separators, halves of surrogate pairs and what Unicode has not assigned are escapes.

    What is visible already comes back as it is, so it may be asked twice. Never fails.
    """
    if text.isprintable():
        return text
    return "".join(char if _is_seen(char) else _escape(char) for char in text)


def shortened(text: str, longest: int) -> str:
    """Return `text` with at most about `longest` characters, and how many are missing where some are."""
    if len(text) <= longest:
        return text
    return f"{text[:longest]}{MARK} ({len(text) - longest} more characters)"


def _is_seen(char: str) -> bool:
    """A blank of another width is seen (Japanese has one); every other separator ends a line somewhere."""
    return char.isprintable() or unicodedata.category(char) == "Zs"


def _escape(char: str) -> str:
    if char in SHORT:
        return SHORT[char]
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
