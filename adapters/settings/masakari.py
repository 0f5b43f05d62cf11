"""What becomes of a masakari.conf: which of its options are ours under another name, and which mean nothing here.

A masakari.conf is read as it is. The aliases below are tried where our own option is not set; what has no meaning any
more is named in one warning, with the reason (docs/api/compatibility.md lists both), and each task of the operator's
own in one.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

Place = tuple[str, str]
"""A group and an option."""

ALIASES: Mapping[Place, tuple[Place, ...]] = {
    ("api", "listen"): (("DEFAULT", "masakari_api_listen"),),
    ("api", "port"): (("DEFAULT", "masakari_api_listen_port"),),
    ("api", "workers"): (("DEFAULT", "masakari_api_workers"),),
    ("api", "auth_strategy"): (("DEFAULT", "auth_strategy"),),
    ("api", "max_limit"): (("DEFAULT", "osapi_max_limit"),),
    ("api", "link_prefix"): (("DEFAULT", "osapi_masakari_link_prefix"),),
    ("api", "project_id_regex"): (("osapi_v1", "project_id_regex"),),
    ("nova", "auth_url"): (("DEFAULT", "os_privileged_user_auth_url"),),
    ("nova", "username"): (("DEFAULT", "os_privileged_user_name"),),
    ("nova", "password"): (("DEFAULT", "os_privileged_user_password"),),
    ("nova", "project_name"): (("DEFAULT", "os_privileged_user_tenant"),),
    ("nova", "user_domain_name"): (("DEFAULT", "os_user_domain_name"),),
    ("nova", "project_domain_name"): (("DEFAULT", "os_project_domain_name"),),
    ("nova", "region_name"): (("DEFAULT", "os_region_name"),),
    ("nova", "cafile"): (("DEFAULT", "nova_ca_certificates_file"),),
    ("policy", "window"): (("DEFAULT", "host_failure_recovery_threads"),),
    ("policy", "evacuate_all"): (("host_failure", "evacuate_all_instances"),),
    ("policy", "ha_key"): (
        ("host_failure", "ha_enabled_instance_metadata_key"),
        ("instance_failure", "ha_enabled_instance_metadata_key"),
    ),
    ("policy", "restart_all"): (("instance_failure", "process_all_instances"),),
    ("policy", "ignore_error_guests"): (("host_failure", "ignore_instances_in_error_state"),),
    ("policy", "add_reserve_to_aggregates"): (("host_failure", "add_reserved_host_to_aggregate"),),
    ("policy", "disable_reason"): (("host_failure", "service_disable_reason"),),
}
"""Ours, and what Masakari calls it: where it has several names, the first one that is set counts."""

NO_CLOCK = "a notification repeats another one for as long as that one's incident is open"
NO_WAIT = "recovery follows events and proofs, nothing waits for a fixed time"
NO_TASKS = "plans are made by the core; a task list cannot be replaced"
NO_DATABASE = "state is kept in Kafka; there is no database"
NO_POLLING = "nothing is looked for periodically: every change is an event"
OWN_REASON = "Nova is told which incident disabled a service, so that nothing else is enabled again"

MEANINGLESS: Mapping[Place, str] = {
    **{("DEFAULT", name): NO_CLOCK for name in ("duplicate_notification_detection_interval",)},
    **{("DEFAULT", name): NO_CLOCK for name in ("notification_delay_max",)},
    **{
        ("DEFAULT", name): NO_WAIT
        for name in (
            "wait_period_after_service_update",
            "wait_period_after_evacuation",
            "wait_period_after_power_off",
            "wait_period_after_power_on",
            "verify_interval",
        )
    },
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
    ("process_failure", "service_disable_reason"): OWN_REASON,
    ("taskflow", "connection"): NO_DATABASE,
    ("database", "connection"): NO_DATABASE,
    ("coordination", "backend_url"): "Redis and Kafka coordinate",
}
"""What a masakari.conf may say and nobody reads any more, with the reason."""


GROUP = "taskflow_driver_recovery_flows"
NAMES = re.compile(r"[A-Za-z_][\w.-]*")
"""A task, or the phase under which it stands."""

FLOWS: Mapping[Place, str] = {
    (GROUP, f"{name}_failure_recovery_tasks"): kind
    for name, kind in (
        ("host_auto", "host"),
        ("host_rh", "host"),
        ("instance", "instance"),
        ("process", "process"),
    )
}
"""Masakari's lists of tasks, and what kind of subject each recovers (masakari.md 2.8)."""

TASKS = frozenset(
    {
        "disable_compute_service_task",
        "prepare_HA_enabled_instances_task",
        "evacuate_instances_task",
        "stop_instance_task",
        "start_instance_task",
        "confirm_instance_active_task",
        "disable_compute_node_task",
        "confirm_compute_node_disabled_task",
        "no_op",
    }
)
"""Masakari's own tasks: what they do, our plans do by themselves."""

PHASES = frozenset({"pre", "main", "post"})
"""Under which words the tasks of a list stand."""

HA_KEYS = ALIASES["policy", "ha_key"]


def aliases(group: str, name: str) -> tuple[Place, ...]:
    """Return what masakari.conf calls one of our options; nothing for most."""
    return ALIASES.get((group, name), ())


def unread(written: Iterable[tuple[Place, str]]) -> tuple[str, ...]:
    """Return a sentence each about what a masakari.conf says and is not done here. `written`: every option that is set,
    with its value, which is never told but for the names of tasks and of metadata keys."""
    values = dict(written)
    return tuple(filter(None, (_meaningless(values), _two_keys(values), *_own_tasks(values))))


def _meaningless(places: Iterable[Place]) -> str:
    found = sorted({place for place in places if place in MEANINGLESS}, key=lambda p: (MEANINGLESS[p], p))
    told = [
        f"{', '.join(f'[{group}] {name}' for group, name in same)} ({reason})"
        for reason, same in groupby(found, key=MEANINGLESS.__getitem__)
    ]
    return f"these options of masakari.conf have no meaning here: {'; '.join(told)}" if told else ""


def _two_keys(values: Mapping[Place, str]) -> str:
    """One key marks guests here, whether their host fails or they do."""
    keys = [values[place] for place in HA_KEYS if place in values]
    if len(set(keys)) < 2:
        return ""
    (host, _), (instance, name) = HA_KEYS
    return (
        f"[{host}] and [{instance}] of masakari.conf have different {name} ({', '.join(keys)}): here one key marks an "
        f"instance for both, and that of [{host}] counts; mark instances with it too, or set [policy] ha_key"
    )


def _own_tasks(values: Mapping[Place, str]) -> Iterator[str]:
    names: dict[str, dict[str, None]] = {}
    for place, kind in FLOWS.items():
        for name in NAMES.findall(values.get(place, "")):
            if name not in TASKS | PHASES:
                names.setdefault(name, {})[kind] = None
    for name, kinds in names.items():
        words = ", ".join(f"{kind}-before or {kind}-after" for kind in kinds)
        yield (
            f"the task {name} of [{GROUP}] in masakari.conf is none of Masakari's own and is not run: make it a step "
            f"of your own, and name it in the segments' policy ({words})"
        )
