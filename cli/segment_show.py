"""`kasugai segment show SEGMENT`: its hosts as they are described, and in which state the system has each of them."""

import argparse
import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from shlex import quote
from typing import TYPE_CHECKING, Any

from kasugai.cli.configured import settings_of
from kasugai.cli.exits import Exit, SaidNo
from kasugai.cli.incident_text import stamp
from kasugai.cli.parser import Nouns, add_config_file, add_output, command
from kasugai.cli.segment_policy import in_words
from kasugai.cli.tables import Column, age, table
from kasugai.core.telling.degraded import Mark, marks
from kasugai.core.telling.host_states import (
    IN_SERVICE,
    HostState,
    Place,
    ReserveUse,
    disarmed_by,
    host_states,
    reserve_uses,
)
from kasugai.core.telling.stops import StopState, stops
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.timing import Instant, Millis
from kasugai.core.words.verdicts import Verdict

if TYPE_CHECKING:
    from kasugai.adapters.settings import KafkaSettings
    from kasugai.core.telling.incident_views import Seen

COLUMNS = (
    Column("HOST"),
    Column("STATE"),
    Column("FOR", right=True),
    Column("RESERVE"),
    Column("MAINTENANCE"),
    Column("WHY"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A segment with its hosts, and what the system knows about them."""

    segment: SegmentRecord
    hosts: Sequence[HostRecord]
    states: Mapping[Place, HostState]
    uses: Mapping[str, ReserveUse]
    disarmed: Verdict | None
    stop: StopState | None = None
    """A planned stop that lasts."""
    marks: Mapping[Place, Mark] = field(default_factory=dict)
    """Hosts that are called degraded."""

    def mark(self, host: HostRecord) -> Mark | None:
        """Return where the host stands that is called degraded; None for all others."""
        return self.marks.get((self.segment.segment_id, host.name))

    def state(self, host: HostRecord) -> HostState | None:
        """Return the host's state; None when it is in service."""
        return self.states.get((self.segment.segment_id, host.name))

    def use(self, host: HostRecord) -> ReserveUse | None:
        """Return who has the reserve, or put it to use since it was described."""
        use = self.uses.get(host.name)
        described = max(host.created_at, host.updated_at)
        return use if use is not None and host.reserved and (use.at > described or not use.is_spent) else None


def add_show(verbs: Nouns) -> None:
    """Add the verb."""
    shown = command(
        verbs,
        "show",
        "Show a segment's hosts with their state: out, on probation, reserve in use, ...",
        ["kasugai segment show rack1", "kasugai segment show rack1 -o json"],
        _show,
    )
    shown.add_argument("segment", metavar="SEGMENT", help="its name, or its id")
    add_output(shown)
    add_config_file(shown)


def _show(arguments: argparse.Namespace) -> int:
    from kasugai.cli.clock import now
    from kasugai.cli.terminal import data, data_json, width

    shown = asyncio.run(_read(settings_of(arguments).kafka, arguments.segment))
    if arguments.output == "json":
        data_json(as_json(shown))
    else:
        data(*page(shown, now(), width()))
    return Exit.OK


async def _read(kafka: "KafkaSettings", word: str) -> Shown:
    from kasugai.adapters.kafka.inventory_reader import InventoryReader
    from kasugai.cli.recorded import replay

    async with InventoryReader(kafka, "kasugai-cli-inventory") as reader:
        inventory = reader.inventory
    found = next((s for s in inventory.segments() if word in (s.name, s.segment_id)), None)
    if found is None:
        raise SaidNo(f"the inventory does not know the segment {word}: kasugai segment list")
    hosts = sorted(inventory.hosts(found.segment_id), key=lambda host: host.name)
    return merged(found, hosts, await replay(kafka))


def merged(segment: SegmentRecord, hosts: Sequence[HostRecord], seen: "Sequence[Seen]") -> Shown:
    """Return the descriptions with what the records say."""
    stop = stops(seen).get(segment.segment_id)
    return Shown(
        segment=segment,
        hosts=hosts,
        states=host_states(seen),
        uses=reserve_uses(seen),
        disarmed=disarmed_by(seen).get(segment.segment_id),
        stop=stop if stop is not None and stop.over is None else None,
        marks=marks(seen),
    )


def page(shown: Shown, now: Instant, width: int | None) -> list[str]:
    """Return the segment's head, and its hosts as a table."""
    head = {
        "segment": shown.segment.name,
        "armed": _armed(shown),
        **_stop(shown),
        **in_words(shown.segment.policy, _own_disks(shown)),
        **_domains(shown),
        **_marked(shown),
    }
    lines = [f"{name + ':':<9}{text}" for name, text in head.items()]
    rows = [_row(shown, host, now) for host in shown.hosts]
    return [*lines, "", *table(COLUMNS, rows, width)]


def _own_disks(shown: Shown) -> str:
    """Name the hosts whose own description says otherwise."""
    own = {host.name: host.root_disks for host in shown.hosts if host.root_disks is not None}
    said = [f"{name} {disks}" for name, disks in own.items() if disks is not shown.segment.policy.root_disks]
    return f" (but {', '.join(said)})" if said else ""


def _domains(shown: Shown) -> dict[str, str]:
    """Name the failure domains with how many of the segment's hosts share each; nothing where none are declared."""
    counts = Counter(domain for host in shown.hosts for domain in host.domains)
    told = [f"{domain.title} ({counts[domain]})" for domain in sorted(counts)]
    return {"domains": ", ".join(told)} if told else {}


def _marked(shown: Shown) -> dict[str, str]:
    """Name the degraded hosts with what has come of it; nothing where there are none."""
    found = [(host.name, mark) for host in shown.hosts if (mark := shown.mark(host)) is not None]
    told = [f"{name} {mark.word} ({mark.why})" for name, mark in found]
    return {"marked": ", ".join(told)} if told else {}


def _stop(shown: Shown) -> dict[str, str]:
    """Say that the segment is in a planned stop; nothing where it is not."""
    if shown.stop is None:
        return {}
    ending = f"; ends when all are ready ({shown.stop.ending})" if shown.stop.ending else ""
    name = quote(shown.segment.name)
    return {
        "stop": f"planned, since {stamp(shown.stop.since)} ({shown.stop.said}){ending}: kasugai stop show {name}"
    }


def _armed(shown: Shown) -> str:
    if shown.disarmed is not None:
        word = shown.disarmed
        why = f"{word.reason}: {word.detail}" if word.detail else str(word.reason)
        return f"no, by {word.verb} ({why}): kasugai segment arm {quote(shown.segment.name)}"
    return "yes" if shown.segment.armed else "no, by its description: kasugai segment apply"


def _row(shown: Shown, host: HostRecord, now: Instant) -> tuple[str, ...]:
    state = shown.state(host)
    return (
        host.name,
        state.word if state else IN_SERVICE,
        age(Millis(now - state.since)) if state else "-",
        _reserve(shown, host),
        _maintenance(host),
        state.why if state else "-",
    )


def _reserve(shown: Shown, host: HostRecord) -> str:
    use = shown.use(host)
    if use is None:
        return "yes" if host.reserved else "-"
    return f"{'used for' if use.is_spent else 'given to'} {use.failed}"


def _maintenance(host: HostRecord) -> str:
    if not host.on_maintenance:
        return "-"
    return f"until {stamp(host.maintenance_until)}" if host.maintenance_until else "yes"


def as_json(shown: Shown) -> dict[str, Any]:
    """Return the stable form: the description of `segment list`, with each host's state."""
    from kasugai.schemas.plain import to_json

    described = to_json(shown.segment)
    del described["type"]
    return described | {
        "stopped_since": stamp(shown.stop.since) if shown.stop else None,
        "disarmed_by": str(shown.disarmed.reason) if shown.disarmed else None,
        "hosts": [_host_json(shown, host) for host in shown.hosts],
    }


def _host_json(shown: Shown, host: HostRecord) -> dict[str, Any]:
    from kasugai.schemas.plain import to_json

    state, use, mark = shown.state(host), shown.use(host), shown.mark(host)
    described = {key: value for key, value in to_json(host).items() if key != "type"}
    return described | {
        "state": state.word if state else IN_SERVICE,
        "state_since": stamp(state.since) if state else None,
        "why": state.why if state else "",
        "degraded": mark.word if mark else None,
        "degraded_since": stamp(mark.since) if mark else None,
        "degraded_why": mark.why if mark else "",
        "reserve_given_to": use.failed if use else None,
        "reserve_is_spent": use.is_spent if use else False,
    }
