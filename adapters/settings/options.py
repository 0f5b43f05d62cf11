"""Every option of kasugai.conf with its help, its bounds and an example, by group.

The time-outs of [worker] and all of [policy] are drawn from the core's dataclasses (drawn.py).
"""

import re
from functools import cache
from typing import Any

from oslo_config import cfg

from kasugai.adapters.settings.announcing import ANNOUNCE
from kasugai.adapters.settings.bridging import bridge_options
from kasugai.adapters.settings.connecting import KAFKA, REDIS, tls_options
from kasugai.adapters.settings.connections import Wrong
from kasugai.adapters.settings.drawn import policy_options, timing_options
from kasugai.adapters.settings.eyes import AGENTS, liveness_options
from kasugai.adapters.settings.masakari import aliases
from kasugai.adapters.settings.observing import OBSERVE
from kasugai.adapters.settings.values import DEVICES_FILE, ApiSettings
from kasugai.core.words.timing import PROFILES

NOVA = [
    cfg.StrOpt("cloud", default="", help="The cloud's name in clouds.yaml.", sample_default="mycloud"),
    cfg.StrOpt(
        "clouds_file",
        default="",
        help="Where clouds.yaml is; empty means where OpenStack clients look for it.",
        sample_default="/etc/openstack/clouds.yaml",
    ),
    cfg.StrOpt(
        "auth_url",
        default="",
        help="Keystone, when there is no clouds.yaml: then the password options below are needed too.",
        sample_default="https://keystone:5000/v3",
    ),
    cfg.StrOpt("username", default="", help="An admin in Nova's eyes.", sample_default="kasugai"),
    cfg.StrOpt(
        "password", default="", secret=True, help="Its password ($$ for a $).", sample_default="SECRET"
    ),
    cfg.StrOpt("project_name", default="", help="Its project.", sample_default="service"),
    cfg.StrOpt("user_domain_name", default="Default", help="The user's domain."),
    cfg.StrOpt("project_domain_name", default="Default", help="The project's domain."),
    cfg.StrOpt(
        "region_name", default="", help="The region; empty means the only one.", sample_default="RegionOne"
    ),
    cfg.StrOpt(
        "interface",
        default="internal",
        choices=["internal", "public", "admin"],
        help="Which of Nova's endpoints to use. No proxy on the way may repeat POSTs.",
    ),
    cfg.StrOpt(
        "cafile",
        default="",
        help="The authorities to believe.",
        sample_default="/etc/kasugai/openstack-ca.pem",
    ),
]

POWER = [
    cfg.StrOpt(
        "devices_file",
        default=DEVICES_FILE,
        help="Power devices by exact host, with their secrets (mode 0600, worker nodes only). When this file is not "
        "there: no power devices; then a trusted word, a person's, or fence: none leads to a recovery.",
    ),
    cfg.StrOpt("agents_dir", default="/usr/sbin", help="Where ClusterLabs' fence agents are."),
    cfg.IntOpt(
        "read_timeout",
        default=10_000,
        min=100,
        help="A device that has not told its state within this is unreadable: not on, and not off (ms).",
    ),
    cfg.IntOpt("reads", default=16, min=1, help="How many hosts' devices are read at a time."),
]

STREAM = [
    cfg.IntOpt(
        "partitions",
        default=12,
        min=1,
        help="Partitions of every topic whose contract leaves it open. Fixed when the topics are made: changing it "
        "later means new topics.",
    ),
    cfg.StrOpt(
        "instance",
        default="",
        help="This process's name among its kind: stable over restarts and unique. Empty means the machine's name.",
        sample_default="stream-1",
    ),
]

WORKER = [
    cfg.StrOpt(
        "profile",
        default="production",
        choices=sorted(PROFILES),
        help="The set of time-outs that the ones below replace one by one; `test` is for demos and chaos runs.",
    ),
    cfg.IntOpt("lanes", default=16, min=1, help="How many hosts one worker recovers at a time."),
    cfg.IntOpt(
        "instance_lanes",
        default=128,
        min=1,
        help="How many instances likewise: one takes little, and hundreds may fail together.",
    ),
    cfg.IntOpt("process_lanes", default=16, min=1, help="How many processes likewise."),
]

TELEMETRY = [
    cfg.StrOpt(
        "bind",
        default="127.0.0.1",
        help="Where /healthz, /readyz and /metrics are served; they tell no secrets, and have no password.",
    ),
    *(
        cfg.PortOpt(
            f"{process}_port",
            default=0,
            help=f"The port of `kasugai {process.replace('_', ' ')}`, for example {port}; 0 serves nothing.{more}",
        )
        for process, port, more in (
            ("route", 9471, ""),
            ("liveness", 9478, ""),
            ("bridge", 9479, ""),
            ("announce", 9485, ""),
            ("correlate", 9472, ""),
            ("worker_host", 9473, " Also of a worker that recovers instances or processes too."),
            ("worker_instance", 9476, " Also of a worker that recovers processes too."),
            ("worker_process", 9477, ""),
            ("project", 9474, ""),
            ("observe_nova", 9481, " Also of an observer of more than Nova."),
            ("observe_power", 9482, " Also of an observer of metrics or silences too."),
            ("observe_metrics", 9483, " Also of an observer of silences too."),
            ("observe_silences", 9484, ""),
        )
    ),
    cfg.PortOpt(
        "api_port",
        default=0,
        help="The port of `kasugai api`, for example 9475; 0 serves nothing. With several [api] workers the first "
        "one's, and the following ones for the others.",
    ),
    cfg.StrOpt(
        "otlp_endpoint",
        default="",
        help="An OpenTelemetry collector (OTLP over HTTP) that takes the traces; empty means no traces.",
        sample_default="http://127.0.0.1:4318",
    ),
]

API = [
    cfg.StrOpt("listen", default="0.0.0.0", help="The address that the REST API listens on."),
    cfg.PortOpt("port", default=15868, help="Its port."),
    cfg.IntOpt("workers", default=1, min=1, help="Processes of `kasugai api`; they share the port."),
    cfg.IntOpt("threads", default=32, min=1, help="Requests that each process answers at a time."),
    cfg.StrOpt(
        "auth_strategy",
        default="keystone",
        choices=["keystone", "noauth2"],
        help="Who may ask: `keystone` reads [keystone_authtoken]; with `noauth2` everyone is admin.",
    ),
    cfg.BoolOpt(
        "noauth2_anywhere",
        default=False,
        help="Serve `noauth2` beyond the loopback interface, so that whoever reaches the port is admin.",
    ),
    cfg.IntOpt("max_limit", default=1000, min=1, help="How many things a list shows at most."),
    cfg.StrOpt(
        "link_prefix",
        default="",
        help="What links begin with instead of the request's own host.",
        sample_default="https://ha.example.org",
    ),
    cfg.StrOpt(
        "project_id_regex",
        default=r"[0-9a-f\-]+",
        help="What a project id in the path looks like.",
    ),
]


def api_of(values: dict[str, Any], wrong: Wrong) -> ApiSettings:
    """Return the settings of [api]; what `wrong` makes of an option and a reason is raised."""
    try:
        re.compile(values["project_id_regex"])
    except re.error as error:
        raise wrong("project_id_regex", f"is wrong: no regular expression: {error}") from error
    return ApiSettings(**values)


@cache
def groups() -> dict[str, list[Any]]:
    """Return all options by group, in the order of the sample file; each with Masakari's name for it, if it has one."""
    found = _groups()
    for group, options in found.items():
        for option in options:
            option.deprecated_opts = [
                cfg.DeprecatedOpt(name, group=place) for place, name in aliases(group, option.name)
            ]
    return found


def _groups() -> dict[str, list[Any]]:
    return {
        "kafka": KAFKA,
        "redis": REDIS,
        "nova": NOVA,
        "power": POWER,
        "observe": OBSERVE,
        "bridge": bridge_options(tls_options("bridge")),
        "announce": ANNOUNCE,
        "stream": STREAM,
        "agents": AGENTS,
        "liveness": liveness_options(),
        "api": API,
        "worker": WORKER + timing_options(),
        "telemetry": TELEMETRY,
        "policy": policy_options(),
    }


def list_opts() -> list[tuple[str, list[Any]]]:
    """Return the options as oslo-config-generator asks for them (entry point `oslo.config.opts`)."""
    return list(groups().items())
