"""Who may do what in Kafka: each service's rights, derived from what the contract files say that it writes and reads.

The ACLs are the whole of what Kafka knows of a record's writer, so a topic is worth as much trust as its least trusted
writer. How rights are given to whom is a deployment's business; here are the lines for kafka-acls.sh.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from kasugai.core.words.subject import INCIDENT_KINDS
from kasugai.schemas.topics import CORRELATE_APP, DEAD_LETTERS, INVENTORY_WRITER, contracts

WORKER_GROUPS = "kasugai-worker"
"""What the names of the workers' groups begin with; the kind of subject follows."""
ANNOUNCE_GROUPS = "kasugai-announce-"
"""What the names of the announcer's groups begin with; the receiver's name follows."""
PREFIX = "kasugai"
"""What every topic and every group of ours begins with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """One service, or the person at the command line."""

    role: str
    """Its word in the contract files."""
    login: str
    """The user that it goes in as."""
    does: str
    groups: tuple[str, ...] = ()
    """The consumer groups that it is a member of; none: it reads without one."""
    group_prefix: str = ""
    """What the names of its groups begin with, where it has one for each of those that it serves."""
    looks: bool = True
    """Whether it compares the topics with their contracts and tells how far its groups are behind."""
    describes: bool = False
    """Whether it writes descriptions (in transactions)."""


PRINCIPALS = (
    Principal(role="route", login="kasugai-route", does="`kasugai route`", groups=("kasugai-route",)),
    Principal(
        role="correlate", login="kasugai-correlate", does="`kasugai correlate`", groups=(CORRELATE_APP,)
    ),
    Principal(
        role="workers",
        login="kasugai-worker",
        does="`kasugai worker host instance process`",
        groups=tuple(f"{WORKER_GROUPS}-{kind}" for kind in INCIDENT_KINDS),
    ),
    Principal(role="projector", login="kasugai-project", does="`kasugai project`"),
    Principal(role="api", login="kasugai-api", does="`kasugai api`", describes=True),
    Principal(role="cli", login="kasugai-cli", does="an operator's commands", describes=True),
    Principal(role="agents", login="kasugai-agent", does="`kasugai agent`, on hypervisors", looks=False),
    Principal(
        role="liveness", login="kasugai-liveness", does="`kasugai liveness`", groups=("kasugai-liveness",)
    ),
    Principal(role="bridge", login="kasugai-bridge", does="`kasugai bridge`"),
    Principal(
        role="announcer",
        login="kasugai-announce",
        does="`kasugai announce`",
        group_prefix=ANNOUNCE_GROUPS,
    ),
    Principal(role="observe-nova", login="kasugai-observe-nova", does="`kasugai observe nova`"),
    Principal(role="observe-power", login="kasugai-observe-power", does="`kasugai observe power`"),
    Principal(role="observe-metrics", login="kasugai-observe-metrics", does="`kasugai observe metrics`"),
    Principal(role="observe-silences", login="kasugai-observe-silences", does="`kasugai observe silences`"),
)
"""Whoever goes in to Kafka for Kasugai; topics are made by an administrator."""
PEOPLE = {"people": "cli"}
"""Words of the contract files for what a principal of another name does."""


def writes(principal: Principal) -> list[str]:
    """Return the topics that it may write, by name."""
    return [topic.name for topic in contracts().values() if principal.role in map(_role, topic.writers)]


def reads(principal: Principal) -> list[str]:
    """Return the topics that it may read, by name."""
    return [topic.name for topic in contracts().values() if principal.role in map(_role, topic.readers)]


def _role(word: str) -> str:
    return PEOPLE.get(word, word)


def acl_lines(principal: Principal) -> Iterator[str]:
    """Yield its rights, each as kafka-acls.sh takes them."""
    who = f"--allow-principal User:{principal.login}"
    for operation, topics in (("Read", reads(principal)), ("Write", writes(principal))):
        if topics:
            yield f"{who} --operation {operation} {' '.join(f'--topic {name}' for name in topics)}"
    for group in principal.groups:
        yield f"{who} --operation Read --group {group}"
    prefixed = "--resource-pattern-type prefixed"
    if principal.group_prefix:
        yield f"{who} --operation Read --group {principal.group_prefix} {prefixed}"
    if principal.looks:
        yield f"{who} --operation Describe --operation DescribeConfigs --topic {PREFIX} {prefixed}"
        yield f"{who} --operation Describe --group {PREFIX} {prefixed}"
    if principal.describes:
        yield f"{who} --operation Write --operation Describe --transactional-id {INVENTORY_WRITER}"


def live(topics: list[str]) -> list[str]:
    """Return those that hold no dead letters."""
    return [name for name in topics if not name.endswith(DEAD_LETTERS)]
