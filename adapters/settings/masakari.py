"""What becomes of a masakari.conf: which of its options are ours under another name, and which mean nothing here.

A masakari.conf is read as it is. The aliases below are tried where our own option is not set; what has no meaning any
more is named in one warning, with the reason (docs/api/compatibility.md lists both).
"""

from collections.abc import Iterable, Mapping
from itertools import groupby

Place = tuple[str, str]
"""A group and an option."""

ALIASES: Mapping[Place, Place] = {
    ("api", "listen"): ("DEFAULT", "masakari_api_listen"),
    ("api", "port"): ("DEFAULT", "masakari_api_listen_port"),
    ("api", "workers"): ("DEFAULT", "masakari_api_workers"),
    ("api", "auth_strategy"): ("DEFAULT", "auth_strategy"),
    ("api", "max_limit"): ("DEFAULT", "osapi_max_limit"),
    ("api", "link_prefix"): ("DEFAULT", "osapi_masakari_link_prefix"),
    ("api", "project_id_regex"): ("osapi_v1", "project_id_regex"),
    ("nova", "auth_url"): ("DEFAULT", "os_privileged_user_auth_url"),
    ("nova", "username"): ("DEFAULT", "os_privileged_user_name"),
    ("nova", "password"): ("DEFAULT", "os_privileged_user_password"),
    ("nova", "project_name"): ("DEFAULT", "os_privileged_user_tenant"),
    ("nova", "user_domain_name"): ("DEFAULT", "os_user_domain_name"),
    ("nova", "project_domain_name"): ("DEFAULT", "os_project_domain_name"),
    ("nova", "region_name"): ("DEFAULT", "os_region_name"),
    ("nova", "cafile"): ("DEFAULT", "nova_ca_certificates_file"),
    ("policy", "window"): ("DEFAULT", "host_failure_recovery_threads"),
    ("policy", "evacuate_all"): ("host_failure", "evacuate_all_instances"),
    ("policy", "ha_key"): ("host_failure", "ha_enabled_instance_metadata_key"),
    ("policy", "ignore_error_guests"): ("host_failure", "ignore_instances_in_error_state"),
    ("policy", "add_reserve_to_aggregates"): ("host_failure", "add_reserved_host_to_aggregate"),
    ("policy", "disable_reason"): ("host_failure", "service_disable_reason"),
}
"""Ours, and what Masakari calls it."""

NO_CLOCK = "a notification repeats another one for as long as that one's incident is open"
NO_WAIT = "recovery follows events and proofs, nothing waits for a fixed time"
NO_TASKS = "plans are made by the core; a task list cannot be replaced"
NO_DATABASE = "state is kept in Kafka; there is no database"
NO_POLLING = "nothing is looked for periodically: every change is an event"
NO_POOLS = "VM and process notifications are accepted and end as ignored until their pools exist"

MEANINGLESS: Mapping[Place, str] = {
    **{("DEFAULT", name): NO_CLOCK for name in ("duplicate_notification_detection_interval",)},
    **{("DEFAULT", name): NO_CLOCK for name in ("notification_delay_max",)},
    **{
        ("DEFAULT", name): NO_WAIT
        for name in ("wait_period_after_service_update", "wait_period_after_evacuation", "verify_interval")
    },
    **{("DEFAULT", name): NO_POOLS for name in ("wait_period_after_power_off", "wait_period_after_power_on")},
    **{
        ("DEFAULT", name): NO_POLLING
        for name in (
            "process_unfinished_notifications_interval",
            "retry_notification_new_status_interval",
            "check_expired_notifications_interval",
            "notifications_expired_interval",
            "periodic_enable",
            "periodic_fuzzy_delay",
            "periodic_interval_max",
        )
    },
    **{("DEFAULT", name): NO_TASKS for name in ("notification_driver", "masakari_topic", "engine_manager")},
    ("DEFAULT", "use_ssl"): "TLS is ended by the proxy in front of the API",
    ("DEFAULT", "nova_catalog_admin_info"): "[nova] interface says which endpoint is used",
    ("DEFAULT", "nova_api_insecure"): "[nova] cafile names the authorities to believe",
    (
        "DEFAULT",
        "os_system_scope",
    ): "Nova is asked as a project's admin; name a cloud in [nova] cloud for more",
    ("instance_failure", "process_all_instances"): NO_POOLS,
    ("instance_failure", "ha_enabled_instance_metadata_key"): NO_POOLS,
    ("process_failure", "service_disable_reason"): NO_POOLS,
    ("taskflow", "connection"): NO_DATABASE,
    ("database", "connection"): NO_DATABASE,
    ("coordination", "backend_url"): "Redis and Kafka coordinate",
    **{
        ("taskflow_driver_recovery_flows", f"{kind}_failure_recovery_tasks"): NO_TASKS
        for kind in ("host_auto", "host_rh", "instance", "process")
    },
}
"""What a masakari.conf may say and nobody reads any more, with the reason."""


def alias(group: str, name: str) -> Place | None:
    """Return what masakari.conf calls one of our options."""
    return ALIASES.get((group, name))


def unread(places: Iterable[Place]) -> str:
    """Return one sentence about those of `places` that mean nothing here; empty when there are none."""
    found = sorted({place for place in places if place in MEANINGLESS}, key=lambda p: (MEANINGLESS[p], p))
    told = [
        f"{', '.join(f'[{group}] {name}' for group, name in same)} ({reason})"
        for reason, same in groupby(found, key=MEANINGLESS.__getitem__)
    ]
    return f"these options of masakari.conf have no meaning here: {'; '.join(told)}" if told else ""
