"""What became of a project's own servers, as values: a row for each part that a server has in an incident.

Everything that a project may read lies in the first fields of a row; what comes after them names the cloud's inside
(its hosts, its incidents, its operator's words), and is shown only to whom a policy of its own allows it (ADR 34).
"""

from dataclasses import dataclass
from enum import StrEnum

from kasugai.core.recovering.states import NOT_RESTARTED, UNKNOWN_STATE
from kasugai.core.recovering.steps.guests import MOVED
from kasugai.core.words.timing import Instant


class Cause(StrEnum):
    """What happened."""

    HOST = "host"
    """The host under the server failed."""
    DEGRADED_HOST = "degraded-host"
    """The host under the server is failing, and is emptied before it does."""
    SERVER = "server"
    """The server itself failed."""


class State(StrEnum):
    """Where the recovery of one server stands."""

    WAITING = "waiting"
    """It is planned, and nothing has been done to the server yet."""
    RECOVERING = "recovering"
    """It is under way."""
    RECOVERED = "recovered"
    """The server is as it was, there or on another host."""
    FAILED = "failed"
    """It has come to nothing: the cloud's operator knows of it."""
    LEFT = "left"
    """Nothing is done about the server; `why` says why."""

    @property
    def is_open(self) -> bool:
        """Whether more may come of it."""
        return self in (State.WAITING, State.RECOVERING)


POLICY = "policy"
"""Why a server is left for which its owner can do nothing: the operator's own words are not for him."""

OWN_WORDS = frozenset(
    {
        "deleted",
        "guest-elsewhere",
        "guest-gone",
        "guest-state",
        "in-error",
        "local-disk",
        "never-launched",
        "not-marked",
        "not-running",
        "restarted-since",
        "shelved",
        "users-doing",
        "users-wish",
    }
)
"""Why a server is left that is its owner's own doing, or the server's state: he may read it, and can do something."""


_SAME = {MOVED: "guest-elsewhere", **dict.fromkeys(NOT_RESTARTED, "guest-state")}
"""Words of the records that say what one of OWN_WORDS says."""


def told(why: str) -> str:
    """Return the reason for which a server is left as its owner is told it; `why` begins with a word of the records."""
    word = why.partition(":")[0].partition(" ")[0]
    if word.startswith(UNKNOWN_STATE):
        return "guest-state"
    return word if word in OWN_WORDS else _SAME.get(word, POLICY)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryView:
    """One server's part in one incident."""

    recovery: str
    """Its id, derived from incident and server: two projects cannot tell by it that their servers shared a host."""
    server: str
    """The server's uuid."""
    name: str = ""
    """What the server is called; empty where nobody has told."""
    cause: Cause
    state: State
    why: str = ""
    """Why it is left: one of OWN_WORDS, or POLICY; empty in every other state."""
    opened_at: Instant
    """When its incident was opened."""
    began_at: Instant | None = None
    """When something was first done to the server."""
    ended_at: Instant | None = None

    incident: str
    """For whom the policy allows it, as are the following."""
    host: str
    """Where the server was."""
    destination: str = ""
    """Where it landed; empty where that is not known, or it was not moved."""
    reason: str = ""
    """The records' own words for where it stands."""
