"""How long `explain` takes for a host among 10,000, of which as many ended incidents are remembered, over REST.

The API's own code on a real Redis, without a socket: one host that has had an incident, and one to which nothing ever
happened.
"""

import time
from collections.abc import Iterator
from itertools import islice
from uuid import UUID

from bench.figures import Figure, percentile
from kasugai.adapters.redis_views import RedisViews
from kasugai.api.projection.board import text_of
from kasugai.api.view_store import ViewStore
from kasugai.core.telling.documents import Round
from kasugai.core.telling.standing import Case, Word, Words
from kasugai.core.words.incident import Phase
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.subject import host_subject
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Verb
from tests.support.api_doors import Api
from tests.support.redis import RedisServer

HOSTS, ROUNDS = 10_000, 20
SEGMENT = SegmentRecord(segment_id="5e9a0000-0000-5000-8000-000000000002", name="rack1")
BEGAN, ENDED = BrokerTime(1_795_000_000_000), BrokerTime(1_795_000_090_000)
OWNER = "bench"
LIMIT = 1_000.0
"""Milliseconds."""


def run() -> Iterator[Figure]:
    """Measure both."""
    server = RedisServer().start()
    try:
        views = RedisViews.from_url(server.url)
        _remember(views)
        api = Api(read=ViewStore(views))
        _describe(api)
        for what, host in (("a host that has had an incident", 0), ("one to which nothing happened", HOSTS)):
            took = sorted(_seconds(api, _name(host)) for _ in range(ROUNDS))
            yield Figure(
                bench="explain",
                what=f"{what}, p95",
                value=1000 * percentile(took, 95),
                unit="ms",
                limit=LIMIT,
            )
        views.close()
    finally:
        server.stop()


def _name(number: int) -> str:
    return f"compute-{number:05}.example.org"


def _remember(views: RedisViews) -> None:
    """What the projector remembers of an incident of each host."""
    board: dict[str, str] = {}
    for number in range(HOSTS):
        subject, incident = host_subject(_name(number)), UUID(int=number)
        said = (Word(at=ENDED, verb=Verb.READMIT),)
        board[f"subject/{subject.name}"] = text_of(
            Words(subject=subject, segment=SEGMENT.segment_id, said=said)
        )
        board[f"incident/{incident}"] = text_of(
            Case(
                incident=incident,
                subject=subject,
                segment=SEGMENT.segment_id,
                phase=Phase.RECOVERED,
                reason="recovered",
                since=BEGAN,
                until=ENDED,
                back=20,
            )
        )
    rest = iter(board.items())
    while part := dict(islice(rest, 2_000)):
        assert views.own(OWNER)
        views.write(OWNER, Round(board=part, is_current=True))


def _describe(api: Api) -> None:
    api.registry.inventory.put(SEGMENT)
    for number in range(HOSTS + 1):
        record = HostRecord(host_uuid=str(number), name=_name(number), segment_id=SEGMENT.segment_id)
        api.registry.inventory.put(record)


def _seconds(api: Api, host: str) -> float:
    begun = time.perf_counter()
    answer = api.get(f"/kasugai/v1/explain?subject={host}")
    taken = time.perf_counter() - begun
    assert answer.status == 200, answer.body
    return taken
