"""The settings as values: one frozen dataclass per group of kasugai.conf. Secrets stay out of their `repr`."""

from dataclasses import dataclass, field

from kasugai.adapters.bus_url import BusAddress
from kasugai.core.watching.rules import Rules
from kasugai.core.words.policy import Policy
from kasugai.core.words.subject import Kind
from kasugai.core.words.timing import PRODUCTION, Millis, Timing

DEVICES_FILE = "/etc/kasugai/power.yaml"
"""Where power devices are described unless said otherwise; there need not be any."""

MASTER_KEYS_FILE = "/etc/kasugai/agents.keys"
"""Where the keys lie by which agents' words are checked, unless said otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaSettings:
    """Where the log is, who we are there, and how safely topics are kept."""

    bootstrap_servers: str
    """host:port of some brokers, several separated by commas."""
    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str = ""
    sasl_username: str = ""
    sasl_password: str = field(default="", repr=False)
    ssl_cafile: str = ""
    ssl_certfile: str = ""
    ssl_keyfile: str = ""
    replication: int = 3
    min_insync: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisSettings:
    """Where the leases and the ledger's copy are."""

    url: str = field(default="redis://127.0.0.1:6379/0", repr=False)
    """May hold a password (`adapters.redis_url` reads it)."""
    username: str = ""
    password: str = field(default="", repr=False)
    sentinel_username: str = ""
    sentinel_password: str = field(default="", repr=False)
    ssl_cafile: str = ""
    ssl_certfile: str = ""
    ssl_keyfile: str = ""
    ssl_check_hostname: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class NovaSettings:
    """How to reach the cloud: a name in clouds.yaml, or keystoneauth's password options."""

    cloud: str = ""
    clouds_file: str = ""
    auth_url: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    project_name: str = ""
    user_domain_name: str = "Default"
    project_domain_name: str = "Default"
    region_name: str = ""
    interface: str = "internal"
    cafile: str = ""

    @property
    def is_set(self) -> bool:
        """Whether a cloud is named at all."""
        return bool(self.cloud or self.auth_url)


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerSettings:
    """Where the power devices and their secrets are described; read on worker nodes only."""

    devices_file: str = ""
    """Empty: no power devices."""
    agents_dir: str = "/usr/sbin"
    """Where the fence agents are."""
    read_timeout: int = 10_000
    """Milliseconds for one reading of one device."""
    reads: int = 16
    """How many hosts are read at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObserveSettings:
    """What the readers of evidence ask, and how hosts are named there."""

    interval: int = 10_000
    """Milliseconds between two looks."""
    host_label: str = "hostname"
    """The label of alerts and silences that names the host."""
    queries_file: str = "/etc/kasugai/queries.yaml"
    alertmanager_urls: tuple[str, ...] = ()
    """Of one Alertmanager: the members of its cluster, the first that answers is believed."""
    alertmanager_token_file: str = ""
    alertmanager_cafile: str = ""
    silence_matchers: tuple[str, ...] = ()
    """What a silence must match besides its host, as NAME=VALUE."""
    webhook_bind: str = "127.0.0.1"
    webhook_port: int = 0
    """0: no webhook."""
    webhook_token_file: str = ""
    alert_lasts: int = 600_000
    """Milliseconds for which an alert stands that is not said again."""
    power_interval: int = 10_000
    """Milliseconds between two readings of one host's power."""
    device_interval: int = 21_600_000
    """Milliseconds between two checks of one host's power devices; 0: none."""
    room_interval: int = 900_000
    """Milliseconds between two reads of who has room; 0: none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeSettings:
    """Where Nova's notifications are, and what of that bus is ours."""

    address: BusAddress | None = None
    """None: there is no bridge."""
    tls: bool = False
    ssl_cafile: str = ""
    ssl_certfile: str = ""
    ssl_keyfile: str = ""
    sasl_mechanism: str = "PLAIN"
    """On Kafka."""
    exchange: str = "nova"
    """On RabbitMQ."""
    topics: tuple[str, ...] = ("versioned_notifications",)
    pool: str = "kasugai-bridge"
    """Our queue, or our consumer group."""
    queue_type: str = "classic"
    queue_length: int = 100_000
    """Messages that wait in our queue at most."""
    silence: int = 3_600_000
    """Milliseconds without a notification after which that is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSettings:
    """What the processors need to know about the deployment."""

    partitions: int = 12
    """Of every topic that is not fixed in its contract; never changed after `kasugai topics apply`."""
    instance: str = ""
    """This process's name among its kind, stable over restarts; `load` fills in the machine's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentsSettings:
    """How the words of agents are held to their names."""

    proof: str = "hmac"
    """`hmac`, or `none`: names are believed."""
    master_keys_file: str = MASTER_KEYS_FILE


@dataclass(frozen=True, slots=True, kw_only=True)
class LivenessSettings:
    """How silence is judged."""

    rules: Rules = field(default_factory=Rules)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """How the REST API is served."""

    listen: str = "0.0.0.0"
    port: int = 15868
    workers: int = 1
    """Processes."""
    threads: int = 32
    """Requests that each of them answers at a time."""
    auth_strategy: str = "keystone"
    noauth2_anywhere: bool = False
    """Whether `noauth2` may be served beyond the loopback interface."""
    max_limit: int = 1000
    link_prefix: str = ""
    project_id_regex: str = r"[0-9a-f\-]+"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnounceSettings:
    """Who is told of incidents outside."""

    receivers_file: str = "/etc/kasugai/receivers.yaml"
    address: str = ""
    """The REST API's for browsers, without a slash at its end; empty: no links."""
    links_key_file: str = ""
    """Empty: no links."""
    links_last: Millis = Millis(3_600_000)
    expires: Millis = Millis(3_600_000)
    timeout: Millis = Millis(5_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """How a worker recovers."""

    profile: str = "production"
    lanes: int = 16
    """How many incidents of hosts one worker carries out at a time."""
    instance_lanes: int = 128
    """How many of instances."""
    process_lanes: int = 16
    """How many of processes."""
    timing: Timing = PRODUCTION
    """The profile with the overrides of the file."""

    def lanes_of(self, kind: Kind) -> int:
        """Return how many incidents of that kind; `lanes` where the kind has no number of its own."""
        lanes: int = getattr(self, f"{kind}_lanes", self.lanes)
        return lanes


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetrySettings:
    """Where health, metrics and traces can be had."""

    bind: str = "127.0.0.1"
    route_port: int = 0
    """0: no server."""
    liveness_port: int = 0
    bridge_port: int = 0
    announce_port: int = 0
    correlate_port: int = 0
    worker_host_port: int = 0
    worker_instance_port: int = 0
    worker_process_port: int = 0
    project_port: int = 0
    observe_nova_port: int = 0
    observe_power_port: int = 0
    observe_metrics_port: int = 0
    observe_silences_port: int = 0
    api_port: int = 0
    """Of the first of several workers; the others follow."""
    otlp_endpoint: str = ""
    """Empty: no traces."""

    def port(self, process: str) -> int:
        """Return the port of a process of the catalogue."""
        port: int = getattr(self, f"{process}_port")
        return port


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All of kasugai.conf."""

    kafka: KafkaSettings
    redis: RedisSettings = field(default_factory=RedisSettings)
    nova: NovaSettings = field(default_factory=NovaSettings)
    power: PowerSettings = field(default_factory=PowerSettings)
    observe: ObserveSettings = field(default_factory=ObserveSettings)
    bridge: BridgeSettings = field(default_factory=BridgeSettings)
    announce: AnnounceSettings = field(default_factory=AnnounceSettings)
    stream: StreamSettings = field(default_factory=StreamSettings)
    agents: AgentsSettings = field(default_factory=AgentsSettings)
    liveness: LivenessSettings = field(default_factory=LivenessSettings)
    api: ApiSettings = field(default_factory=ApiSettings)
    worker: WorkerSettings = field(default_factory=WorkerSettings)
    telemetry: TelemetrySettings = field(default_factory=TelemetrySettings)
    policy: Policy = field(default_factory=Policy)
    """What a new segment gets unless it is told otherwise."""
    files: tuple[str, ...] = ()
    """What these settings were read from and must not be everybody's: the configuration, and the files of passwords,
    keys and clouds that it names."""
    unread: tuple[str, ...] = ()
    """Sentences about what a masakari.conf says and is not done here."""
