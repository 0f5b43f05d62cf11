"""Takes masakari-monitors' [host], [consul] and [kubernetes] as they are, and says what of them has no effect here.

What is wrong in a value is a complaint that names it; the default stands then. Nothing is refused, nothing is silent.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from kasugai.agents.cluster.matrix import DEFAULT_MATRIX, Matrix, read_matrix
from kasugai.agents.cluster.options import (
    Agents,
    ClusterOptions,
    ConsulOptions,
    KubernetesOptions,
    NodeType,
    Pace,
    PacemakerOptions,
)

T = TypeVar("T")
Sections = Mapping[str, Mapping[str, str]]

DRIVERS = {
    "default": "pacemaker",
    "simple": "pacemaker",
    "pacemaker": "pacemaker",
    "consul": "consul",
    "kubernetes": "kubernetes",
}
"""Their names of a driver, and which one it is here."""
OBEYED = {
    "host": (
        "monitoring_driver",
        "monitoring_interval",
        "monitoring_samples",
        "pacemaker_node_type",
        "restrict_to_remotes",
    ),
    "consul": ("agent_manage", "agent_tenant", "agent_storage", "matrix_config_file"),
    "kubernetes": ("monitoring_node_labels",),
}
FENCES = "an agent never says that a host is off: Kasugai's own fence reads the power"
SENDS = "an agent keeps what it could not send and sends it later, without end"
ASKS = "Corosync is asked for its quorum instead of listening for its packets"
IDLE = {
    "api_retry_max": SENDS,
    "api_retry_interval": SENDS,
    "disable_ipmi_check": FENCES,
    "ipmi_timeout": FENCES,
    "ipmi_retry_max": FENCES,
    "ipmi_retry_interval": FENCES,
    "stonith_wait": ASKS,
    "tcpdump_timeout": ASKS,
    "corosync_multicast_interfaces": ASKS,
    "corosync_multicast_ports": ASKS,
}
"""Options of [host] that are known and change nothing, with the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What their file comes to."""

    options: ClusterOptions
    idle: tuple[str, ...] = ()
    """One line per option that is set and changes nothing, and why."""
    unknown: tuple[str, ...] = ()
    """`[section] option` for each that masakari-monitors does not have either."""
    complaints: tuple[str, ...] = ()
    """One line per value that cannot be used: which, why, and what stands instead."""


@dataclass(slots=True)
class _Reading:
    sections: Sections
    complaints: list[str] = field(default_factory=list)

    def value(self, section: str, option: str, default: T, read: Callable[[str], T]) -> T:
        text = self.sections.get(section, {}).get(option, "").strip()
        if not text:
            return default
        try:
            return read(text)
        except (ValueError, KeyError, OSError) as error:
            reason = f" ({error})" if str(error) and not isinstance(error, KeyError) else ""
            self.complaints.append(f"[{section}] {option} = {text} cannot be used{reason}: {default} stands")
            return default


def take(sections: Sections, load: Callable[[str], object]) -> Taken:
    """Return the options that these sections come to. `load` reads a YAML file by its path and returns what it holds;
    its OSError or ValueError becomes a complaint."""
    reading = _Reading(sections)
    driver = reading.value("host", "monitoring_driver", "pacemaker", lambda text: DRIVERS[text])
    pace = Pace(
        interval=reading.value("host", "monitoring_interval", Pace().interval, _seconds),
        samples=reading.value("host", "monitoring_samples", Pace().samples, _count),
    )
    options = _READERS[driver](reading, pace, load)
    return Taken(
        options=options,
        idle=tuple(f"[host] {name}: {IDLE[name]}" for name in sections.get("host", {}) if name in IDLE),
        unknown=tuple(_unknown(sections)),
        complaints=tuple(reading.complaints),
    )


def _unknown(sections: Sections) -> list[str]:
    return [
        f"[{section}] {option}"
        for section, obeyed in OBEYED.items()
        for option in sections.get(section, {})
        if option not in obeyed and not (section == "host" and option in IDLE)
    ]


def _pacemaker(reading: _Reading, pace: Pace, _: object) -> ClusterOptions:
    return PacemakerOptions(
        pace=pace,
        node_type=reading.value("host", "pacemaker_node_type", NodeType.AUTODETECT, NodeType),
        restrict_to_remotes=reading.value("host", "restrict_to_remotes", False, _truth),
    )


def _consul(reading: _Reading, pace: Pace, load: Callable[[str], object]) -> ClusterOptions:
    agents = {
        name: reading.value("consul", f"agent_{name}", "", str) for name in ("manage", "tenant", "storage")
    }
    matrix = reading.value("consul", "matrix_config_file", DEFAULT_MATRIX, lambda path: _matrix(path, load))
    return ConsulOptions(pace=pace, agents=Agents(**agents), matrix=matrix)


def _matrix(path: str, load: Callable[[str], object]) -> Matrix:
    return read_matrix(load(path))


def _kubernetes(reading: _Reading, pace: Pace, _: object) -> ClusterOptions:
    return KubernetesOptions(
        pace=pace, labels=reading.value("kubernetes", "monitoring_node_labels", "", _selector)
    )


_READERS: Mapping[str, Callable[[_Reading, Pace, Callable[[str], object]], ClusterOptions]] = {
    "pacemaker": _pacemaker,
    "consul": _consul,
    "kubernetes": _kubernetes,
}


def _selector(text: str) -> str:
    """Blanks after commas are no part of a label."""
    return ",".join(part.strip() for part in text.split(",") if part.strip())


def _seconds(text: str) -> float:
    number = float(text)
    if not 1 <= number <= 3600:
        raise ValueError("it must lie between 1 and 3600 seconds")
    return number


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 100:
        raise ValueError("it must lie between 1 and 100")
    return number


def _truth(text: str) -> bool:
    """The words that oslo.config takes for a boolean."""
    match text.lower():
        case "true" | "1" | "yes" | "on":
            return True
        case "false" | "0" | "no" | "off":
            return False
        case _:
            raise ValueError("it must be true or false")
