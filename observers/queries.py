"""Queries as witnesses: which hosts a query has named for long enough, over answers that can be believed.

A query's `for` counts only while answers come: what nobody could look at has not lasted. It refuses to know how an
answer is fetched.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field

from kasugai.core.words.signals import Source, Symptom
from kasugai.observers.prometheus import Reply, read_answer
from kasugai.observers.seen import Seen, doubt


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One question, as queries.yaml has it."""

    name: str
    url: str
    """Prometheus, without /api/v1."""
    query: str
    """PromQL: each element of its instant vector names a host that is down."""
    label: str
    """Whose value is the host, byte for byte."""
    lasts: float
    """Seconds for which it must name a host in every answer."""
    token_file: str = field(default="", repr=False)
    ca_file: str = ""


Ask = Callable[[Query], Awaitable[Reply]]
"""Fetches one answer; NoOpinion when there is none."""

GAP = 3
"""So many rounds without an answer, and what has lasted begins anew."""


class QueryWatch:
    """One query, round by round."""

    source = Source.METRICS

    def __init__(self, query: Query, ask: Ask, *, every: float, new_episode: Callable[[], str]) -> None:
        """`every`: seconds of a round. `new_episode` names what begins now."""
        self.query = query
        self.name = f"query/{query.name}"
        self.strangers = 0
        """Elements of the last answer that name no host of the inventory, or none at all."""
        self.named: frozenset[str] = frozenset()
        """Hosts of the inventory that the last answer named, for however short a time."""
        self._ask = ask
        self._gap = GAP * every
        self._new_episode = new_episode
        self._since: dict[str, tuple[float, str]] = {}
        """By host that every answer has named: since when, and the episode."""
        self._answered = float("-inf")

    async def look(self, hosts: Collection[str], now: float) -> Sequence[Seen]:
        """See `Watch`."""
        found = read_answer(await self._ask(self.query), self.query.label)
        named = self.named = found.hosts & set(hosts)
        self.strangers = found.nameless + len(found.hosts - named)
        doubt(len(named), len(hosts), f"the query {self.query.name}")
        return self._judge(named, now)

    def _judge(self, named: Collection[str], now: float) -> list[Seen]:
        if now - self._answered > self._gap:
            self._since.clear()
        self._answered = now
        over = [
            Seen(host=h, symptom=Symptom.CLEAR, episode=e)
            for h, (_, e) in self._since.items()
            if h not in named
        ]
        self._since = {host: self._since.get(host) or (now, self._new_episode()) for host in sorted(named)}
        return over + [
            Seen(host=host, symptom=Symptom.DOWN, episode=episode)
            for host, (since, episode) in self._since.items()
            if now - since >= self.query.lasts
        ]
