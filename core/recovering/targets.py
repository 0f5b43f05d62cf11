"""Where a recovery may send its guests: Nova's scheduler, the reserves that correlate gave it, or both, by method.

It knows the four methods of Masakari (masakari.md 2.3) and what a look shows of other hosts; it gives out no reserve.
"""

from collections.abc import Mapping
from typing import assert_never

from kasugai.core.recovering.look import ServiceView
from kasugai.core.words.incident import Open
from kasugai.core.words.policy import Method

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


def has_capacity(order: Open, computes: Mapping[str, ServiceView]) -> bool:
    """Whether any host could take a guest at all: one that Nova may choose and nobody suspects, or a living reserve. A
    list without the source's own record is none (a silent cell), and says nothing against it."""
    if order.host not in computes:
        return True
    return any(_can_take(order, target, computes) for target in targets(order))


def _can_take(order: Open, target: str, computes: Mapping[str, ServiceView]) -> bool:
    if target != SCHEDULER:
        return is_living(computes.get(target))
    others = (view for host, view in computes.items() if host not in (order.host, *order.avoid))
    return any(view.is_enabled and is_living(view) for view in others)


def is_living(view: ServiceView | None) -> bool:
    """Whether Nova shows the host's compute service, and as up."""
    return view is not None and view.is_up and not view.forced_down
