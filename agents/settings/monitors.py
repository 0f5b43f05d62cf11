"""What becomes of a masakarimonitors.conf: what of it counts here, what other watches read, and what means nothing.

Names and sections are masakari-monitors' own (22.0).
"""

from collections.abc import Mapping

Place = tuple[str, str]
"""A section and an option."""

KAFKA_INSTEAD = "what is seen goes to Kafka and waits on disk while it is away; no API is called"
FENCES_ELSEWHERE = "an agent reads no power state: workers do, by their own devices"
LOG_TO_STDERR = "the log goes to stderr, where systemd's journal keeps it"

ALIASES: Mapping[Place, tuple[Place, ...]] = {
    ("agent", "host"): (("DEFAULT", "hostname"), ("DEFAULT", "host")),
    ("agent", "debug"): (("DEFAULT", "debug"),),
}
"""Ours, and what masakari-monitors calls it."""

OTHERS: Mapping[str, frozenset[str]] = {
    "host": frozenset(
        {
            "monitoring_driver",
            "monitoring_interval",
            "monitoring_samples",
            "pacemaker_node_type",
            "restrict_to_remotes",
            "corosync_multicast_interfaces",
            "corosync_multicast_ports",
        }
    ),
    "consul": frozenset(
        {"agent_manage", "agent_tenant", "agent_storage", "matrix_config_file", "ca_file", "token"}
    ),
    "kubernetes": frozenset({"monitoring_node_labels", "server", "token_file", "ca_file"}),
    "libvirt": frozenset({"connection_uri"}),
    "introspectiveinstancemonitor": frozenset(
        {
            "guest_monitoring_interval",
            "guest_monitoring_timeout",
            "guest_monitoring_failure_threshold",
            "qemu_guest_agent_sock_path",
        }
    ),
}
"""What watches of clusters and guests read themselves."""

MEANINGLESS: Mapping[str, Mapping[str, str]] = {
    "DEFAULT": {
        **dict.fromkeys(("log_file", "log_dir", "use_syslog", "use_journal", "use_json"), LOG_TO_STDERR),
        **dict.fromkeys(("syslog_log_facility", "log_config_append", "use_stderr"), LOG_TO_STDERR),
        **dict.fromkeys(
            (
                "hostmonitor_manager",
                "processmonitor_manager",
                "instancemonitor_manager",
                "introspectiveinstancemonitor_manager",
                "tempdir",
                "monkey_patch",
                "monkey_patch_modules",
            ),
            "there is one agent, and its parts cannot be replaced",
        ),
    },
    "host": {
        **dict.fromkeys(("api_retry_max", "api_retry_interval"), KAFKA_INSTEAD),
        **dict.fromkeys(
            ("disable_ipmi_check", "ipmi_timeout", "ipmi_retry_max", "ipmi_retry_interval"), FENCES_ELSEWHERE
        ),
        **dict.fromkeys(("stonith_wait", "tcpdump_timeout"), "nothing is captured from the network"),
    },
    "process": dict.fromkeys(("api_retry_max", "api_retry_interval"), KAFKA_INSTEAD),
    "callback": dict.fromkeys(("retry_max", "retry_interval"), KAFKA_INSTEAD),
}
SECTIONS: Mapping[str, str] = {
    "api": KAFKA_INSTEAD,
    "keystone_authtoken": KAFKA_INSTEAD,
    "oslo_concurrency": "no locks are taken",
    "masakarimonitors_privileged": "nothing runs with more rights than the agent has",
    "healthcheck": "[agent] health_port says where the agent tells how it is",
}
"""Sections without meaning here, as a whole."""


def why_meaningless(section: str, option: str) -> str:
    """Return why an option of masakari-monitors means nothing here; empty for one that is not known as such."""
    return SECTIONS.get(section) or MEANINGLESS.get(section, {}).get(option, "")
