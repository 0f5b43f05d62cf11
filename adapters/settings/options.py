"""Every option of kasugai.conf with its help, its bounds and an example, by group.

The time-outs of [worker] and all of [policy] are drawn from the core's dataclasses: what the core knows can be set.
"""

from dataclasses import MISSING, fields
from enum import StrEnum
from functools import cache
from typing import Any

from oslo_config import cfg

from kasugai.adapters.settings.announcing import ANNOUNCE
from kasugai.adapters.settings.bridging import bridge_options
from kasugai.adapters.settings.eyes import AGENTS, liveness_options
from kasugai.adapters.settings.masakari import aliases
from kasugai.adapters.settings.observing import OBSERVE
from kasugai.adapters.settings.values import DEVICES_FILE
from kasugai.core.words.policy import Policy
from kasugai.core.words.timing import PRODUCTION, PROFILES, Timing
from kasugai.schemas.draw import field_docs


def tls_options(name: str) -> list[Any]:
    """Return the three files of TLS; `name` is in the names of the examples."""
    return [
        cfg.StrOpt(
            "ssl_cafile",
            default="",
            help="With TLS: the authorities to believe (PEM); empty means the system's.",
            sample_default=f"/etc/kasugai/{name}-ca.pem",
        ),
        cfg.StrOpt(
            "ssl_certfile",
            default="",
            help="With TLS: our certificate (PEM), if we are asked for one.",
            sample_default=f"/etc/kasugai/{name}-client.pem",
        ),
        cfg.StrOpt(
            "ssl_keyfile",
            default="",
            help="With TLS: the certificate's key (PEM, without a pass phrase).",
            sample_default=f"/etc/kasugai/{name}-client.key",
        ),
    ]


KAFKA = [
    cfg.StrOpt(
        "bootstrap_servers",
        help="Some of the Kafka brokers as host:port, separated by commas. Required.",
        sample_default="kafka1:9092,kafka2:9092,kafka3:9092",
    ),
    cfg.StrOpt(
        "security_protocol",
        default="PLAINTEXT",
        choices=["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"],
        help="How to talk to the brokers.",
        sample_default="SASL_SSL",
    ),
    cfg.StrOpt(
        "sasl_mechanism",
        default="SCRAM-SHA-512",
        choices=["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"],
        help="With SASL: the mechanism.",
    ),
    cfg.StrOpt(
        "sasl_username", default="", help="With SASL: the principal.", sample_default="kasugai-worker"
    ),
    cfg.StrOpt(
        "sasl_password",
        default="",
        secret=True,
        help="With SASL: its password ($$ for a $).",
        sample_default="SECRET",
    ),
    cfg.StrOpt(
        "sasl_password_file",
        default="",
        help="With SASL: a file with nothing but the password; it goes before sasl_password.",
        sample_default="/etc/kasugai/kafka.password",
    ),
    *tls_options("kafka"),
    cfg.IntOpt("replication", default=3, min=1, help="Replicas of each topic (`kasugai topics apply`)."),
    cfg.IntOpt("min_insync", default=2, min=1, help="Replicas that must have a record before it counts."),
]

REDIS = [
    cfg.StrOpt(
        "url",
        default="redis://127.0.0.1:6379/0",
        secret=True,
        help="The Redis of the leases, the ledger and the views: redis://HOST:PORT/DB, unix:///PATH?db=DB, "
        "redis+sentinel://HOST:PORT,HOST:PORT/SERVICE/DB or redis+cluster://HOST:PORT,HOST:PORT. With TLS they begin "
        "with rediss. USER:PASSWORD@ may stand before the first host; the options below keep it out of the url.",
        sample_default="rediss+sentinel://redis1:26379,redis2:26379,redis3:26379/kasugai/0",
    ),
    cfg.StrOpt("username", default="", help="The user, with Redis' ACLs.", sample_default="kasugai"),
    cfg.StrOpt(
        "password", default="", secret=True, help="Its password ($$ for a $).", sample_default="SECRET"
    ),
    cfg.StrOpt(
        "password_file",
        default="",
        help="A file with nothing but the password; it goes before password.",
        sample_default="/etc/kasugai/redis.password",
    ),
    cfg.StrOpt(
        "sentinel_username",
        default="",
        help="With Sentinel: the user at the sentinels, if they ask for one.",
        sample_default="kasugai",
    ),
    cfg.StrOpt(
        "sentinel_password",
        default="",
        secret=True,
        help="With Sentinel: the password at the sentinels.",
        sample_default="SECRET",
    ),
    cfg.StrOpt(
        "sentinel_password_file",
        default="",
        help="With Sentinel: a file with nothing but that password.",
        sample_default="/etc/kasugai/sentinel.password",
    ),
    *tls_options("redis"),
    cfg.BoolOpt(
        "ssl_check_hostname",
        default=True,
        help="With TLS: whether the server's certificate must name the host that was asked for. Sentinels and "
        "Clusters often say addresses where certificates say names.",
    ),
]

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

POLICY_BOUNDS: dict[str, tuple[int, int | None]] = {
    "confirm_after": (0, None),
    "confirm_observers": (1, 6),
    "unfenced_wait": (30_000, None),
    "local_wait": (0, None),
    "settle_after_fence": (0, 600_000),
    "dump_wait": (0, 3_600_000),
    "max_unhealthy": (1, 100),
    "domain_trip": (0, 100),
    "domain_small": (0, 10_000),
    "domain_cap": (1, 10_000),
    "domain_rate": (1, 10_000),
    "attempts": (1, 10),
    "window": (1, 500),
    "degraded_hosts": (1, 100),
    "restart_budget": (1, 16),
    "restart_window": (60_000, 86_400_000),
    "process_quiet": (0, 3_600_000),
}
"""What a policy's numbers may be, from and to."""


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


def timing_options() -> list[Any]:
    """Return one option per time-out, in milliseconds; none has a default of its own: the profile has."""
    docs = field_docs(Timing)
    return [
        cfg.IntOpt(
            field.name,
            min=1,
            help=f"{docs[field.name]} (ms; the profile's unless set.)",
            sample_default=getattr(PRODUCTION, field.name),
        )
        for field in fields(Timing)
    ]


def policy_options() -> list[Any]:
    """Return one option per field of a policy."""
    docs = field_docs(Policy)
    return [_policy_option(field.name, field.default, docs[field.name]) for field in fields(Policy)]


def _policy_option(name: str, default: object, text: str) -> Any:
    assert default is not MISSING, "every field of a policy has a default"
    match default:
        case bool():
            return cfg.BoolOpt(name, default=default, help=text)
        case int():
            low, high = POLICY_BOUNDS[name]
            return cfg.IntOpt(name, default=default, min=low, max=high, help=text)
        case StrEnum():
            choices = [str(word) for word in type(default)]
            return cfg.StrOpt(name, default=str(default), choices=choices, help=text)
        case tuple():
            return cfg.ListOpt(name, default=list(default), help=text)
        case _:
            return cfg.StrOpt(name, default=default, help=text)


def list_opts() -> list[tuple[str, list[Any]]]:
    """Return the options as oslo-config-generator asks for them (entry point `oslo.config.opts`)."""
    return list(groups().items())
