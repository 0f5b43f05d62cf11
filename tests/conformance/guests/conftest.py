"""What watching guests must make of what befalls them: one suite, on a scripted libvirt and on a real one with QEMU."""

from collections.abc import Iterator

import pytest

from tests.support.hypervisors import Hypervisor, RealHypervisor, ScriptedHypervisor
from tests.support.libvirt_server import LibvirtServer, libvirt_server

REAL = "real libvirt"


@pytest.fixture(scope="module")
def libvirt() -> Iterator[LibvirtServer]:
    """A libvirtd of its own for the cases of a file."""
    with libvirt_server() as server:
        yield server


@pytest.fixture(params=["scripted", pytest.param(REAL, marks=pytest.mark.integration)])
def hypervisor(request: pytest.FixtureRequest) -> Iterator[Hypervisor]:
    if request.param != REAL:
        yield ScriptedHypervisor()
        return
    server: LibvirtServer = request.getfixturevalue("libvirt")
    yield RealHypervisor(server)
    server.forget()
