"""How long a message takes to a chat, and a click to Kafka: `.venv/bin/python -m bench.announce`.

`kasugai announce` and `kasugai api` as processes on a real Kafka and Redis, a chat that answers at once and a simulated
Keystone, on the same machine. A round is what a person at the other end waits for: from the verdict to its message, and
from the POST of its link to the command on Kafka.
"""

import asyncio
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from kasugai.adapters.kafka.producer import Producer
from kasugai.adapters.settings import load
from kasugai.api.own.rules import MOUNT
from kasugai.core.words.verdicts import Reason, Verb
from kasugai.schemas.topics import VERDICTS
from tests.support.announced import told_now, verdict
from tests.support.announcer import Told, link_of, telling
from tests.support.api_process import ask

ROUNDS = 50


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    with TemporaryDirectory(prefix="kasugai-bench-") as folder, telling(Path(folder)) as told:
        told.announce()
        asyncio.run(measure(told, rounds))


async def measure(told: Told, rounds: int) -> None:
    """Play the rounds one after the other."""
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
    whole = [one + other for one, other in zip(there, back, strict=True)]
    for name, found in (("verdict to message", there), ("click to Kafka", back), ("round trip", whole)):
        print(_line(name, sorted(found)))


def _post(told: Told, path: str, token: str) -> tuple[int, bytes]:
    return ask(told.port, "POST", path, **{"X-Auth-Token": token})


def _line(name: str, found: list[float]) -> str:
    p50, p99 = (1000 * found[int(len(found) * share)] for share in (0.5, 0.99))
    return f"{name}: {len(found)} rounds, p50 {p50:.0f} ms, p99 {p99:.0f} ms, worst {1000 * found[-1]:.0f} ms"


if __name__ == "__main__":
    main()
