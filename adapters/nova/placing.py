"""What a guest needs in Placement's words, and who has it: between a flavor of Nova's and allocation candidates.

As nova.scheduler.utils.resources_from_request_spec has it (nova 34): vCPUs (PCPU where they are dedicated), memory, the
disks that its host keeps, and what extra specs change (`resources:CLASS=N`, `trait:NAME=required|forbidden`).
"""

from collections.abc import Mapping
from functools import lru_cache
from sys import intern
from typing import Any

from kasugai.core.recovering.nova_views import Needs, OffersView

MIB_PER_GIB = 1024
DEDICATED = "dedicated"


def needs_of(flavor: Mapping[str, Any], *, boots_from_volume: bool) -> Needs | None:
    """Return what a guest of the flavor needs; None where the flavor does not say (below microversion 2.47), or asks
    for no memory, as one for a whole machine does: then no answer of Placement's tells who has room."""
    if not {"vcpus", "ram", "disk"} <= flavor.keys():
        return None
    specs = tuple((str(name), str(value)) for name, value in (flavor.get("extra_specs") or {}).items())
    root = 0 if boots_from_volume else flavor["disk"]
    return _needs(
        flavor["vcpus"], flavor["ram"], root, flavor.get("ephemeral") or 0, flavor.get("swap") or 0, specs
    )


@lru_cache(maxsize=1024)
def _needs(
    vcpus: Any, ram: Any, root: Any, ephemeral: Any, swap: Any, named: tuple[tuple[str, str], ...]
) -> Needs | None:
    """Computed once for a flavor: a host's list repeats the same few hundreds of times, look after look."""
    specs = dict(named)
    cpus = "PCPU" if specs.get("hw:cpu_policy") == DEDICATED else "VCPU"
    wanted = {
        cpus: int(vcpus),
        "MEMORY_MB": int(ram),
        "DISK_GB": int(root) + int(ephemeral) - (-int(swap) // MIB_PER_GIB),
    }
    wanted |= _told(specs)
    if not wanted["MEMORY_MB"]:
        return None
    return Needs(
        resources=tuple(sorted((name, count) for name, count in wanted.items() if count > 0)),
        traits=_traits(specs),
    )


def _told(specs: Mapping[str, str]) -> dict[str, int]:
    named = ((name.partition("resources:"), value) for name, value in specs.items())
    return {
        after: int(value)
        for (before, found, after), value in named
        if found and not before and value.isdigit()
    }


def _traits(specs: Mapping[str, str]) -> tuple[str, ...]:
    signs = {"required": "", "forbidden": "!"}
    named = ((name.partition("trait:"), value) for name, value in specs.items())
    return tuple(
        sorted(
            signs[value] + after
            for (before, found, after), value in named
            if found and not before and value in signs
        )
    )


def query(needs: Needs, limit: int | None = 1000) -> dict[str, str]:
    """Return the parameters of GET /allocation_candidates; all are asked for where there is no limit."""
    asked = {"resources": ",".join(f"{name}:{count}" for name, count in needs.resources)}
    asked |= {"limit": str(limit)} if limit is not None else {}
    return asked | ({"required": ",".join(needs.traits)} if needs.traits else {})


def room(answer: Mapping[str, Any]) -> dict[str, int]:
    """Return how many such guests each hypervisor (by its provider's id) could take: what it has itself, and of storage
    that it shares one at a time, for others take from that too."""
    summaries: Mapping[str, Any] = answer["provider_summaries"]
    found: dict[str, int] = {}
    for request in answer["allocation_requests"]:
        parts: Mapping[str, Any] = request["allocations"]
        roots = {summaries[provider]["root_provider_uuid"] for provider in parts}
        owner = next((root for root in roots if _has_memory(summaries, parts, root)), None)
        if owner is not None:
            found[owner] = max(found.get(owner, 0), 1, _count(summaries, parts))
    return found


def offers(answer: Mapping[str, Any], hosts: Mapping[str, str]) -> OffersView:
    """Return which hosts could take such a guest, in how many ways, and what is free of all that it would take.
    `hosts`: by the id of a hypervisor's provider; one that is not in there is passed over."""
    summaries: Mapping[str, Any] = answer["provider_summaries"]
    ways: dict[str, list[tuple[tuple[str, str, int], ...]]] = {}
    free: dict[tuple[str, str], int] = {}
    barred: dict[str, str] = {}
    for request in answer["allocation_requests"]:
        parts: Mapping[str, Any] = request["allocations"]
        roots = {summaries[provider]["root_provider_uuid"] for provider in parts}
        owner = next((root for root in roots if _has_memory(summaries, parts, root)), "")
        if owner not in hosts:
            continue
        way = _way(parts)
        ways.setdefault(hosts[owner], []).append(way)
        free |= {(provider, name): _left(summaries, provider, name) for provider, name, _ in way}
        if DISABLED in (summaries[owner].get("traits") or ()):
            barred[hosts[owner]] = "disabled-in-placement"
    return OffersView(
        ways={host: tuple(found) for host, found in ways.items()}, free=free, barred=tuple(barred.items())
    )


DISABLED = "COMPUTE_STATUS_DISABLED"
"""The trait by which Nova's scheduler leaves a host out; it may stand for a minute after the host was enabled."""


def _way(parts: Mapping[str, Any]) -> tuple[tuple[str, str, int], ...]:
    return tuple(
        (provider, intern(name), int(count))
        for provider, part in sorted(parts.items())
        for name, count in sorted(part["resources"].items())
    )


def _left(summaries: Mapping[str, Any], provider: str, name: str) -> int:
    have = summaries[provider]["resources"][name]
    return int(have["capacity"]) - int(have["used"])


def _has_memory(summaries: Mapping[str, Any], parts: Mapping[str, Any], root: str) -> bool:
    """Whether the guest would run there: storage that is shared is a provider of its own."""
    return any(
        summaries[provider]["root_provider_uuid"] == root and "MEMORY_MB" in part["resources"]
        for provider, part in parts.items()
    )


def _count(summaries: Mapping[str, Any], parts: Mapping[str, Any]) -> int:
    left = (
        (summaries[provider]["resources"][name], count)
        for provider, part in parts.items()
        for name, count in part["resources"].items()
    )
    return min((int(have["capacity"]) - int(have["used"])) // int(count) for have, count in left)
