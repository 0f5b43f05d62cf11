"""What Nova's API was asked, by its own log (stack/commands.py writes how a line looks): when, what, and by whom."""

from dataclasses import dataclass
from pathlib import Path

from acceptance.stack.commands import REQUEST


@dataclass(frozen=True, slots=True)
class Asked:
    """One request to Nova."""

    at: float
    """Seconds since 1970 when it came in."""
    method: str
    path: str
    status: int
    seconds: float
    """How long its answer took."""
    who: str
    """The beginning of its User-Agent: `kasugai`, and what an `Admin` is named."""

    @property
    def is_action(self) -> bool:
        """Whether something was done to a guest."""
        return self.method == "POST" and "/servers/" in self.path and self.path.endswith("/action")


def asked(log: Path, since: float, who: str) -> list[Asked]:
    """Return what those have asked since then whose name begins so, oldest first."""
    found = []
    for line in log.read_text(errors="replace").splitlines():
        _, mark, rest = line.partition(f"{REQUEST} ")
        fields = rest.split(" ", 5)
        if mark and len(fields) == 6:
            at, method, path, status, took, agent = fields
            found.append(Asked(int(at) / 1000, method, path, int(status), int(took) / 1000, agent))
    return sorted(
        (one for one in found if one.at >= since and one.who.startswith(who)), key=lambda one: one.at
    )
