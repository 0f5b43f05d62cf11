"""The settings as values. Secrets stay out of their `repr`. What a field's docstring says is drawn into the sample."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Raw = Mapping[str, Mapping[str, str]]
"""Options as text, by section and name: what belongs to watches that read their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentPart:
    """Who the agent is, and where it keeps what."""

    host: str = ""
    """This host as Nova's service list calls it, byte for byte; empty: the machine's name."""
    proof: str = "key"
    """`key`: each record proves whose word it is, by key_file. `none`: nothing proves it, and route and liveness must
    have been told to take that."""
    key_file: str = "/etc/kasugai/agent.key"
    """What `kasugai agent enroll HOST` printed, mode 0600."""
    state_dir: str = "/var/lib/kasugai/agent"
    """Where the outbox lies; $STATE_DIRECTORY, which systemd sets, goes before the default."""
    outbox_most: int = 10_000
    """Words that wait there at most while Kafka is away; the oldest repetitions go first."""
    health_port: int = 9481
    """Where 127.0.0.1 answers /healthz with what is well and what is not; 0: nowhere."""
    debug: bool = False
    """Whether the log says more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaPart:
    """Where Kafka is, and who the agent is there."""

    bootstrap_servers: str = ""
    """Some of the brokers as host:port, separated by commas. Required."""
    security_protocol: str = "PLAINTEXT"
    """PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL."""
    sasl_mechanism: str = "SCRAM-SHA-512"
    """With SASL: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512."""
    sasl_username: str = ""
    """With SASL: the principal, for example kasugai-agent."""
    sasl_password: str = field(default="", repr=False)
    """With SASL: its password."""
    sasl_password_file: str = ""
    """With SASL: a file with nothing but the password; it goes before sasl_password."""
    ssl_cafile: str = ""
    """With TLS: the authorities to believe (PEM); empty: the system's."""
    ssl_certfile: str = ""
    """With TLS: our certificate (PEM), if we are asked for one."""
    ssl_keyfile: str = ""
    """With TLS: the certificate's key (PEM, without a pass phrase)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPart:
    """What is seen of other hosts."""

    enabled: bool = True
    """Whether peers are asked and the cluster stack is watched. The heartbeat is sent in any case."""
    peers_file: str = "/etc/kasugai/peers"
    """Who can be asked: lines `HOST NETWORK ADDRESS`, the same file on every host. Nobody is asked while it is missing.
    """
    peer_port: int = 9480
    """The TCP port at which peers are asked. Nothing listens there: a refused connection is an answer."""
    peer_interval: float = 3.0
    """Seconds between two questions to one peer."""
    kdump_port: int = 0
    """The UDP port at which fence_kdump's messages of other hosts are heard, 7410 as a rule; 0: they are not."""
    kdump_listen: str = "::"
    """The address that is bound for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessPart:
    """How processes are watched."""

    enabled: bool = True
    """Whether they are."""
    process_list_path: str = "/etc/masakarimonitors/process_list.yaml"
    """The list, as masakari-monitors has it. Nothing is watched while it is missing."""
    check_interval: float = 5.0
    """Seconds between two looks where nothing tells of a change."""
    restart_retries: int = 3
    """Restarts after the first one, before a fault is told."""
    restart_interval: float = 5.0
    """Seconds that a restart gets before the next one."""
    boot_quiet: float = 180.0
    """Seconds after boot in which nothing is concluded from a process that does not run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstancePart:
    """Whether guests are watched; how, the watch of guests reads itself."""

    enabled: bool = True
    """Whether they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchdogPart:
    """A watchdog that resets this host once it has lost Kafka alone: proof of its death without a power device. Read
    docs/operators/watchdog.md before."""

    enabled: bool = False
    """Whether this host's life hangs on it."""
    device: str = "/dev/watchdog"
    """The watchdog's device."""
    timeout: int = 7
    """Seconds after which it resets the host that has not petted it; up to 9, for all of it must fit into 30 s."""
    software: bool = False
    """Whether the kernel's own timer (softdog) is good enough; a kernel that hangs stops it too."""
    port: int = 9480
    """The UDP port at which neighbours ask one another whether they have lost Kafka too."""
    networks: int = 2
    """On so many networks peers_file must name this host, before the watchdog is armed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSettings:
    """All of it."""

    agent: AgentPart = AgentPart()
    kafka: KafkaPart = KafkaPart()
    host: HostPart = HostPart()
    process: ProcessPart = ProcessPart()
    instance: InstancePart = InstancePart()
    watchdog: WatchdogPart = WatchdogPart()
    raw: Raw = field(default_factory=dict, repr=False)
    """Everything that the files say, for watches with options of their own."""
    remarks: tuple[str, ...] = ()
    """What the files say in vain, one sentence each."""
