"""Hears a host that writes its kernel's memory to disk: fence_kdump's message of 8 bytes over UDP.

Such a host is dead and its guests with it, but it must keep its power until the dump has ended; which of the two weighs
more is decided elsewhere. When no message comes any more the dump has ended, and the host is down as before. A message
counts by its sender's address alone, so it proves nothing.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address

from kasugai.agents.ports import Voice
from kasugai.core.words.signals import Symptom
from kasugai.core.words.subject import host_subject

log = logging.getLogger(__name__)

PORT = 7410
"""Where fence_kdump_send sends unless told otherwise."""
MAGIC = 0x1B302A40
VERSION = 1
SIZE = 8
"""Two numbers of 32 bits in the sender's byte order: magic and version."""
REPEAT = 30.0
"""Seconds between two words about a host that goes on dumping."""
SLACK = 1.0
OVER = 300.0
"""After so many seconds without a message, the next one is of another dump."""
SEEN = (
    "writes its kernel's memory to disk (fence_kdump): it is dead, and keeps its power until that has ended"
)
ENDED = 20.0
"""After so many seconds without a message the dump has ended: one comes every few seconds."""
LOOK = 5.0
"""Seconds between two looks for dumps that have ended."""
RETRY = 30.0
"""Seconds until a port that was taken is tried again."""

Address = IPv4Address | IPv6Address


def is_message(data: bytes) -> bool:
    """Return whether these bytes are fence_kdump's message, in either byte order."""
    return len(data) == SIZE and any(
        (int.from_bytes(data[:4], order), int.from_bytes(data[4:], order)) == (MAGIC, VERSION)
        for order in ("little", "big")
    )


def address_of(text: str) -> Address | None:
    """Return an address as it is compared: without a zone, and IPv4 within IPv6 as IPv4; None when it is none."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


@dataclass(frozen=True, slots=True, kw_only=True)
class KdumpOptions:
    """Where is listened, and who may be heard."""

    listen: str = "::"
    """The address that is bound; `::` hears IPv4 too where the system lets it."""
    port: int = PORT
    hosts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The addresses from which each host's crash kernel sends, by Nova's service host."""


class Dumps:
    """Who dumps, as messages come. Pure: time is a value."""

    def __init__(self, hosts: Mapping[str, tuple[str, ...]], own: str) -> None:
        """`own` is never spoken of; ValueError names an address that is none, or that two hosts have."""
        self._hosts: dict[Address, str] = {}
        self._heard: dict[str, float] = {}
        self._said: dict[str, float] = {}
        self._dumping: set[str] = set()
        for host, texts in hosts.items():
            for text in texts:
                self._learn(host, text)
        self._own = own

    def _learn(self, host: str, text: str) -> None:
        address = address_of(text)
        if address is None:
            raise ValueError(
                f"kdump: {text!r} of {host} is no IP address: names are not looked up, write the address"
            )
        if self._hosts.setdefault(address, host) != host:
            raise ValueError(
                f"kdump: {text} belongs to {self._hosts[address]} and to {host}: it can tell neither"
            )

    def hear(self, data: bytes, sender: str, now: float) -> tuple[str, bool] | None:
        """Return the host of which is to be said that it dumps, and whether that is said again; None for nobody."""
        address = address_of(sender)
        host = self._hosts.get(address) if address is not None else None
        if host is None or host == self._own or not is_message(data):
            return None
        last, self._heard[host] = self._heard.get(host), now
        again = last is not None and now - last < OVER
        if again and host in self._dumping and now - self._said[host] < REPEAT - SLACK:
            return None
        self._said[host] = now
        self._dumping.add(host)
        return host, again

    def ended(self, now: float) -> list[str]:
        """Return the hosts whose dump has ended since this was asked last."""
        over = sorted(host for host in self._dumping if now - self._heard[host] >= ENDED)
        self._dumping.difference_update(over)
        return over


class KdumpWatch:
    """A `Watch` that listens. Who dumps no more is down, and not said to be well."""

    name = "kdump"

    def __init__(self, options: KdumpOptions, voice: Voice, *, host: str, clock: Callable[[], float]) -> None:
        """`host` is this host's own name, `clock` gives seconds that only grow; ValueError as of `Dumps`."""
        self._options, self._voice, self._clock = options, voice, clock
        self._dumps = Dumps(options.hosts, host)
        self._trouble = "does not listen yet"
        self.port = 0
        """The port that is bound; 0 while none is."""

    @property
    def trouble(self) -> str:
        """Why nothing can be heard, and what to do; empty while it listens."""
        return self._trouble

    async def run(self) -> None:
        """Listen until cancelled; a port that is taken is tried again."""
        while True:
            try:
                await self._listen()
            except OSError as error:
                self._fail(error)
                await asyncio.sleep(RETRY)

    async def _listen(self) -> None:
        over = asyncio.get_running_loop().create_future()
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Ear(self._hear, over), local_addr=(self._options.listen, self._options.port)
        )
        self.port = transport.get_extra_info("sockname")[1]
        self._trouble = ""
        try:
            while not over.done():
                await asyncio.wait({over}, timeout=LOOK)
                self._end()
        finally:
            self.port = 0
            transport.close()

    def _end(self) -> None:
        for host in self._dumps.ended(self._clock()):
            log.warning("a host dumps no more", extra={"host": host})
            self._voice.say(host_subject(host), Symptom.DOWN, again=True, seen="kdump: its dump has ended")

    def _hear(self, data: bytes, sender: str) -> None:
        heard = self._dumps.hear(data, sender, self._clock())
        if heard is None:
            return
        host, again = heard
        log.warning("a host dumps", extra={"host": host, "sender": sender, "again": again})
        self._voice.say(host_subject(host), Symptom.DUMPING, again=again, seen=f"kdump: {SEEN}")

    def _fail(self, error: OSError) -> None:
        place = f"{self._options.listen} port {self._options.port}"
        self._trouble = (
            f"UDP {place} cannot be bound ({error.strerror}): is fence_kdump or another agent listening?"
        )
        log.warning("does not listen", extra={"watch": self.name, "why": self._trouble})


class _Ear(asyncio.DatagramProtocol):
    def __init__(self, hear: Callable[[bytes, str], None], over: "asyncio.Future[None]") -> None:
        self._hear, self._over = hear, over

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._hear(data, addr[0])

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._over.done():
            self._over.set_result(None)
