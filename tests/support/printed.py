"""Lines as they are seen where nobody has a terminal: without colours, each as long as it is."""

from collections.abc import Iterable

from kasugai.cli.tables import Line, Part


def printed(lines: Iterable[Line]) -> str:
    """Return the lines as one text."""
    return "\n".join(line if isinstance(line, str) else "".join(map(_plain, line)).rstrip() for line in lines)


def _plain(part: Part) -> str:
    return part if isinstance(part, str) else part.text
