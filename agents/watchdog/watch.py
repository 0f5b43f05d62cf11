"""The watch of the watchdog: once a second it pets the device if it may, says so to Kafka, and in doubt asks others.

When it may is `rule`'s to say. The device is opened once Kafka has had a first word and neighbours answer by enough
networks; it outlives every trouble of this watch, and is closed in order only when Kafka has the word that it will be.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from kasugai.adapters.kafka.post import PostFull, Report
from kasugai.adapters.watchdog import DRIVERS, Calls, Watchdog, WatchdogAway, unfit
from kasugai.agents.peers.drawing import BadPeers
from kasugai.agents.peers.watch import read
from kasugai.agents.sending import Headers
from kasugai.agents.watchdog.asking import Asking
from kasugai.agents.watchdog.rule import Rule
from kasugai.core.words.lifelines import PARTITION, SIDE, Lifeline, neighbours_of
from kasugai.core.words.log import LogAway, LogRefused
from kasugai.core.words.timing import Millis
from kasugai.schemas.headers import own_headers
from kasugai.schemas.topics import HEARTBEATS
from kasugai.schemas.writing import writer_of, written

EVERY = 1.0
PROBE = 3
"""Turns between two questions to everybody who may become a neighbour; in doubt each turn."""
ANSWERED: Millis = Millis(12_000)
"""Who has answered within this may be a neighbour."""
UNDER_WAY = 3
"""Records without a report: with so many Kafka is away."""
RETRY = 30.0

log = logging.getLogger(__name__)


class Mail(Protocol):
    """Where lifelines go."""

    def send_to(
        self, partition: int, topic: str, key: str, value: bytes, headers: Headers, report: Report
    ) -> None:
        """Hand a record over; raise LogRefused or PostFull."""

    def serve(self) -> None:
        """Let reports be told."""

    def flush(self, seconds: float) -> None:
        """Wait for what is under way, but no longer: blocks."""


Seal = Callable[[str, str, bytes, Headers], Headers]
"""Returns a record's headers with what proves whose word it is (`Sender.sealed`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DogOptions:
    """What the operator says."""

    device: str
    timeout: Millis
    software: bool
    port: int
    networks: int
    """Networks by which this host must be able to ask, before its life hangs on it."""
    peers: Path
    listen: str = "::"
    drivers: Path = DRIVERS


class DogWatch:
    """A `ports.Watch`."""

    name = "watchdog"

    def __init__(
        self,
        rule: Rule,
        options: DogOptions,
        mail: Mail,
        seal: Seal,
        uptime: Callable[[], Millis],
        calls: Calls,
    ) -> None:
        """Hold the host called as the rule says; nothing is opened yet."""
        self._rule, self._options, self._mail, self._seal = rule, options, mail, seal
        self._uptime, self._calls = uptime, calls
        self._writer = writer_of(Lifeline)
        self._device: Watchdog | None = None
        self._asking = Asking(lambda: rule.says_so(uptime()), self._heard)
        self._answered: dict[str, Millis] = {}
        self._ways: dict[str, tuple[tuple[str, str], ...]] = {}
        """By host: its networks and addresses."""
        self._circle: tuple[str, ...] = ()
        self._under_way = 0
        self._turns = 0
        self._why = "it has not begun yet"
        self._refused = float("-inf")

    @property
    def trouble(self) -> str:
        """Why this host does not hang on its watchdog; empty while it does."""
        return "" if self._device is not None and not self._why else self._why or "it is not armed yet"

    async def run(self) -> None:
        """Hold the host until cancelled."""
        loop = asyncio.get_running_loop()
        self._read_list()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: self._asking, local_addr=(self._options.listen, self._options.port)
        )
        try:
            due = loop.time()
            while True:
                self.turn()
                due = max(due + EVERY, loop.time() + EVERY / 2)
                await asyncio.sleep(due - loop.time())
        finally:
            transport.close()

    def turn(self) -> None:
        """Do what is due once a second."""
        self._turns += 1
        if self._turns % 10 == 0:
            self._read_list()
        self._mail.serve()
        self._pet()
        self._arm()
        self._send(self._neighbours())
        doubts = self._rule.is_in_doubt(self._uptime())
        if doubts or self._turns % PROBE == 1:
            self._ask()

    def _pet(self) -> None:
        """Look and pet in one breath: what lies between the two is the device's time-out at most, and counted so."""
        if self._device is None or not self._rule.may_pet(self._uptime()):
            if self._device is not None:
                self._why = (
                    "it is not petted any more: Kafka has had no word, and the neighbours are confirmed"
                )
            return
        try:
            self._device.pet()
            self._why = ""
        except WatchdogAway as error:
            self._why = str(error)

    def _arm(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._device is not None or now - self._refused < RETRY:
            return
        if why := self._why_not():
            self._why = why
            return
        options = self._options
        try:
            self._device = Watchdog(
                options.device, options.timeout, software=options.software, calls=self._calls
            )
        except WatchdogAway as error:
            self._refused, self._why = now, str(error)
            return
        self._rule.timeout, self._why = self._device.timeout, ""
        log.warning(
            "%s is armed: this host is reset %d s after Kafka and its neighbours are lost",
            options.device,
            self._device.timeout // 1000,
        )

    def _why_not(self) -> str:
        """Why the device is not opened yet."""
        if why := unfit(Path(self._options.device), self._options.drivers, software=self._options.software):
            return why
        if self._rule.is_in_doubt(self._uptime()):
            return "Kafka has had no word yet"
        own = {network for network, _ in self._ways.get(self._rule.host, ())}
        if len(own) < self._options.networks:
            return (
                f"{self._options.peers} names this host on {len(own)} networks, and {self._options.networks} are "
                "needed: one switch that fails must not reset all hosts"
            )
        if not self._neighbours():
            return f"no neighbour answers at UDP port {self._options.port}: an outage of Kafka would reset this host"
        return ""

    def _neighbours(self) -> tuple[str, ...]:
        """Return the nearest hosts of the ring that have answered lately; nobody new, rather than nobody."""
        since = self._uptime() - ANSWERED
        awake = tuple(host for host, at in self._answered.items() if at >= since)
        self._circle = neighbours_of(self._rule.host, awake) or self._circle
        return self._circle

    def _send(self, neighbours: tuple[str, ...]) -> None:
        if self._under_way >= UNDER_WAY:
            return
        word = self._rule.word(self._uptime(), neighbours)
        try:
            value = written(word, self._writer)
            headers = self._seal(HEARTBEATS, word.host, value, own_headers(word))
            self._mail.send_to(PARTITION, HEARTBEATS, word.host, value, headers, self._reported(word))
            self._under_way += 1
        except (LogRefused, PostFull) as error:
            log.warning("no lifeline is sent: %s", str(error) or "too many records are under way")

    def _reported(self, word: Lifeline) -> Report:
        def report(found: LogAway | LogRefused | None) -> None:
            self._under_way -= 1
            if found is None:
                self._rule.has(word.uptime)

        return report

    def _ask(self) -> None:
        """Ask who stands near in the ring, and the circle, by each network."""
        ring = [host for host in sorted(self._ways) if host != self._rule.host]
        near = {*neighbours_of(self._rule.host, tuple(ring)), *self._circle}
        for reach in (2, 4, 8):
            if self._is_awake(near):
                break
            near |= _around(self._rule.host, ring, reach * SIDE)
        now = self._uptime()
        for host in sorted(near):
            for _, address in self._ways.get(host, ()):
                self._asking.ask(host, address, self._options.port, now)

    def _is_awake(self, hosts: set[str]) -> bool:
        since = self._uptime() - ANSWERED
        return all(self._answered.get(host, Millis(-1)) >= since for host in hosts)

    def _heard(self, host: str, asked: object, without: bool) -> None:
        assert isinstance(asked, int)
        self._answered[host] = Millis(asked)
        if without:
            self._rule.hear(host, Millis(asked))

    def _read_list(self) -> None:
        try:
            listed = read(self._options.peers)
        except BadPeers as error:
            self._why = self._why if self._device is not None else str(error)
            return
        ways: dict[str, tuple[tuple[str, str], ...]] = {}
        for network, hosts in listed.by_network.items():
            for host, address in hosts.items():
                ways[host] = (*ways.get(host, ()), (network, address))
        self._ways = ways
        self._asking.know({host: [address for _, address in them] for host, them in ways.items()})

    def end(self, seconds: float) -> None:
        """End in order: tell Kafka that the device will be stopped, and stop it once Kafka has that word. Without that
        it counts on: whoever waits for its silence would take a host for dead that runs."""
        if self._device is None:
            return
        device, self._device = self._device, None
        timeout, self._rule.timeout = self._rule.timeout, Millis(0)
        self._under_way = 0
        before = self._uptime()
        self._send(())
        self._mail.flush(seconds)
        if self._rule.acknowledged >= before:
            device.close()
            log.info("%s is disarmed", self._options.device)
            return
        device.abandon()
        log.error(
            "Kafka has not had the word that %s is to be stopped: this host is reset in %d s, unless its agent is back "
            "and confirmed by then",
            self._options.device,
            timeout // 1000,
        )


def _around(own: str, ring: list[str], reach: int) -> set[str]:
    names = sorted({*ring, own})
    at = names.index(own)
    return {names[(at + step) % len(names)] for step in range(-reach, reach + 1)} - {own}
