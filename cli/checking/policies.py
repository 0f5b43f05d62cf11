"""Segments' policies that contradict themselves or say what nobody here knows, and descriptions that lead nowhere."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from shlex import quote

from kasugai.adapters.inventory import Inventory
from kasugai.adapters.kafka.inventory_reader import InventoryReader
from kasugai.adapters.settings import Settings
from kasugai.cli.checking.finding import Finding, Word
from kasugai.cli.tables import counted
from kasugai.core.words.disks import RootDisks
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.policy import Degraded, DegradedCold, LocalGuests, Method, Policy
from kasugai.schemas.codec import NewerSchema
from kasugai.workers.custom import BadStep, installed

PART = "policies"
Doubt = tuple[Word, str]
"""A word, and a sentence without the segment's name."""


def policies(settings: Settings) -> Iterator[Finding]:
    """Yield what is doubtful in each segment."""
    try:
        inventory = asyncio.run(_inventory(settings))
    except NewerSchema as error:
        yield Finding(PART, Word.NO, f"a newer Kasugai has described segments: upgrade this one ({error})")
        return
    try:
        steps = frozenset(installed())
    except BadStep as error:
        yield Finding(PART, Word.NO, str(error))
        steps = frozenset()
    yield from judged(inventory, steps)


async def _inventory(settings: Settings) -> Inventory:
    async with InventoryReader(settings.kafka, "kasugai-cli-inventory") as reader:
        return reader.inventory.copy()


def judged(inventory: Inventory, steps: frozenset[str]) -> Iterator[Finding]:
    """Yield the doubts about all segments, or that there are none. `steps`: the operator's own that are installed
    here."""
    segments = sorted(inventory.segments(), key=lambda segment: segment.name)
    if not segments:
        yield Finding(PART, Word.UNASKED, "no segment is described; type: kasugai segment apply FILE.yaml")
        return
    count = 0
    for segment in segments:
        for word, said in _doubts(segment, list(inventory.hosts(segment.segment_id)), steps):
            count += 1
            name = quote(segment.name)
            yield Finding(PART, word, f"{segment.name}: {said}; type: kasugai segment show {name}")
    if not count:
        hosts = sum(1 for _ in inventory.hosts())
        yield Finding(
            PART,
            Word.OK,
            f"those of {counted(len(segments), 'segment')} ({counted(hosts, 'host')}) go together",
        )


def _doubts(segment: SegmentRecord, hosts: Sequence[HostRecord], steps: frozenset[str]) -> Iterator[Doubt]:
    if not hosts:
        yield Word.ODD, "it has no hosts, so nothing is recovered in it"
        return
    yield from _of_reserves(segment.policy, hosts)
    yield from _of_words(segment.policy, hosts)
    missing = sorted({name for name in _own_steps(segment.policy) if name not in steps})
    if missing:
        said = f"its steps {', '.join(missing)} are not installed on this machine: every worker needs them"
        yield Word.UNASKED, said


def _of_reserves(policy: Policy, hosts: Iterable[HostRecord]) -> Iterator[Doubt]:
    reserves = [host.name for host in hosts if host.reserved]
    if policy.method is Method.AUTO and reserves:
        yield Word.ODD, f"method: auto uses no reserve, and {', '.join(reserves)} are kept empty as such"
    if policy.method is not Method.AUTO and not reserves:
        word = Word.NO if policy.method is Method.RESERVED_HOST else Word.ODD
        yield word, f"method: {policy.method} wants a reserve, and no host is described as one (no-reserve)"


def _of_words(policy: Policy, hosts: Iterable[HostRecord]) -> Iterator[Doubt]:
    """What one line of a policy says and another takes back."""
    if policy.degraded is Degraded.NOTE and policy.degraded_cold is not DegradedCold.NO:
        yield (
            Word.ODD,
            f"degraded-cold: {policy.degraded_cold} says nothing while degraded: note moves nobody",
        )
    has_local = RootDisks.LOCAL in (policy.root_disks, *(host.root_disks for host in hosts))
    if policy.local_guests is LocalGuests.REBUILD and policy.root_disks is RootDisks.SHARED and not has_local:
        yield Word.ODD, "local-guests: rebuild says nothing where root-disks: shared has no local disks"
    both = sorted(set(policy.process_evacuate) & set(policy.process_disable))
    if both:
        yield (
            Word.ODD,
            f"{', '.join(both)} stand in process-evacuate and in process-disable: the host is fenced",
        )
    if "*" in policy.exclude_names:
        yield Word.NO, "exclude-names has the pattern *: every guest is left where it is"
    if not policy.trust_assertions and policy.confirm_observers == 1:
        yield (
            Word.ODD,
            "trust-assertions: no beside confirm-observers: 1: one witness is enough, a trusted sender not",
        )


def _own_steps(policy: Policy) -> Iterator[str]:
    for kind in ("host", "instance", "process"):
        for when in ("before", "after"):
            yield from getattr(policy, f"{kind}_{when}")
