"""Texts from outside as a record can carry them: JSON may hold half a character, which no record takes."""

LONGEST = 255
"""Bytes of a name."""


def whole(text: str) -> str:
    """Return a text with every half character replaced."""
    return text.encode(errors="replace").decode()


def is_name(text: object) -> bool:
    """Whether something is a text that may stand where a name does."""
    return isinstance(text, str) and 0 < len(text.encode(errors="replace")) <= LONGEST and whole(text) == text


def shown(what: object, most: int = 160) -> str:
    """Return the beginning of something in one line, for people."""
    text = " ".join(whole(str(what)).split())
    return text if len(text) <= most else f"{text[: most - 1]}…"
