"""What `kasugai whatif` reads: the inventory and the log from Kafka, devices from power.yaml, the rest from Nova.

Everything is read once; what it means is the core's business.
"""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from kasugai.adapters.inventory import Inventory
from kasugai.adapters.kafka.inventory_reader import InventoryReader
from kasugai.adapters.nova import BadCloud
from kasugai.adapters.nova.survey import NovaSurvey
from kasugai.adapters.nova.surveying import survey
from kasugai.adapters.power import BadDevices
from kasugai.adapters.power.devices_file import STORAGE
from kasugai.adapters.power.opening import described
from kasugai.adapters.settings import PowerSettings, Settings
from kasugai.cli.exits import Misused, SaidNo
from kasugai.cli.recorded import replay
from kasugai.cli.terminal import talk
from kasugai.core.recovering.described import Described
from kasugai.core.recovering.nova_views import AggregateView, ServiceView
from kasugai.core.telling.host_states import disarmed_by, host_states, reserve_uses
from kasugai.core.telling.incident_views import Seen
from kasugai.core.telling.stops import stops
from kasugai.core.words.capacity import Snapshot
from kasugai.core.words.inventory import HostRecord


@dataclass(slots=True, kw_only=True)
class Site:
    """A deployment and its cloud."""

    settings: Settings
    cloud: NovaSurvey
    described: Described
    computes: Mapping[str, ServiceView]
    aggregates: Sequence[AggregateView]

    def known(self, hosts: Sequence[str]) -> Sequence[str]:
        """Return the hosts; SaidNo where Nova knows one of them not."""
        for host in hosts:
            if host not in self.computes:
                near = sorted(name for name in self.computes if name.lower().startswith(host.lower()))[:3]
                hint = f"did you mean {', '.join(near)}?" if near else "openstack compute service list"
                raise SaidNo(f"Nova knows no compute host {host}: {hint}")
        return hosts

    def hosts_called(self, word: str) -> Sequence[str]:
        """Return the hosts of a failure domain, an aggregate or a zone, and say which of them Nova does not know.
        SaidNo where nothing is called so, or Nova knows none of its hosts."""
        known_places = places(self.described.hosts.values(), self.aggregates, self.computes.values())
        found = next((hosts for names, hosts in known_places if word in names), None)
        if found is None:
            known = sorted({min(names, key=len) for names, _ in known_places})
            raise SaidNo(
                f"no failure domain, aggregate or zone is called {word}; there are: {', '.join(known[:20])}"
            )
        if strangers := sorted(found - self.computes.keys()):
            talk(
                f"Nova knows no compute host {', '.join(strangers[:20])}: passed over (openstack compute service list)"
            )
        if not found & self.computes.keys():
            raise SaidNo(f"Nova knows none of the {len(found)} hosts of {word}: kasugai segment show")
        return sorted(found & self.computes.keys())

    def segments_called(self, words: Sequence[str]) -> Sequence[str]:
        """Return the ids of segments by name or id (all, where no word is given); SaidNo for one that is not there."""
        segments = sorted(self.described.segments.values(), key=lambda segment: segment.name)
        for word in words:
            if not any(word in (each.name, each.segment_id) for each in segments):
                raise SaidNo(f"the inventory does not know the segment {word}: kasugai segment list")
        return [s.segment_id for s in segments if not words or {s.name, s.segment_id} & set(words)]

    async def snapshot(self, hosts: Collection[str] | None) -> Snapshot:
        """Return what there is of these hosts' guests (None: all), and who could take them. CloudAway, CloudRefused."""
        return await survey(self.cloud, self.described, self.settings.worker.timing, hosts)


Place = tuple[frozenset[str], frozenset[str]]
"""What a place is called, and its hosts."""


def places(
    records: Iterable[HostRecord], aggregates: Iterable[AggregateView], computes: Iterable[ServiceView]
) -> list[Place]:
    """Return failure domains, then aggregates, then zones."""
    domains: dict[tuple[str, str], set[str]] = {}
    zones: dict[str, set[str]] = {}
    for record in records:
        for each in record.domains:
            domains.setdefault((each.title, each.name), set()).add(record.name)
    for view in computes:
        zones.setdefault(view.zone, set()).add(view.host)
    return [
        *((frozenset(names), frozenset(hosts)) for names, hosts in sorted(domains.items())),
        *((frozenset({each.name}), each.hosts) for each in aggregates),
        *((frozenset({zone}), frozenset(hosts)) for zone, hosts in sorted(zones.items())),
    ]


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Site]:
    """Read Kafka and power.yaml, log in to Nova, and close it at the block's end. LogAway, CloudAway, Misused."""
    async with InventoryReader(settings.kafka, "kasugai-cli-inventory") as reader:
        inventory = reader.inventory
    seen = await replay(settings.kafka)
    try:
        known = described_by(inventory, seen, devices(settings.power))
        cloud = NovaSurvey(settings.nova, client=settings.worker.timing.client / 1000)
    except (BadCloud, BadDevices) as error:
        raise Misused(str(error)) from error
    try:
        services = await cloud.services()
        yield Site(
            settings=settings,
            cloud=cloud,
            described=known,
            computes={view.host: view for view in services.computes},
            aggregates=await cloud.aggregates(),
        )
    finally:
        await cloud.close()


def devices(settings: PowerSettings) -> dict[str, bool]:
    """Return by host whether one of its devices is more than storage. BadDevices."""
    found = described(settings)
    return {host: any(each.agent != STORAGE for each in them) for host, them in found.items() if them}


def described_by(inventory: Inventory, seen: Sequence[Seen], devices: Mapping[str, bool]) -> Described:
    """Return what descriptions and the log say of segments and hosts."""
    hosts = {host.name: host for host in inventory.hosts()}
    states = {place[1]: str(state.word) for place, state in host_states(seen).items()}
    aside = {host.name: "maintenance" for host in hosts.values() if host.on_maintenance}
    stopped = {segment: "planned-stop" for segment, stop in stops(seen).items() if stop.over is None}
    return Described(
        segments={segment.segment_id: segment for segment in inventory.segments()},
        hosts=hosts,
        devices=devices,
        waits=dict.fromkeys(disarmed_by(seen), "disarmed") | stopped,
        avoid=aside | states,
        taken=_taken(hosts, seen),
    )


def _taken(hosts: Mapping[str, HostRecord], seen: Sequence[Seen]) -> frozenset[str]:
    """Return the reserves that an incident has, or that were put to use since they were described."""
    uses = ((hosts[name], use) for name, use in reserve_uses(seen).items() if name in hosts)
    return frozenset(
        host.name for host, use in uses if use.at > max(host.created_at, host.updated_at) or not use.is_spent
    )
