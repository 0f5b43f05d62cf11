"""ClusterLabs' agents against a Redfish service and an IPMI BMC whose power is that of a simulated cloud's host.

What must hold of every device: it reads, switches off, says no with a reason, and tells no secret.
"""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from kasugai.adapters.power import DeviceTrouble, FenceAgent, devices
from kasugai.adapters.settings import PowerSettings
from kasugai.core.recovering.look import PowerState
from kasugai.sim.child import free_port
from kasugai.sim.cloud import QUICK, SimCloud
from kasugai.sim.http import CloudThread
from tests.support.bmcs import PASSWORD, IpmiBmc, RedfishBmc, power_yaml

pytestmark = [pytest.mark.integration, pytest.mark.timeout(90)]

KINDS = ("redfish", "ipmi")


@dataclass
class Rack:
    """Two hosts, their BMCs, and a host whose BMC's port nobody listens on."""

    cloud: CloudThread
    folder: Path
    redfish: RedfishBmc
    ipmi: IpmiBmc

    def device(self, kind: str, **parameters: str) -> FenceAgent:
        """Return the one device of the host of that kind."""
        written = (
            self.redfish.device("redfish", **parameters)
            if kind == "redfish"
            else self.ipmi.device(**parameters)
        )
        file = power_yaml(self.folder, {kind: [written]})
        (device,) = devices(PowerSettings(devices_file=str(file), read_timeout=30_000), 60)[kind]
        return device

    def is_on(self, host: str) -> bool:
        return self.cloud.do(lambda cloud: cloud.world.host(host).power_on)


@pytest.fixture(scope="module")
def rack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rack]:
    """Start all once."""

    def build(cloud: SimCloud) -> None:
        for host in KINDS:
            cloud.add_host(host)

    folder = tmp_path_factory.mktemp("bmc")
    with ExitStack() as stack:
        cloud = stack.enter_context(CloudThread(build, pace=QUICK))
        redfish = stack.enter_context(RedfishBmc(folder, cloud.door.url, ["redfish"]))
        ipmi = stack.enter_context(IpmiBmc(folder, cloud.door.url, "ipmi"))
        yield Rack(cloud, folder, redfish, ipmi)


def trouble(device: FenceAgent, call: str) -> str:
    """Return why the call failed."""
    with pytest.raises(DeviceTrouble) as caught:
        asyncio.run(getattr(device, call)())
    assert PASSWORD not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_a_device_reads_says_no_and_switches(rack: Rack, kind: str) -> None:
    device = rack.device(kind)
    assert asyncio.run(device.status()) is PowerState.ON

    rack.cloud.do(lambda cloud: cloud.power.refuse_fencing(kind))
    assert trouble(device, "off")
    assert rack.is_on(kind)

    rack.cloud.do(lambda cloud: cloud.power.refuse_fencing(kind, False))
    asyncio.run(device.off())
    assert asyncio.run(device.status()) is PowerState.OFF
    assert not rack.is_on(kind)
    asyncio.run(device.off())

    rack.cloud.do(lambda cloud: cloud.power.cut_bmc(kind))
    assert trouble(device, "status")
    rack.cloud.do(lambda cloud: cloud.power.cut_bmc(kind, False))


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_password_is_no_answer(rack: Rack, kind: str) -> None:
    assert trouble(rack.device(kind, password="wr0ng-one"), "status")


@pytest.mark.parametrize("kind", KINDS)
def test_a_verbose_agent_tells_no_secret(rack: Rack, kind: str) -> None:
    device = rack.device(kind, password="wr0ng-one")
    loud = replace(device, parameters={**device.parameters, "verbose": "1"})
    said = trouble(loud, "status")
    assert "wr0ng-one" not in said


def test_a_redfish_certificate_that_nobody_vouches_for_is_refused(rack: Rack) -> None:
    trusting = rack.device("redfish")
    kept = {name: value for name, value in trusting.parameters.items() if name != "ssl_insecure"}
    strict = replace(trusting, parameters={**kept, "ssl_secure": "1"})
    assert "certificate" in trouble(strict, "status").lower()


@pytest.mark.parametrize("kind", KINDS)
def test_a_bmc_that_is_not_there_is_unreadable(rack: Rack, kind: str) -> None:
    gone = rack.device(kind, ipport=str(free_port()))
    assert trouble(replace(gone, read_timeout=3.0), "status")
