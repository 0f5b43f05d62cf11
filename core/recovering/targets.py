"""Where a recovery may send its guests: Nova's scheduler, the reserves that correlate gave it, or both, by method.

It knows the four methods of Masakari (masakari.md 2.3) and what a look shows of other hosts; it gives out no reserve.
"""

from typing import assert_never

from kasugai.core.recovering.look import Look
from kasugai.core.recovering.nova_views import ServiceView
from kasugai.core.words.incident import Open
from kasugai.core.words.policy import Method
from kasugai.core.words.timing import Timing

SCHEDULER = ""
"""The target of a call that leaves the choice to Nova."""


def targets(order: Open) -> tuple[str, ...]:
    """Return where each guest may go, in the order in which it is tried."""
    match order.policy.method:
        case Method.AUTO:
            return (SCHEDULER,)
        case Method.RESERVED_HOST:
            return order.reserves
        case Method.AUTO_PRIORITY:
            return (SCHEDULER, *order.reserves)
        case Method.RH_PRIORITY:
            return (*order.reserves, SCHEDULER)
        case _:
            assert_never(order.policy.method)


def usable(order: Open, look: Look) -> frozenset[str]:
    """Return the other hosts that Nova may choose, as far as it was looked at. One whose name differs from the source's
    in case only is the source to it (nova 34.0.0, scheduler/host_manager.py, ignore_hosts)."""
    source, computes = order.host.lower(), look.computes or {}
    others = ((host, view) for host, view in computes.items() if host.lower() != source)
    return frozenset(host for host, view in others if view.is_enabled and is_living(view))


def doubtful(hosts: frozenset[str], look: Look, timing: Timing) -> frozenset[str]:
    """Return those of the usable hosts, of any segment, that may have failed, though correlate has not said so: a
    worker is at work on them, or they have not reported to Nova for longer than a living one would. Where none has,
    that is Nova's own silence, and says nothing of any of them."""
    computes = look.computes or {}
    silent = {host for host in hosts if computes[host].age * 1000 >= timing.stale_after}
    return (look.recovering & hosts) | (silent if silent < hosts else frozenset())


def has_capacity(order: Open, look: Look, timing: Timing) -> bool:
    """Whether any host could take a guest at all: one that Nova may choose and nobody suspects, or a living reserve. A
    list without the source's own record is none (a silent cell), and says nothing against it."""
    if order.host not in (look.computes or {}):
        return True
    return any(_can_take(order, target, look, timing) for target in targets(order))


def _can_take(order: Open, target: str, look: Look, timing: Timing) -> bool:
    if target != SCHEDULER:
        return is_living((look.computes or {}).get(target))
    hosts = usable(order, look)
    return bool(hosts - set(order.avoid) - doubtful(hosts, look, timing))


def is_living(view: ServiceView | None) -> bool:
    """Whether Nova shows the host's compute service, and as up."""
    return view is not None and view.is_up and not view.forced_down
