"""How long a message takes to a chat, and a click to Kafka.

`kasugai announce` and `kasugai api` as processes on a real Kafka and Redis, a chat that answers at once and a simulated
Keystone, on the same machine. A round is what a person at the other end waits for: from the verdict to its message, and
from the POST of its link to the command on Kafka.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from bench.figures import Figure, percentile
from kasugai.adapters.kafka.producer import Producer
from kasugai.adapters.settings import load
from kasugai.api.own.rules import MOUNT
from kasugai.core.words.verdicts import Reason, Verb
from kasugai.schemas.topics import VERDICTS
from tests.support.announced import told_now, verdict
from tests.support.announcer import Told, link_of, telling
from tests.support.api_process import ask

ROUNDS = 50
LIMIT = 2_000.0
"""Milliseconds, for the person and the chat too: ours is to be no part of it that anybody notices."""


def run() -> Iterator[Figure]:
    """Measure all."""
    with TemporaryDirectory(prefix="kasugai-bench-") as folder, telling(Path(folder)) as told:
        told.announce()
        there, back = asyncio.run(measure(told, ROUNDS))
    whole = [one + other for one, other in zip(there, back, strict=True)]
    yield from _figures("verdict → message at a chat", there)
    yield from _figures("click of its link → command on Kafka", back)
    yield from _figures("round trip of both", whole, LIMIT)


async def measure(told: Told, rounds: int) -> tuple[list[float], list[float]]:
    """Play the rounds one after the other; return the seconds of each way."""
    token = told.token()
    there, back = [], []
    async with Producer(load([str(told.config)]).kafka, "bench") as producer:
        for number in range(rounds + 1):
            opened = told_now(
                verdict(Verb.OPEN, Reason.CONFIRMED, n=1_000 + number, incident=UUID(int=number + 1))
            )
            begun = time.perf_counter()
            await producer.send(VERDICTS, opened)
            messages = await asyncio.to_thread(told.messages, number + 1)
            arrived = time.perf_counter()
            path = f"{MOUNT}/links/{link_of(messages[-1]).rpartition('/')[2]}"
            status, _ = await asyncio.to_thread(_post, told, path, token)
            assert status == 202, status
            if number:  # the first one joins the group
                there.append(arrived - begun)
                back.append(time.perf_counter() - arrived)
    return there, back


def _post(told: Told, path: str, token: str) -> tuple[int, bytes]:
    return ask(told.port, "POST", path, **{"X-Auth-Token": token})


def _figures(what: str, found: Sequence[float], limit: float | None = None) -> Iterator[Figure]:
    for percent in (50, 99):
        value = 1000 * percentile(found, percent)
        yield Figure(bench="announce", what=f"{what}: p{percent}", value=value, unit="ms", limit=limit)
