"""From Placement's answers to stocks and offers: each provider's room once, however many answers tell of it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from kasugai.core.recovering.nova_views import Needs, OffersView
from kasugai.core.words.capacity import Offer, Size, Stock

StockName = tuple[str, str]
"""A provider's id and a resource class."""


def stocks_of(
    offers: Mapping[Needs, OffersView | str],
) -> tuple[tuple[Stock, ...], Mapping[StockName, int]]:
    """Return what all answers tell of stocks, and the number of each. Answers are a moment apart: the least counts."""
    free: dict[StockName, int] = {}
    users: dict[str, set[str]] = defaultdict(set)
    for view in offers.values():
        if isinstance(view, OffersView):
            for name, left in view.free.items():
                free[name] = min(left, free.get(name, left))
            for host, ways in view.ways.items():
                for provider, _, _ in (part for way in ways for part in way):
                    users[provider].add(host)
    numbered = {name: number for number, name in enumerate(free)}
    stocks = (
        Stock(resource=resource, free=left, hosts=max(1, len(users[provider])))
        for (provider, resource), left in free.items()
    )
    return tuple(stocks), numbered


def size_of(needs: Needs, told: OffersView | str, numbered: Mapping[StockName, int]) -> Size:
    if isinstance(told, str):
        return Size(resources=needs.resources, traits=needs.traits, why=told)
    made = _Offers(numbered)
    offers = {host: made.of(ways) for host, ways in told.ways.items()}
    return Size(resources=needs.resources, traits=needs.traits, offers=offers)


Way = tuple[tuple[str, str, int], ...]
"""How a host takes a guest: provider, resource class and amount of each part."""


class _Offers:
    """Makes offers; amounts are the same for most hosts, and are kept once."""

    def __init__(self, numbered: Mapping[StockName, int]) -> None:
        self._numbered = numbered
        self._amounts: dict[tuple[int, ...], tuple[int, ...]] = {}

    def of(self, ways: Sequence[Way]) -> tuple[Offer, ...]:
        return tuple(self._one(way) for way in ways)

    def _one(self, way: Way) -> Offer:
        amounts = tuple(amount for _, _, amount in way)
        places = tuple(self._numbered[provider, resource] for provider, resource, _ in way)
        return Offer(places, self._amounts.setdefault(amounts, amounts))
