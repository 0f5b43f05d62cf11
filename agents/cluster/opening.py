"""Makes the watch that options ask for."""

from collections.abc import Callable
from typing import assert_never

from kasugai.agents.cluster.looks.commands import Commands
from kasugai.agents.cluster.looks.corosync import CorosyncLook
from kasugai.agents.cluster.looks.pacemaker import PacemakerLook
from kasugai.agents.cluster.options import (
    ClusterOptions,
    ConsulOptions,
    CorosyncOptions,
    KubernetesOptions,
    PacemakerOptions,
)
from kasugai.agents.cluster.picture import Look
from kasugai.agents.cluster.watch import ClusterWatch
from kasugai.agents.ports import Voice


def open_watch(
    options: ClusterOptions, voice: Voice, *, host: str, clock: Callable[[], float]
) -> ClusterWatch:
    """Return the watch; OSError or ValueError says which of the options cannot be used. `host` is this host's own name,
    `clock` gives seconds that only grow."""
    return ClusterWatch(look_of(options, host), voice, host=host, pace=options.pace, clock=clock)


def look_of(options: ClusterOptions, host: str) -> Look:
    """Return the way to look at one cluster."""
    match options:
        case PacemakerOptions():
            return PacemakerLook(Commands(), options, host=host)
        case CorosyncOptions():
            return CorosyncLook(Commands(), host=host)
        case ConsulOptions() | KubernetesOptions():
            return _web_look(options, host)
        case _:
            assert_never(options)


def _web_look(options: ConsulOptions | KubernetesOptions, host: str) -> Look:
    """Imported late: HTTP weighs 4 MiB, and most hosts have Pacemaker."""
    from kasugai.agents.cluster.looks.consul import ConsulLook
    from kasugai.agents.cluster.looks.kubernetes import KubernetesLook
    from kasugai.agents.cluster.looks.web import Web

    web = Web(ca_file=options.ca_file)
    if isinstance(options, ConsulOptions):
        return ConsulLook(web, options, host=host)
    return KubernetesLook(web, options, host=host)
