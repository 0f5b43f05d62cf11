"""Who looks at which kind of subject: the worker's table beside the core's procedures."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from kasugai.adapters.power.none import NoPower
from kasugai.core.words.hardware import is_hardware
from kasugai.core.words.subject import Kind, Subject
from kasugai.core.words.timing import Timing
from kasugai.workers.observe_guest import GuestObserver
from kasugai.workers.observe_host import HostObserver
from kasugai.workers.observe_process import ProcessObserver
from kasugai.workers.observing import Observer
from kasugai.workers.places import Leased
from kasugai.workers.ports import Cloud, Power, Storage
from kasugai.workers.shared_reads import SharedReads


@dataclass(frozen=True, slots=True, kw_only=True)
class Sights:
    """What observers look through; one for all owners of a pool."""

    cloud: Cloud
    power: Power
    storage: Storage
    timing: Timing
    shared: SharedReads
    leased: Leased


def _host(subject: Subject, through: Sights) -> Observer:
    return HostObserver(
        subject.host, through.cloud, through.power, through.timing, through.leased, through.storage
    )


def _guest(subject: Subject, through: Sights) -> Observer:
    return GuestObserver(subject, through.cloud, through.shared, through.leased)


def _process(subject: Subject, through: Sights) -> Observer:
    """The host of degraded hardware is looked at as a whole; nobody reads its power, for nobody may switch it off."""
    if is_hardware(subject):
        return HostObserver(subject.host, through.cloud, NoPower(), through.timing, through.leased)
    return ProcessObserver(subject, through.shared)


OBSERVERS: Mapping[Kind, Callable[[Subject, Sights], Observer]] = MappingProxyType(
    {Kind.HOST: _host, Kind.INSTANCE: _guest, Kind.PROCESS: _process}
)
"""By the kind of subject: as many as there are kinds of incidents."""

FENCED = frozenset({Kind.HOST})
"""The kinds whose recovery may switch a host off."""


def observer_of(subject: Subject, through: Sights) -> Observer:
    """Return whoever looks at the subject for one ownership."""
    return OBSERVERS[subject.kind](subject, through)
