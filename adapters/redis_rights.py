"""Who may do what in Redis: each service's keys and commands, as a line for ACL SETUSER.

The ledger and the views are apart by their keys, so that nobody whom the REST API's host gives away can take a lease or
write what a worker has done.
"""

from dataclasses import dataclass

LEDGER = "~kasugai:{kasugai}:*"
CLAIMS = "~{kasugai}:claim:*"
VIEWS = "~{kasugai}:view:*"
TOLD = "~{kasugai}:told:*"

COMMANDS = (
    *("-@all", "+@connection", "+@read", "+@write", "+@scripting", "+@transaction"),
    *("-@blocking", "-@dangerous", "+cluster|slots", "+cluster|shards", "+info"),
)
"""What all of them need. `+info` comes last: the ledger's scripts ask for the server's replication id, and Redis counts
INFO as dangerous."""

SENTINEL_LOGIN = "kasugai"
"""All share it at the sentinels."""
SENTINEL = ("-@all", "+sentinel|masters")
"""What everybody needs there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """One service, or the person at the command line."""

    login: str
    does: str
    keys: tuple[str, ...]
    """Patterns of the keys that it may read and write; of others it sees at most that there are some."""


USERS = (
    User(login="kasugai-worker", does="`kasugai worker host`", keys=(LEDGER,)),
    User(login="kasugai-api", does="`kasugai api`", keys=(CLAIMS, VIEWS)),
    User(login="kasugai-project", does="`kasugai project`", keys=(CLAIMS, VIEWS)),
    User(login="kasugai-announce", does="`kasugai announce`", keys=(TOLD,)),
    User(
        login="kasugai-cli",
        does="an operator's `kasugai rebuild` and `kasugai topics remake`",
        keys=(LEDGER, CLAIMS, VIEWS),
    ),
)


def acl_line(user: User, password: str) -> str:
    """Return the command that makes a user with its rights."""
    return " ".join(
        ("ACL SETUSER", user.login, "reset on", f">{password}", "resetchannels", *user.keys, *COMMANDS)
    )


def sentinel_line(password: str) -> str:
    """Return the command that makes the one user that all share at the sentinels."""
    return " ".join(("ACL SETUSER", SENTINEL_LOGIN, "reset on", f">{password}", *SENTINEL))
