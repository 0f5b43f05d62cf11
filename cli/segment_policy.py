"""What a segment's policy does with its hosts and guests, in a line each: what `kasugai segment show` prints."""

from collections.abc import Mapping

from kasugai.cli.tables import age
from kasugai.core.words.disks import RootDisks
from kasugai.core.words.policy import (
    Degraded,
    DegradedCold,
    Exhausted,
    Fencing,
    HostReturn,
    LocalGuests,
    Policy,
    ProcessAction,
)
from kasugai.core.words.subject import INCIDENT_KINDS


def in_words(policy: Policy, own_disks: str) -> Mapping[str, str]:
    """Return a line for each part of the policy, by its head; `own_disks`: what single hosts say otherwise."""
    return {
        "method": str(policy.method),
        "storm": _storm(policy),
        "fence": _fence(policy),
        "disks": _disks(policy) + own_disks,
        "guests": _guests(policy),
        "process": _processes(policy),
        "return": _RETURNS[policy.host_return],
        "drain": _degraded(policy),
        **_steps(policy),
    }


def _storm(policy: Policy) -> str:
    """Say from when on so many unhealthy hosts are too many, of the segment and of a failure domain."""
    told = [f"from {policy.max_unhealthy} % unhealthy hosts on"]
    if policy.domain_as_one:
        told.append(f"a whole {' or '.join(policy.domain_as_one)} counts as one")
    if policy.domain_trip:
        told.append(
            f"from {policy.domain_trip} % of a failure domain on: held up to {policy.domain_small} hosts, larger ones "
            f"{policy.domain_cap} at a time and {policy.domain_rate} within ten minutes"
        )
    return "; ".join(told)


def _fence(policy: Policy) -> str:
    """Say what proves here that a host is off."""
    word = "a trusted sender's word, " if policy.trust_assertions else ""
    proofs = f"power device, {word}or a person's (kasugai incident approve --limit fence)"
    if policy.fence is Fencing.REQUIRED:
        return proofs
    return (
        f"NONE where nothing else proves it: {policy.unfenced_wait // 1000} s of silence are enough; {proofs}"
    )


def _disks(policy: Policy) -> str:
    """Say what becomes of guests with an image or an ephemeral disk."""
    match policy.root_disks:
        case RootDisks.SHARED:
            return "shared: every guest may move"
        case RootDisks.UNSAID:
            return "unknown: guests with an image are moved as if they were shared; say root-disks: shared | local"
        case RootDisks.LOCAL if policy.local_guests is LocalGuests.LEAVE:
            return "local: guests with an image wait for their host"
        case _:
            minutes = policy.local_wait // 60_000
            return f"local: guests with an image are rebuilt after {minutes} min, without their data"


def _guests(policy: Policy) -> str:
    """Say which guests that fail by themselves are restarted, and how often."""
    who = "all are restarted" if policy.restart_all else f"restarted if marked {policy.ha_key}"
    often = "once" if policy.restart_budget == 1 else f"{policy.restart_budget} times"
    then = "held" if policy.restart_then is Exhausted.HOLD else "moved to another host, once"
    return f"{who}, {often} in {age(policy.restart_window)}, then {then}"


def _processes(policy: Policy) -> str:
    """Say what becomes of a host of which a process fails."""
    words = {
        name: policy.process_action(name) for name in (*policy.process_evacuate, *policy.process_disable)
    }
    told = [f"{name}: {_ACTIONS[action]}" for name, action in words.items()]
    others = "others" if told else "all"
    return "; ".join([*told, f"{others}: noted; none for {age(policy.process_quiet)} after a boot"])


def _degraded(policy: Policy) -> str:
    """Say what becomes of hosts whose hardware is called degraded."""
    if policy.degraded is Degraded.NOTE:
        return "no host: that its hardware is degraded is noted"
    hosts = "one degraded host" if policy.degraded_hosts == 1 else f"{policy.degraded_hosts} degraded hosts"
    off = ", then those that are stopped cold" if policy.degraded_cold is DegradedCold.STOPPED else ""
    return f"{hosts} at a time: no new guests, those that run are migrated live{off}"


_ACTIONS = {
    ProcessAction.DISABLE: "no new guests until it runs again",
    ProcessAction.EVACUATE: "the host is fenced and evacuated",
}


def _steps(policy: Policy) -> dict[str, str]:
    """Name the steps of the operator's own, by the kind of subject; nothing where there are none."""
    named = [
        f"{kind} {when} all others: {', '.join(names)}"
        for kind in INCIDENT_KINDS
        for when in ("before", "after")
        if (names := getattr(policy, f"{kind}_{when}"))
    ]
    return {"steps": "; ".join(named)} if named else {}


_RETURNS = {
    HostReturn.POWER_ON: "a recovered host is switched on and comes back by itself",
    HostReturn.WAIT: "a recovered host that is switched on comes back by itself",
    HostReturn.BY_HAND: "by hand: a recovered host stays out until a person lifts and enables it",
}
