"""Which hosts Nova's filters treat alike: a guest that one of them has may be had by the others, as far as can be seen.

Zones and aggregates bind guests to hosts in ways that Nova's API tells in part: the zone that a guest was asked for is
not shown (below 2.96), nor which filters a deployment has. So hosts are of one kin where nothing that any filter of
Nova's reads differs. That is more than Nova asks for, never less.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from kasugai.core.recovering.nova_views import AggregateView, ServiceView
from kasugai.core.words.policy import Policy

SCOPE = "aggregate_instance_extra_specs:"
"""How a flavor's extra spec begins that is about its host's aggregates; one without any scope is too."""
BINDING = ("filter_tenant_id", "trait:", "hw_", "img_", "os_")
"""How words of aggregates begin by which Nova's filters keep guests away, or Placement's (nova 34.0.0,
scheduler/filters, scheduler/request_filter.py; the last three name properties of images)."""
BINDING_WORDS = frozenset(
    {"instance_type", "hypervisor_type", "max_instances_per_host", "max_io_ops_per_host"}
)
"""Whole ones."""


def binding_words(extra_specs: Mapping[str, str], policy: Policy) -> set[str]:
    """Return the words of aggregates that a flavor binds its guests to, if Nova is told to mind them. The marks of a
    policy are no such words."""
    ours = {policy.ha_key, policy.priority_key}
    names = (name.removeprefix(SCOPE) for name in extra_specs if ":" not in name or name.startswith(SCOPE))
    return {name for name in names if name not in ours}


def kin_of(
    services: Iterable[ServiceView], aggregates: Iterable[AggregateView], words: frozenset[str]
) -> Mapping[str, str]:
    """Return the kin of each host: its zone and the binding words of its aggregates. `words`: what flavors name."""
    found: dict[str, set[str]] = defaultdict(set)
    for each in aggregates:
        told = {f"{name}={value}" for name, value in each.metadata.items() if _binds(name, words)}
        for host in each.hosts if told else ():
            found[host] |= told
    return {view.host: ", ".join([view.zone, *sorted(found.get(view.host, ()))]) for view in services}


def _binds(name: str, words: frozenset[str]) -> bool:
    return name.startswith(BINDING) or name in BINDING_WORDS or name in words
