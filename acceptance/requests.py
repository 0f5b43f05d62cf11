"""What Nova's API was asked, by its own log (stack/commands.py writes how a line looks): when, what, and by whom."""

from dataclasses import dataclass
from pathlib import Path

from acceptance.stack.commands import REQUEST

OBSERVER = "acceptance"
"""How requests of the run's own begin to say who they are: they are no part of what is measured."""


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

    @property
    def is_action(self) -> bool:
        """Whether something was done to a guest."""
        return self.method == "POST" and self.path.endswith("/action")


def asked(log: Path, since: float) -> list[Asked]:
    """Return what others than the run itself have asked since then, oldest first."""
    found = []
    for line in log.read_text(errors="replace").splitlines():
        _, mark, rest = line.partition(f"{REQUEST} ")
        fields = rest.split(" ", 5)
        if mark and len(fields) == 6:
            at, method, path, status, took, who = fields
            found.append(Asked(int(at) / 1000, method, path, int(status), int(took) / 1000, who))
    return sorted(
        (one for one in found if one.at >= since and not one.who.startswith(OBSERVER)), key=lambda one: one.at
    )
