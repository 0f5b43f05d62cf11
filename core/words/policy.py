"""What an operator decides per segment: how much evidence is needed and what may be done.

A policy is part of the segment's inventory record and travels inside an incident, which finishes under the policy
that it was opened with.
"""

from dataclasses import dataclass
from enum import StrEnum

from kasugai.core.words.timing import Millis


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
    max_unhealthy: int = 50
    """Percent of a segment's hosts from which on a failure is a storm."""
    evacuate_all: bool = True
    """Whether guests without the HA_Enabled mark are evacuated too (after the marked ones)."""
    ha_key: str = "HA_Enabled"
    """The metadata key that marks a guest as highly available."""
    priority_key: str = "HA_Priority"
    """What names a guest's priority, a whole number, higher first: a tag KEY=NUMBER, else metadata, else extra spec."""
    exclude_projects: tuple[str, ...] = ()
    """Ids of projects whose guests are left where they are."""
    exclude_images: tuple[str, ...] = ()
    """Ids of images whose guests are left where they are."""
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
