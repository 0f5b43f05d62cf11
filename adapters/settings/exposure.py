"""What the settings leave open to others, each as one line with what to write or type: said once at each start, and by
`kasugai doctor`.

It looks at settings and at the modes of files, and asks nobody. It refuses nothing: a trial on one machine is open too,
and a wall may stand elsewhere.
"""

import ipaddress
import logging
import os
import stat
from collections.abc import Collection, Iterable, Iterator
from enum import StrEnum
from pathlib import Path

from kasugai.adapters.redis_url import Form, parse
from kasugai.adapters.settings.values import Settings

log = logging.getLogger(__name__)

GUIDE = "docs/operators/connections.md"
BUS_GUIDE = "docs/operators/bridge-setup.md"
PROOF_GUIDE = "docs/operators/proof.md"
EVERYBODY = "default"
"""Redis' user who may do everything, and whom everybody is who gives no name."""


class Part(StrEnum):
    """What can be open."""

    FILES = "files"
    KAFKA = "kafka"
    AGENTS = "agents"
    REDIS = "redis"
    BUS = "bus"
    API = "api"


def used_by(process: str) -> tuple[Part, ...]:
    """Return the parts that a process of the catalogue has to do with."""
    common = (Part.FILES, Part.KAFKA)
    match process:
        case "route" | "liveness":
            return (*common, Part.AGENTS)
        case "correlate" | "observe_nova" | "observe_power" | "observe_metrics" | "observe_silences":
            return common
        case "bridge":
            return (*common, Part.BUS)
        case "api":
            return tuple(part for part in Part if part is not Part.BUS)
        case _:
            return (*common, Part.REDIS)


def warn(settings: Settings, used: Iterable[Part]) -> None:
    """Say in the log what is open to others of the parts that are `used`."""
    for line in exposures(settings, list(used)):
        log.warning("open to others: %s", line)


def exposures(settings: Settings, used: Collection[Part] = tuple(Part)) -> list[str]:
    """Return a line for each thing that is open, in the order of `Part`; `used` are the parts that this process has to
    do with. No line holds a secret."""
    found = {
        Part.FILES: _files,
        Part.KAFKA: _kafka,
        Part.AGENTS: _agents,
        Part.REDIS: _redis,
        Part.BUS: _bus,
        Part.API: _api,
    }
    return [line for part in Part if part in used for line in found[part](settings)]


def _files(settings: Settings) -> Iterator[str]:
    for file in settings.files:
        try:
            mode = stat.S_IMODE(os.stat(file).st_mode)
            is_within_reach = all(
                os.stat(folder).st_mode & stat.S_IXOTH for folder in Path(file).resolve().parents
            )
        except OSError:
            continue  # whoever needs it says so
        is_everybodys = mode & (stat.S_IROTH | stat.S_IWOTH) and is_within_reach
        if is_everybodys or mode & stat.S_IWGRP:
            who = "every user of this machine can read" if is_everybodys else "others can write"
            yield f"{file} (mode {mode:04o}): {who} it; type: chmod u=rw,g=r,o= {file}"


def _kafka(settings: Settings) -> Iterator[str]:
    kafka = settings.kafka
    is_secret, is_known = kafka.security_protocol.endswith("SSL"), kafka.security_protocol.startswith("SASL")
    write = f"write into [kafka]: security_protocol = SASL_SSL ({GUIDE})"
    if not is_secret and not is_known:
        yield f"Kafka is used without TLS and without a password: whoever reaches it is anybody; {write}"
    elif not is_secret:
        yield f"Kafka is used without TLS: what is said can be read and changed on the way; {write}"
    elif not is_known and not kafka.ssl_certfile:
        yield f"Kafka is used without a password or a certificate of ours: it cannot tell who we are; {write}"


def _agents(settings: Settings) -> Iterator[str]:
    if settings.agents.proof == "none":
        yield (
            "no agent proves its name: one hypervisor broken into speaks as every host; write into [agents]: proof = "
            f"hmac ({PROOF_GUIDE})"
        )


def _redis(settings: Settings) -> Iterator[str]:
    redis, address = settings.redis, parse(settings.redis.url)
    user = redis.username or address.username or EVERYBODY
    if not (redis.password or address.password):
        yield (
            "Redis is used without a password: whoever reaches it can take leases and change the ledger; write into "
            f"[redis]: username and password_file ({GUIDE})"
        )
    elif user == EVERYBODY:
        yield (
            f"Redis is used as its user {EVERYBODY}, who may do everything, also forget everything; make one with the "
            f"rights that are needed (ACL SETUSER), as {GUIDE} says"
        )
    is_near = address.form is Form.SOCKET or all(is_loopback(host) for host, _ in address.nodes)
    if not address.tls and not is_near:
        yield (
            "Redis is used without TLS: what is said, and a password, can be read on the way; begin [redis] url with "
            f"rediss ({GUIDE})"
        )


def _bus(settings: Settings) -> Iterator[str]:
    address = settings.bridge.address
    if address is None:
        return
    if not address.username:
        yield (
            "Nova's bus is used without a password: whoever reaches it can notify in Nova's name; write a login into "
            f"[bridge] transport_url ({BUS_GUIDE})"
        )
    if not settings.bridge.tls and not all(is_loopback(host) for host, _ in address.nodes):
        yield (
            "Nova's bus is used without TLS: what is said, and a password, can be read and changed on the way; write "
            f"into [bridge]: tls = yes ({BUS_GUIDE})"
        )


def _api(settings: Settings) -> Iterator[str]:
    if not is_loopback(settings.api.listen):
        yield (
            f"the API listens on {settings.api.listen} without TLS: tokens can be read on the way; let a server with "
            "TLS stand before it, and write into [api]: listen = 127.0.0.1 (docs/api/masakari.md)"
        )


def is_loopback(host: str) -> bool:
    """Whether nobody but this machine can reach an address; a name is asked of nobody, only `localhost` is known."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
