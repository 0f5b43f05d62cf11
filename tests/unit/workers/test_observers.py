"""Who looks at what: a host of degraded hardware is looked at as a whole, and nobody may switch it off."""

from typing import Any, cast

from kasugai.core.recovering.advance import PROCEDURES
from kasugai.core.words.hardware import hardware_subject
from kasugai.core.words.subject import process_subject
from kasugai.core.words.timing import PRODUCTION
from kasugai.workers.observe_host import HostObserver
from kasugai.workers.observe_process import ProcessObserver
from kasugai.workers.observers import OBSERVERS, Sights, observer_of


class Device:
    """A power device for every host."""

    def has(self, host: str) -> bool:
        return True


def sights() -> Sights:
    nothing = cast("Any", None)
    return Sights(
        cloud=nothing,
        power=cast("Any", Device()),
        storage=nothing,
        timing=PRODUCTION,
        shared=nothing,
        leased=nothing,
    )


def test_every_kind_that_is_recovered_is_looked_at() -> None:
    assert set(OBSERVERS) == set(PROCEDURES)


def test_hardware_is_looked_at_as_its_host_without_a_device() -> None:
    observer = observer_of(hardware_subject("cmp1"), sights())
    assert isinstance(observer, HostObserver) and not observer.has_device
    assert isinstance(observer_of(process_subject("cmp1", "nova-compute"), sights()), ProcessObserver)
