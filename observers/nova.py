"""Nova as a witness: one question for the records of all hosts in each round, judged by `services`."""

from collections.abc import Collection, Sequence
from typing import Protocol

from kasugai.core.recovering.doors import CloudAway, CloudRefused
from kasugai.core.recovering.nova_views import ServicesView
from kasugai.core.words.signals import Source
from kasugai.observers.seen import NoOpinion, Seen
from kasugai.observers.services import Records


class Services(Protocol):
    """Who tells Nova's service records (`adapters.nova.NovaCloud`)."""

    async def services(self) -> ServicesView:
        """Return the records of all compute services; CloudAway, CloudRefused."""
        ...


class NovaWatch:
    """Nova's service records."""

    name = "os-services"
    source = Source.NOVA

    def __init__(self, cloud: Services, *, stale: float) -> None:
        """`stale`: seconds without a report after which a nova-compute is down."""
        self._cloud = cloud
        self._records = Records(stale)

    async def look(self, hosts: Collection[str], now: float) -> Sequence[Seen]:
        """See `Watch`."""
        try:
            found = await self._cloud.services()
        except (CloudAway, CloudRefused) as error:
            raise NoOpinion(f"Nova does not tell its services: {error}") from None
        return self._records.judge(found, hosts)
