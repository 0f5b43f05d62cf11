"""How fast proofs are checked and made: beats of 10,000 hosts, as liveness checks them, without Kafka and Avro."""

import time
from collections.abc import Callable, Iterator

from bench.figures import Figure
from kasugai.adapters.proving.checker import Checker
from kasugai.adapters.proving.masters import Masters, derive, new_master
from kasugai.adapters.proving.prover import Prover
from kasugai.schemas.topics import HEARTBEATS

HOSTS = 10_000
ROUNDS = 10
VALUE = bytes(180)
"""As many bytes as a beat has that tells of three networks."""
BESIDE = (
    ("content-type", b"application/vnd.confluent.avro"),
    ("kasugai-schema", b"Beat/1019"),
    ("kasugai-fp", bytes(16)),
)
"""The headers that every record carries."""


def run() -> Iterator[Figure]:
    """Check a round of beats again and again, and sign as many."""
    master = new_master()
    provers = {f"cmp{n}.example.org": Prover(f"cmp{n}", derive(master, f"cmp{n}")) for n in range(HOSTS)}
    checker = Checker(Masters(current=master, keys={master.id: master}))
    beats = [
        (f"cmp{n}", key, (*BESIDE, each.header(HEARTBEATS, key, VALUE)))
        for n, (key, each) in enumerate(provers.items())
    ]

    def check() -> None:
        for host, key, headers in beats:
            assert checker.trouble(host, HEARTBEATS, key, VALUE, headers) == ""

    def sign() -> None:
        for key, each in provers.items():
            each.header(HEARTBEATS, key, VALUE)

    check()
    yield _figure("proofs checked, 10,000 hosts", check, 200_000)
    yield _figure("proofs made", sign, None)


def _figure(what: str, work: Callable[[], None], limit: float | None) -> Figure:
    """Measure the process's own time, best of the rounds: others on the machine are not what is asked about."""
    best = min(_seconds(work) for _ in range(ROUNDS))
    return Figure(bench="proof", what=what, value=HOSTS / best, unit="/s", limit=limit, at_least=True)


def _seconds(work: Callable[[], None]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start
