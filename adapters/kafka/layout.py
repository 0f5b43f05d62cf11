"""What the topics of a deployment should be, and how one that is there differs: values in, values out.

Partitions are fixed at birth: a wrong number is told and never changed. A broker that cannot answer about its
settings (the demo's mock cluster) is a finding of its own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from kasugai.adapters.kafka.client import MAX_MESSAGE_BYTES
from kasugai.adapters.settings.values import Settings
from kasugai.schemas.topics import Cleanup, Stamped, Topic, contracts, dead_letters_of

STAMPS = {Stamped.CREATE: "CreateTime", Stamped.APPEND: "LogAppendTime"}

FOREVER = str(2**63 - 1)
PINNED: Mapping[str, str] = MappingProxyType(
    {
        "unclean.leader.election.enable": "false",
        "max.message.bytes": str(MAX_MESSAGE_BYTES),
        "compression.type": "uncompressed",
        "segment.bytes": str(1 << 30),
        "retention.bytes": "-1",
        "message.timestamp.before.max.ms": FOREVER,
        "message.timestamp.after.max.ms": FOREVER,
    }
)
"""What every topic says for itself, or a default of the broker would decide: whether a record is taken at all (its
size, a clock that is wrong), and how long it stays. Uncompressed, whoever sends it: a broker that keeps batches as they
came also measures them as they came; and Faust reads neither lz4 nor zstd."""
COMPACTED: Mapping[str, str] = MappingProxyType(
    {"min.compaction.lag.ms": "0", "max.compaction.lag.ms": FOREVER, "delete.retention.ms": "86400000"}
)
"""And every compacted one."""


class Finding(StrEnum):
    """What a check found about a topic."""

    OK = "ok"
    DIFFERS = "differs"
    CANNOT_SAY = "cannot say"
    """Its partitions are right and the broker does not answer about settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A topic as it should be in this deployment."""

    name: str
    partitions: int
    replication: int
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was found about one topic."""

    topic: str
    finding: Finding
    differences: tuple[str, ...] = ()
    """`what is A, not B`; empty when ok."""
    is_missing: bool = False
    changes: Mapping[str, str] = field(default_factory=dict)
    """The settings that `apply` would set."""
    partitions: tuple[int, int] = (0, 0)
    """How many there are, and how many there should be; 0 for a topic that is missing."""


def wanted(settings: Settings, names: Iterable[str] | None = None) -> list[Wanted]:
    """Return the topics of this deployment: all, or those called `names` with their dead letters."""
    chosen = contracts().values() if names is None else _with_dead_letters(names)
    return [
        Wanted(
            name=topic.name,
            partitions=topic.partitions_in(settings.stream.partitions),
            replication=settings.kafka.replication,
            settings=_settings(topic, settings.kafka.min_insync),
        )
        for topic in chosen
    ]


def _with_dead_letters(names: Iterable[str]) -> list[Topic]:
    known, chosen = contracts(), []
    for name in names:
        chosen.append(known[name])
        if known[name].dead_letters:
            chosen.append(known[dead_letters_of(name)])
    return chosen


def _settings(topic: Topic, min_insync: int) -> dict[str, str]:
    kept = {} if topic.retention is None else {"retention.ms": str(topic.retention)}
    return {
        **PINNED,
        **(COMPACTED if topic.cleanup is Cleanup.COMPACT else {}),
        "cleanup.policy": topic.cleanup.value,
        "message.timestamp.type": STAMPS[topic.timestamps],
        "min.insync.replicas": str(min_insync),
        **kept,
        **topic.settings,
    }


def line_of(report: Report) -> str:
    """Return a report as one line for people."""
    what = f": {', '.join(report.differences)}" if report.differences else ""
    return f"{report.topic} {report.finding}{what}"


def compare(topic: Wanted, shape: tuple[int, int] | None, found: Mapping[str, str] | None) -> Report:
    """Return what is found about a topic of `shape` (partitions, replicas; None: not there) and settings (None: the
    broker cannot say)."""
    if shape is None:
        return Report(
            topic=topic.name,
            finding=Finding.DIFFERS,
            differences=("is missing",),
            is_missing=True,
            partitions=(0, topic.partitions),
        )
    said = [
        f"{what} is {is_now}, not {should}"
        for what, is_now, should in zip(
            ("partitions", "replication"), shape, (topic.partitions, topic.replication), strict=True
        )
        if is_now != should
    ]
    changes = {
        key: value for key, value in topic.settings.items() if found is not None and found.get(key) != value
    }
    said += [f"{key} is {(found or {}).get(key)}, not {value}" for key, value in changes.items()]
    silent = Finding.CANNOT_SAY if found is None else Finding.OK
    return Report(
        topic=topic.name,
        finding=Finding.DIFFERS if said else silent,
        differences=tuple(said),
        changes=changes,
        partitions=(shape[0], topic.partitions),
    )


def way_back(reports: Iterable[Report], configured: int) -> str:
    """Return what to do about numbers of partitions that differ from those of birth; empty when none does.

    `configured` is [stream] partitions. Keys lie in other partitions than their past as soon as a number changes, so
    there are two ways only: say the number of birth, or begin anew.
    """
    found = [report.partitions for report in reports if report.partitions[0]]
    if all(now == should for now, should in found):
        return ""
    born = {now for now, should in found if should == configured}
    if len(born) == 1 and born != {configured}:
        (number,) = born
        return (
            f"the topics were made with {number} partitions: write partitions = {number} into [stream], "
            "or begin anew with another number by kasugai topics remake"
        )
    return (
        "the partitions of a topic were changed after its making, so its keys lie elsewhere than their past: "
        "stop all processes and type kasugai topics remake"
    )
