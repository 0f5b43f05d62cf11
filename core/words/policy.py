"""What an operator decides per segment: how much evidence is needed and what may be done.

A policy is part of the segment's inventory record and travels inside an incident, which finishes under the policy
that it was opened with.
"""

from dataclasses import dataclass
from enum import StrEnum

from kasugai.core.words.disks import RootDisks
from kasugai.core.words.hardware import HARDWARE
from kasugai.core.words.timing import Millis

AMPHORAE = f"amphora-{'-'.join('?' * n for n in (8, 4, 4, 4, 12))}"
"""How Octavia names its load balancers' servers: `amphora-` and a uuid."""


class Method(StrEnum):
    """Masakari's recovery methods."""

    AUTO = "auto"
    """Nova's scheduler chooses where each guest goes."""
    RESERVED_HOST = "reserved_host"
    """Guests go to a host kept empty for it."""
    AUTO_PRIORITY = "auto_priority"
    """AUTO, then RESERVED_HOST for what is left."""
    RH_PRIORITY = "rh_priority"
    """RESERVED_HOST, then AUTO for what is left."""


class Fencing(StrEnum):
    """What proves that a host is off before its guests move."""

    REQUIRED = "required"
    """Its power device, a trusted assertion, or a person who vouches."""
    NONE = "none"
    """Where there is none of these, silence for `unfenced_wait`: the operator's own risk, asked for by name."""


class LocalGuests(StrEnum):
    """What becomes of guests whose data lies on their dead host's own disks."""

    LEAVE = "leave"
    """They wait for their host."""
    REBUILD = "rebuild"
    """After `local_wait` they are rebuilt elsewhere, without what their disks held."""


class Exhausted(StrEnum):
    """What becomes of a guest that has used up its budget of restarts."""

    HOLD = "hold"
    """It is held until its budget grows again, or a person retries."""
    RELOCATE = "relocate"
    """It is moved to another host, once, and started there."""


class ProcessAction(StrEnum):
    """What becomes of a host of which a process has failed."""

    NOTE = "note"
    """Nothing but the record of it: restarting is the business of who watches the process."""
    DISABLE = "disable"
    """Nova sends no new guests there until the process runs again."""
    EVACUATE = "evacuate"
    """It is useless without the process: it is fenced and its guests are moved."""


class Degraded(StrEnum):
    """What becomes of a host whose hardware is said to be degraded, while it lives."""

    NOTE = "note"
    """Nothing but the record of it."""
    DRAIN = "drain"
    """Nova sends no new guests there, and guests that run are migrated live to other hosts; nobody is stopped."""

    @property
    def moves(self) -> bool:
        """Whether guests are moved away."""
        return self is not Degraded.NOTE


class DegradedCold(StrEnum):
    """Which guests that do not run are moved away from a host whose hardware is degraded."""

    NO = "no"
    """None: who is off loses nothing by waiting for an evacuation."""
    STOPPED = "stopped"
    """Those that are stopped: after the others, by a cold migration, which is confirmed. Nobody is stopped for it."""


class Disabled(StrEnum):
    """What becomes of a host that an operator had disabled in Nova before it failed."""

    NO = "no"
    """It is recovered like any other."""
    HOLD = "hold"
    """It is held: whoever disabled it may be at work on it."""


class HostReturn(StrEnum):
    """How a host that was recovered comes back into service."""

    POWER_ON = "power-on"
    """Its power device switches it on once its recovery is over; then as with `wait`."""
    WAIT = "wait"
    """Whoever repairs it switches it on; once it is back its service is enabled again."""
    BY_HAND = "by-hand"
    """A person does all of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A segment's policy with its documented defaults."""

    method: Method = Method.AUTO
    """How guests find a new host."""
    confirm_after: Millis = Millis(4_000)
    """How long two witnesses must agree before a host counts as dead."""
    confirm_observers: int = 2
    """How many witnesses of different kinds are needed."""
    trust_assertions: bool = True
    """Whether a report that says "fenced" confirms at once and counts as fenced, if its sender may assert it."""
    fence: Fencing = Fencing.REQUIRED
    """What proves that a host is off before its guests move."""
    unfenced_wait: Millis = Millis(180_000)
    """With `fence: none`: how long witnesses must agree and Nova's record stand still (Masakari waits as long)."""
    root_disks: RootDisks = RootDisks.UNSAID
    """Where the disks lie that compute hosts keep by themselves (guests with an image, ephemeral disks)."""
    local_guests: LocalGuests = LocalGuests.LEAVE
    """What becomes of guests whose data lies on their dead host's own disks."""
    local_wait: Millis = Millis(1_800_000)
    """With `local_guests: rebuild`: how long such guests wait for their host first."""
    dump_wait: Millis = Millis(0)
    """How long the fence waits at most for a host that writes its kernel's memory to disk (kdump); 0: not at all. Its
    guests wait as long."""
    settle_after_fence: Millis = Millis(0)
    """The pause between the fence and the first evacuation: for storage that holds the dead host's locks."""
    respect_disabled: Disabled = Disabled.NO
    """What becomes of a host that an operator had disabled in Nova before it failed."""
    max_unhealthy: int = 50
    """Percent of a segment's hosts from which on a failure is a storm."""
    domain_trip: int = 0
    """Percent of the hosts of a failure domain (rack, PDU, switch) from which on it is in a storm of its own; 0: no
    domain ever is."""
    domain_small: int = 20
    """With `domain_trip`: a domain of at most so many hosts stops in its storm until a person approves; a larger one
    slows down."""
    domain_cap: int = 1
    """Of a larger domain in a storm: so many of its hosts are recovered at a time."""
    domain_rate: int = 6
    """Of a larger domain in a storm: so many of its hosts' recoveries begin within ten minutes."""
    domain_as_one: tuple[str, ...] = ()
    """Kinds of failure domains (pdu) of which one counts as one host in `max_unhealthy` once all of its hosts have
    failed; not for what hosts survive, such as a switch."""
    evacuate_all: bool = True
    """Whether guests without the HA_Enabled mark are evacuated too (after the marked ones)."""
    ha_key: str = "HA_Enabled"
    """The metadata key that marks a guest as highly available."""
    priority_key: str = "HA_Priority"
    """What names a guest's priority, a whole number, higher first: a tag KEY=NUMBER, else metadata, else a property of
    its image (with `image_words`), else an extra spec, else an aggregate's metadata."""
    image_words: bool = False
    """Whether properties of images in Glance may mark guests and name their priority: one request for each image."""
    exclude_projects: tuple[str, ...] = ()
    """Ids of projects whose guests are left where they are."""
    exclude_names: tuple[str, ...] = (AMPHORAE,)
    """Patterns (`*`, `?`) of the names of guests that are left where they are: by default Octavia's amphorae, which
    Octavia itself replaces."""
    exclude_images: tuple[str, ...] = ()
    """Ids of images whose guests are left where they are."""
    exclude_image_tags: tuple[str, ...] = ()
    """Tags of images, as Glance has them, whose guests are left where they are (Octavia's amp_image_tag)."""
    exclude_flavors: tuple[str, ...] = ()
    """Names of flavors whose guests are left where they are."""
    exclude_tags: tuple[str, ...] = ()
    """Tags of guests that are left where they are."""
    exclude_project_tags: tuple[str, ...] = ()
    """Tags of projects, as Keystone has them, whose guests are left where they are."""
    add_reserve_to_aggregates: bool = False
    """Whether a reserve host joins the aggregates of the host that it stands in for."""
    ignore_error_guests: bool = False
    """Whether guests in vm_state error are left where they are."""
    attempts: int = 2
    """How many attempts an incident gets before it ends as failed (Masakari: two)."""
    window: int = 50
    """How many evacuations of one host may be in progress at a time at most; it begins with 8 and adapts."""
    disable_reason: str = "Kasugai: host failed."
    """The disabled_reason that is written to Nova's service record."""
    restart_all: bool = False
    """Whether failed guests without the HA_Enabled mark are restarted too (Masakari's process_all_instances)."""
    restart_budget: int = 3
    """How often a guest is restarted within `restart_window`."""
    restart_window: Millis = Millis(600_000)
    """How long a restart counts against the budget."""
    restart_then: Exhausted = Exhausted.HOLD
    """What becomes of a guest that has used up its budget."""
    process_disable: tuple[str, ...] = ("nova-compute",)
    """Names of processes without which a host gets no new guests (Masakari: nova-compute)."""
    process_evacuate: tuple[str, ...] = ()
    """Names of processes without which a host is useless: it is fenced and evacuated. They go before the others."""
    process_quiet: Millis = Millis(300_000)
    """How long after its host's boot nothing is concluded from a process that does not run."""
    host_return: HostReturn = HostReturn.WAIT
    """How a host that was recovered comes back into service."""
    degraded: Degraded = Degraded.NOTE
    """What becomes of a host whose hardware is said to be degraded."""
    degraded_cold: DegradedCold = DegradedCold.NO
    """With `degraded: drain`: which guests that do not run are moved too."""
    degraded_hosts: int = 1
    """So many hosts of the segment are drained, or stay drained, at a time; the others wait."""
    host_before: tuple[str, ...] = ()
    """Steps of the operator's own, by name, that are done before all others when a host is recovered."""
    host_after: tuple[str, ...] = ()
    """Such steps that are done after all others when a host is recovered."""
    instance_before: tuple[str, ...] = ()
    """Such steps that are done before all others when a guest is restarted."""
    instance_after: tuple[str, ...] = ()
    """Such steps that are done after all others when a guest is restarted."""
    process_before: tuple[str, ...] = ()
    """Such steps that are done before all others when a process has failed."""
    process_after: tuple[str, ...] = ()
    """Such steps that are done after all others when a process has failed."""

    def process_action(self, process: str) -> ProcessAction:
        """Return what becomes of a host of which that process has failed; its hardware never makes it useless."""
        if process == HARDWARE:
            return ProcessAction.DISABLE if self.degraded.moves else ProcessAction.NOTE
        if process in self.process_evacuate:
            return ProcessAction.EVACUATE
        return ProcessAction.DISABLE if process in self.process_disable else ProcessAction.NOTE
