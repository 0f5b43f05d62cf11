"""What the projector shows of hosts, guests and incidents: its part of the catalogue, for whoever is on call.

Only the projector that owns the views shows them, so each is shown once. Their label `segment` is the segment's name
and `hostname` Nova's service host, byte for byte, as openstack-exporter has it: the two can be joined on it.
"""

from kasugai.adapters.telemetry.metric import KIND, SECONDS, Metric, Shape

PROJECT = "project"

_HOSTNAME = ("hostname", "Nova's service host")
_SEGMENT = ("segment", "a segment's name; its id where the inventory does not know it; `-` for none")
_END = ("end", "recovered, failed, withdrawn or brought-back")
_UP_TO_HOURS = (1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 14400.0)
_GUESTS = "of the host's open incidents, and of those that ended within the last hour"

HOST_STATE = Metric(
    name="kasugai.host.state",
    shape=Shape.GAUGE,
    unit="{host}",
    help="1 for the state that a host is in: each host of the inventory has one.",
    labels=(
        _HOSTNAME,
        _SEGMENT,
        ("state", "in-service, suspected, opened, held, recovering, out, on-probation, retired or unknown"),
    ),
    shown_by=(PROJECT,),
    is_wide=True,
)
HOST_PROTECTED = Metric(
    name="kasugai.host.protected",
    shape=Shape.GAUGE,
    unit="{host}",
    help="1 for a host that would be recovered if it failed now, by all that the projector knows; 0 with the reason.",
    labels=(_HOSTNAME, _SEGMENT, ("reason", "`-`, or core/telling/protection.Unprotected")),
    shown_by=(PROJECT,),
    is_wide=True,
)
SERVICE_DISABLED = Metric(
    name="kasugai.host.service.disabled",
    shape=Shape.GAUGE,
    unit="{host}",
    help="1 for a host whose compute service a process's incident has disabled, until one has enabled it again.",
    labels=(_HOSTNAME, _SEGMENT),
    shown_by=(PROJECT,),
    is_wide=True,
)
INCIDENTS_OPEN = Metric(
    name="kasugai.incidents.open",
    shape=Shape.GAUGE,
    unit="{incident}",
    help="Incidents that have not ended, and subjects held without one, by who must act.",
    labels=(_SEGMENT, KIND, ("waits", "itself: it goes on without anybody; person: it does not")),
    shown_by=(PROJECT,),
)
GUESTS_DOWN = Metric(
    name="kasugai.guests.down",
    shape=Shape.GAUGE,
    unit="{guest}",
    help=f"Guests that are not back yet, {_GUESTS}.",
    labels=(_HOSTNAME, _SEGMENT),
    shown_by=(PROJECT,),
    is_wide=True,
)
GUESTS_COMING_BACK = Metric(
    name="kasugai.guests.coming.back",
    shape=Shape.GAUGE,
    unit="{guest}",
    help="Those of kasugai.guests.down that come back by themselves; the others need a hand.",
    labels=(_HOSTNAME, _SEGMENT),
    shown_by=(PROJECT,),
    is_wide=True,
)
GUESTS_BACK = Metric(
    name="kasugai.guests.back",
    shape=Shape.GAUGE,
    unit="{guest}",
    help=f"Guests that are back, or were deleted meanwhile, {_GUESTS}.",
    labels=(_HOSTNAME, _SEGMENT),
    shown_by=(PROJECT,),
    is_wide=True,
)
GUEST_STATE = Metric(
    name="kasugai.guest.state",
    shape=Shape.GAUGE,
    unit="{guest}",
    help="1 for where a guest of an open incident is on its way back; gone with the incident.",
    labels=(
        _HOSTNAME,
        _SEGMENT,
        ("incident", "the open incident's uuid"),
        (
            "guest",
            "its name; with the beginning of its uuid where another one of the incident is called the same",
        ),
        (
            "state",
            "detect, decide, fence, wait (for its turn), move, prove (back, its incident still open) or failed",
        ),
    ),
    shown_by=(PROJECT,),
    is_wide=True,
)
HEALTH = Metric(
    name="kasugai.health",
    shape=Shape.GAUGE,
    unit="{level}",
    help="The first word of `kasugai status` as a number: 0 well, 1 recovering, 2 a person must act. Whether the other "
    "processes run it does not know: ask `up`.",
    shown_by=(PROJECT,),
)
PHASE = Metric(
    name="kasugai.recovery.phase",
    shape=Shape.HISTOGRAM,
    unit=SECONDS,
    help="How long each part of a recovery took, by the records' times (core/telling/phases.py); told when it ended.",
    labels=(_SEGMENT, ("kind", "host or instance"), ("phase", "detect, decide, fence, move or prove")),
    shown_by=(PROJECT,),
    buckets=_UP_TO_HOURS,
)
RECOVERY = Metric(
    name="kasugai.recovery",
    shape=Shape.HISTOGRAM,
    unit=SECONDS,
    help="From the first word against a host or an instance to the end of its incident.",
    labels=(_SEGMENT, ("kind", "host or instance"), _END),
    shown_by=(PROJECT,),
    buckets=_UP_TO_HOURS,
)
INCIDENTS_ENDED = Metric(
    name="kasugai.incidents.ended",
    shape=Shape.COUNTER,
    unit="{incident}",
    help="Incidents that ended while this projector owned the views, each time that one did.",
    labels=(_SEGMENT, KIND, _END),
    shown_by=(PROJECT,),
)
_UUID = ("uuid", "as the REST API shows it")
_OF_SEGMENT = ("failover_segment_id", "the uuid of its segment")
MASAKARI_UP = Metric(
    name="openstack.masakari.up",
    shape=Shape.GAUGE,
    unit="{service}",
    help="1 while the inventory has been read.",
    shown_by=(PROJECT,),
)
MASAKARI_SEGMENT = Metric(
    name="openstack.masakari.segment",
    shape=Shape.GAUGE,
    unit="{segment}",
    help="1 for each segment.",
    labels=(
        ("id", "Masakari's integer id"),
        _UUID,
        ("name", "its name"),
        ("description", "its description"),
        ("recovery_method", "core/words/policy.Method"),
        ("service_type", "its service type"),
    ),
    shown_by=(PROJECT,),
    is_wide=True,
)
MASAKARI_HOST = Metric(
    name="openstack.masakari.host",
    shape=Shape.GAUGE,
    unit="{host}",
    help="1 for each host.",
    labels=(
        ("id", "Masakari's integer id"),
        _UUID,
        _HOSTNAME,
        _OF_SEGMENT,
        ("failover_segment_name", "the name of its segment"),
        ("type", "its type"),
        ("control_attributes", "its control attributes"),
    ),
    shown_by=(PROJECT,),
    is_wide=True,
)
MASAKARI_ON_MAINTENANCE = Metric(
    name="openstack.masakari.host_on_maintenance",
    shape=Shape.GAUGE,
    unit="{host}",
    help="1 for a host that the REST API shows as on maintenance: set aside, or taken out of service by a recovery.",
    labels=(_UUID, _HOSTNAME, _OF_SEGMENT),
    shown_by=(PROJECT,),
    is_wide=True,
)
MASAKARI_RESERVED = Metric(
    name="openstack.masakari.host_reserved",
    shape=Shape.GAUGE,
    unit="{host}",
    help="1 for a host that is described as a reserve.",
    labels=(_UUID, _HOSTNAME, _OF_SEGMENT),
    shown_by=(PROJECT,),
    is_wide=True,
)
MASAKARI_METRICS = (
    MASAKARI_UP,
    MASAKARI_SEGMENT,
    MASAKARI_HOST,
    MASAKARI_ON_MAINTENANCE,
    MASAKARI_RESERVED,
)
"""By the names and labels of openstack-exporter's pull request 572 ("Add support for Masakari / Instance-HA")."""
PROJECT_METRICS = (
    HOST_STATE,
    HOST_PROTECTED,
    SERVICE_DISABLED,
    INCIDENTS_OPEN,
    GUESTS_DOWN,
    GUESTS_COMING_BACK,
    GUESTS_BACK,
    GUEST_STATE,
    HEALTH,
    PHASE,
    RECOVERY,
    INCIDENTS_ENDED,
    *MASAKARI_METRICS,
)
