"""Many takeovers under load: `python -m bench.takeovers [--takeovers 200] [--busy 10] [--minutes 15]`.

Hosts fail in batches on real servers, two workers share them, and the one that owns most is killed with -9 in the
middle and started again by its supervisor at once. Told are the seconds from each kill to the next evacuate call for
each host that it owned, and how often a worker that lived has lost a lease to another, which it says itself. Production
profile; `--busy` processes do nothing but burn time.
"""

import argparse
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace

from bench.figures import Figure, percentile, show
from bench.records import Watch, publish
from bench.site import Site, say
from kasugai.core.words.facts import Fact, FactKind
from kasugai.core.words.policy import Policy
from kasugai.core.words.verdicts import Verb, Verdict
from kasugai.schemas.topics import RECOVERY, REPORTED, VERDICTS
from kasugai.sim.cloud import REAL, SimCloud

BATCH, GUESTS, WINDOW = 6, 14, 4
"""Hosts that fail together, guests of each, and how many of those move at a time."""
BEGUN = 4
"""So many calls for each host of a batch are made before the kill."""
WORKERS = ("worker-1", "worker-2")
SPARE = [f"spare{n}.example.org" for n in range(1, 9)]
PACE = replace(REAL, spawn=2.0)
ON_THE_WIRE = 0.05
"""Seconds after a kill in which a call may still come in that was sent before it."""
LOST = " was lost ("
"""How a worker says that it has lost a lease, of which it knows by living on."""
TOO_LONG = 300.0
"""A call that died with its worker is made again after `settle` (90 s)."""


@dataclass(slots=True)
class Told:
    """What was seen so far."""

    pauses: list[float] = field(default_factory=list)
    """Seconds from a kill to the next call for a host of the worker that was killed."""
    hosts: set[str] = field(default_factory=set)
    """Those that have failed."""


def main() -> int:
    """Run and print one table."""
    parser = argparse.ArgumentParser(prog="python -m bench.takeovers", description=__doc__)
    parser.add_argument("--takeovers", type=int, default=200)
    parser.add_argument("--busy", type=int, default=10)
    parser.add_argument("--minutes", type=float, default=15.0, help="no new batch begins after so long")
    parser.add_argument("-o", "--output", choices=["table", "json"], default="table")
    given = parser.parse_args()
    figures = list(run(given.takeovers, given.busy, 60 * given.minutes))
    show(figures, given.output)
    return 1 if any(figure.verdict == "missed" for figure in figures) else 0


def run(takeovers: int, busy: int, seconds: float) -> Iterator[Figure]:
    """Let batches fail until there were so many takeovers, or the time is up."""
    hosts = [f"cmp{n}.example.org" for n in range(takeovers + BATCH)]
    ends = time.monotonic() + seconds
    with ExitStack() as stack:
        site = stack.enter_context(Site(lambda cloud: _build(cloud, hosts), pace=PACE, failing=hosts))
        site.describe([[*hosts, *SPARE]], Policy(window=WINDOW, max_unhealthy=100))
        site.start("route-1", "correlate-1", *WORKERS)
        stack.enter_context(_load(busy))
        watch = stack.enter_context(Watch(site.kafka.bootstrap, [RECOVERY, VERDICTS], 12))
        told = Told()
        while len(told.pauses) < takeovers and time.monotonic() < ends and len(hosts) >= BATCH:
            batch, hosts = hosts[:BATCH], hosts[BATCH:]
            _kill_one(site, watch, batch, told)
            say(f"takeovers: {len(told.pauses)}, the slowest {max(told.pauses, default=0):.1f} s")
        _await(lambda: _closed(watch) >= told.hosts, "all is over")
        lost = sum(site.crew.log(name).count(LOST) for name in WORKERS)
        figures = list(_figures(told, busy, lost, _twice(site)))
    yield from figures


def _build(cloud: SimCloud, hosts: Sequence[str]) -> None:
    for host in SPARE:
        cloud.add_host(host, has_device=False, capacity=GUESTS * len(hosts))
    for host in hosts:
        cloud.add_host(
            host, has_device=False, capacity=GUESTS
        )  # full: who fails next is nobody's destination
    for host in hosts:
        for n in range(GUESTS):
            cloud.add_guest(f"{host}/{n}", host)


@contextmanager
def _load(busy: int) -> Iterator[None]:
    burning = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(busy)]
    try:
        yield
    finally:
        for each in burning:
            each.kill()
            each.wait()


def _kill_one(site: Site, watch: Watch, batch: Sequence[str], told: Told) -> None:
    """Let a batch fail, kill the worker that owns most of it, and wait until its hosts go on."""
    since, homes = len(site.requests()), _homes(site, batch)
    told.hosts.update(batch)
    site.lose(batch)
    publish(site.kafka.bootstrap, REPORTED, [site.fault(host, asserted=True) for host in batch])
    _await(lambda: _least(site, homes, since) >= BEGUN, f"{BEGUN} calls for each of a batch")
    owners = _owners(_facts(watch), told.hosts)
    victim = Counter(owners[host] for host in batch).most_common(1)[0][0]
    made = Counter(host for _, host, _ in _calls(site, homes, since))
    mine = {host for host in batch if owners[host] == victim and made[host] <= GUESTS - 2 * WINDOW}
    at = time.monotonic()
    site.crew.kill(victim)
    _await(lambda: mine <= {*_next(site, homes, since, at), *_closed(watch)}, "who was killed goes on")
    calls = _next(site, homes, since, at)
    told.pauses.extend(calls[host] - at for host in mine & calls.keys())


def _await(so: Callable[[], bool], what: str) -> None:
    """Wait without much work: what is measured says itself when it was."""
    ends = time.monotonic() + TOO_LONG
    while not so():
        if time.monotonic() > ends:
            message = f"not within {TOO_LONG:.0f} s: {what}"
            raise TimeoutError(message)
        time.sleep(0.1)


def _next(site: Site, homes: dict[str, str], since: int, at: float) -> dict[str, float]:
    """Return the first call for each host that was made after the kill."""
    calls = sorted(_calls(site, homes, since), reverse=True)
    return {host: made for made, host, _ in calls if made > at + ON_THE_WIRE}


def _closed(watch: Watch) -> set[str]:
    words = (value for _, _, value in list(watch.seen) if isinstance(value, Verdict))
    return {word.subject.host for word in words if word.verb is Verb.CLOSE}


def _homes(site: Site, batch: Sequence[str]) -> dict[str, str]:
    """Return whose guests are whose, before they move."""
    return site.cloud.do(
        lambda cloud: {uuid: str(g.host) for uuid, g in cloud.world.guests.items() if g.host in batch}
    )


def _calls(site: Site, homes: dict[str, str], since: int) -> list[tuple[float, str, str]]:
    """Return the evacuate calls about a batch: when, from which host, and whom."""
    asked = [each for each in site.requests(since) if each.action == "evacuate" and each.subject in homes]
    return [(each.t, homes[each.subject], each.subject) for each in asked]


def _least(site: Site, homes: dict[str, str], since: int) -> int:
    """Return for how many guests of the host with the fewest a call was made."""
    made = Counter(host for _, host, _ in _calls(site, homes, since))
    return min(made[host] for host in set(homes.values()))


def _facts(watch: Watch) -> list[Fact]:
    return [value for _, _, value in list(watch.seen) if isinstance(value, Fact)]


def _owners(facts: Sequence[Fact], hosts: Collection[str]) -> dict[str, str]:
    """Return which worker adopted each host last: incarnations begin with the worker's name."""
    adopted = (fact for fact in facts if fact.kind is FactKind.ADOPTED and fact.subject.host in hosts)
    found = {fact.subject.host: fact.author for fact in adopted}
    return {host: next(name for name in WORKERS if name in author) for host, author in found.items()}


def _twice(site: Site) -> int:
    """Return how many guests Nova has evacuated more than once, by its own records."""
    records = site.cloud.do(lambda cloud: Counter(record.guest for record in cloud.world.migrations))
    return sum(count > 1 for count in records.values())


def _figures(told: Told, busy: int, lost: int, twice: int) -> Iterator[Figure]:
    def figure(what: str, value: float, unit: str = "", limit: float | None = None) -> Figure:
        return Figure(bench="takeovers", what=what, value=value, unit=unit, limit=limit)

    yield figure(f"owners killed -9 in mid-recovery, {busy} busy processes", len(told.pauses))
    for name, percent in (("p50", 50), ("p95", 95)):
        yield figure(f"kill -9 → next evacuate call, {name}", percentile(told.pauses, percent), "s")
    yield figure("kill -9 → next evacuate call, worst", max(told.pauses), "s", 5.0)
    yield figure("leases that an owner lost alive", lost, "", 0)
    yield figure("guests evacuated more than once", twice, "", 0)


if __name__ == "__main__":
    sys.exit(main())
