"""Hosts die and nobody vouches for them: two witnesses confirm, a BMC fences, and only then guests are evacuated.

Real Kafka and Redis, the real processes, a simulated Nova over HTTP, ClusterLabs' agents, a Redfish service and an IPMI
BMC whose power is that of the simulated hosts. All three stories go on at once; the processes are started once.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack
from uuid import uuid4

import pytest

from kasugai.adapters.kafka.producer import Producer
from kasugai.core.telling.incident_views import IncidentView
from kasugai.core.words.facts import Fact, FactKind
from kasugai.core.words.incident import Phase
from kasugai.core.words.signals import Source, fault
from kasugai.core.words.verdicts import Reason
from kasugai.schemas.topics import PEERS
from kasugai.sim.cloud import SimCloud
from tests.support import agents
from tests.support.bmcs import PASSWORD, IpmiBmc, RedfishBmc, power_yaml
from tests.support.kafka import KafkaServer
from tests.support.pipeline import Pipeline, Town
from tests.support.redis import RedisServer
from tests.support.supervisor import COMMANDS
from tests.support.told import progress

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

REDFISH, IPMI, REFUSING = "redfish.cmp1", "ipmi.cmp1", "refusing.cmp1"
FAILING = (REDFISH, IPMI, REFUSING)
PATIENT = {"FENCE": "30000", "POWER_FRESH": "30000", "DECISION_TTL": "20000"}
"""Agents are programs of their own: on a busy machine each takes longer than the test profile allows a fence."""
WITHIN = 90.0


class Fenced(Pipeline):
    """A deployment whose failing hosts have BMCs."""

    def _build(self, cloud: SimCloud) -> None:
        super()._build(cloud)
        for host in self.town.failing:
            cloud.world.host(host).device.is_configured = True

    def _start(self) -> None:
        url = self.cloud.door.url
        redfish, ipmi = RedfishBmc(self._folder, url, [REDFISH, REFUSING]), IpmiBmc(self._folder, url, IPMI)
        self._bmcs = ExitStack()
        self._bmcs.enter_context(redfish)
        self._bmcs.enter_context(ipmi)
        devices = {REDFISH: redfish.device(REDFISH), IPMI: ipmi.device(), REFUSING: redfish.device(REFUSING)}
        power_yaml(self._folder, {host: [device] for host, device in devices.items()})
        super()._start()

    def __exit__(self, *reason: object) -> None:
        """End everything that was started here."""
        super().__exit__(*reason)
        self._bmcs.close()

    def hang(self, host: str) -> None:
        """The host stands still, with its power on; a person and a peer say that it is down."""
        self.cloud.do(lambda cloud: cloud.hosts.hang(host))
        self.report(host, fenced=False)
        asyncio.run(self._witness(host))

    async def _witness(self, host: str) -> None:
        seen = fault(
            host=host,
            observer="host/neighbour",
            source=Source.PEER,
            episode=uuid4().hex,
            observed_at=int(time.time() * 1000),
        )
        self.published.append(seen)
        async with Producer(self.settings.kafka, "test-peer") as producer:
            await producer.publish_all([agents.said(PEERS, seen)])

    def idle(self) -> list[str]:
        """Return the processes that are not at work yet."""
        return [name for name in COMMANDS if not self.processes.is_at_work(name)]

    def incident(self, host: str) -> IncidentView | None:
        """Return the host's incident, if there is one."""
        return next((view for view in self.incidents() if view.host == host), None)

    def ends_as(self, host: str, phase: Phase) -> IncidentView:
        """Wait until the host's incident is in that phase."""

        def so() -> bool:
            view = self.incident(host)
            return view is not None and view.phase is phase and (view.is_told or phase is Phase.HELD)

        self.processes.until(so, WITHIN, lambda: progress(self.incidents()))
        found = self.incident(host)
        assert found is not None
        return found

    def fences(self, host: str) -> int:
        """Return how often the host's BMC was told to switch it off, by the laboratory's own list."""
        return self.cloud.do(
            lambda cloud: sum(r.action == "fence" and r.subject == host for r in cloud.wire.requests)
        )

    def is_on(self, host: str) -> bool:
        """Return whether the host has power."""
        return self.cloud.do(lambda cloud: cloud.world.host(host).power_on)

    def facts(self, host: str) -> list[Fact]:
        """Return what the workers have said of the host."""
        values = (seen.value for seen in list(self.told.seen))
        return [value for value in values if isinstance(value, Fact) and value.host == host]


@pytest.fixture(scope="module")
def site(redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fenced]:
    """Start everything, and let three hosts fail."""
    racks = {host.partition(".")[0]: [host, host.replace("cmp1", "cmp2")] for host in FAILING}
    town = Town(racks=racks, failing=FAILING, guests=3, spawn=0.5)
    folder = tmp_path_factory.mktemp("fenced")
    kafka = KafkaServer().start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OS_POWER__DEVICES_FILE", str(folder / "power.yaml"))
        for name, value in PATIENT.items():
            patch.setenv(f"OS_WORKER__{name}", value)
        try:
            with Fenced(kafka, redis_server, folder, town, config=agents.section(folder)) as site:
                site.processes.until(lambda: not site.idle(), 60, site.idle)
                site.cloud.do(lambda cloud: cloud.power.refuse_fencing(REFUSING))
                for host in FAILING:
                    site.hang(host)
                yield site
        finally:
            kafka.stop()


@pytest.mark.parametrize("host", [REDFISH, IPMI])
def test_a_host_that_hangs_is_switched_off_before_its_guests_come_back(site: Fenced, host: str) -> None:
    site.ends_as(host, Phase.RECOVERED)
    assert not site.is_on(host)
    assert site.fences(host) == 1
    guests = {uuid for uuid, guest in site.before.items() if guest.host == host}
    assert len(guests) == 3
    calls, records, after = site.calls(), site.migrations(), site.standing()
    for uuid in guests:
        assert calls[uuid] == 1 and records[uuid] == ["done"]
        assert after[uuid].host in site.living_hosts() - {host}
        assert after[uuid].vm_state == site.before[uuid].vm_state
    assert site.ran_twice() == set()
    began = [
        fact.step.key.partition(":")[0]
        for fact in site.facts(host)
        if fact.kind is FactKind.STARTED and fact.step
    ]
    assert began[:2] == ["fence", "force-down"] and set(began[2:]) == {"evacuate"}


def test_a_refused_fence_holds_and_nothing_is_evacuated(site: Fenced) -> None:
    site.ends_as(REFUSING, Phase.HELD)
    held = next(fact for fact in site.facts(REFUSING) if fact.kind is FactKind.HELD)
    assert held.reason == Reason.FENCE_REFUSED
    assert held.detail.startswith("fence_redfish at 127.0.0.1: ")
    assert site.fences(REFUSING) >= 1
    assert site.is_on(REFUSING)
    for uuid, guest in site.before.items():
        if guest.host == REFUSING:
            assert site.calls()[uuid] == 0 and site.standing()[uuid].runs_on == guest.runs_on
    assert {fact.step.key.partition(":")[0] for fact in site.facts(REFUSING) if fact.step} == {"fence"}


def test_no_secret_is_in_a_log_or_on_a_topic(site: Fenced) -> None:
    site.ends_as(REDFISH, Phase.RECOVERED)
    site.ends_as(REFUSING, Phase.HELD)
    workers = "".join(site.processes.log(name) for name in COMMANDS)
    assert "by fence_redfish at 127.0.0.1" in workers
    assert PASSWORD not in workers
    assert PASSWORD not in repr(site.told.seen)
