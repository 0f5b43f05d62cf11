"""What an agent would watch here, what is missing, and what to type: `kasugai agent check`.

It starts nothing and says nothing to anybody but whoever asked. Each line has a subject, what was found, and where
something is wrong, the next command.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from kasugai.adapters.kafka.reaching import why_unreachable
from kasugai.adapters.outbox import Outbox, OutboxAway
from kasugai.adapters.probing import answers
from kasugai.adapters.proving.keys import BadKey, read_host_key
from kasugai.adapters.systemd.bus import SYSTEM, Bus, BusAway, opened
from kasugai.adapters.watchdog import DRIVERS, identity_of, unfit
from kasugai.agents.hypervisor import guests_of
from kasugai.agents.peers.drawing import BadPeers
from kasugai.agents.peers.watch import PATIENCE
from kasugai.agents.peers.watch import read as read_peers
from kasugai.agents.process.eyes import eye_of
from kasugai.agents.process.listed import BadList, Entry
from kasugai.agents.process.states import State
from kasugai.agents.process.watch import read as read_list
from kasugai.agents.settings.values import AgentSettings
from kasugai.core.words.signals import Symptom
from kasugai.core.words.subject import Subject

LOOKS = 20
"""So often it is asked, within the patience for one answer, whether guests are seen."""


@dataclass(frozen=True, slots=True)
class Found:
    """One line of the answer."""

    subject: str
    text: str
    is_wrong: bool = False


async def checked(settings: AgentSettings, address: str = SYSTEM) -> AsyncIterator[Found]:
    """Yield what is found, one thing after the other; `address` is the bus."""
    for remark in settings.remarks:
        yield Found("settings", remark)
    yield _key(settings)
    yield await asyncio.to_thread(_kafka, settings)
    yield _outbox(settings)
    async for found in _peers(settings):
        yield found
    if settings.watchdog.enabled:
        for found in watchdog(settings):
            yield found
    async for found in _processes(settings, address):
        yield found
    async for found in _guests(settings):
        yield found


def _key(settings: AgentSettings) -> Found:
    told = settings.agent
    if told.proof == "none":
        return Found(
            "proof", f"nothing proves that what is said of {told.host} is said by it ([agent] proof = none)"
        )
    try:
        key = read_host_key(told.key_file, told.host)
    except BadKey as error:
        return Found("proof", str(error), is_wrong=True)
    return Found("proof", f"{told.host} proves its words by key {key.id} of {told.key_file}")


def _kafka(settings: AgentSettings) -> Found:
    if why := why_unreachable(settings.kafka, PATIENCE * 5):
        return Found("kafka", why, is_wrong=True)
    return Found("kafka", f"{settings.kafka.bootstrap_servers} answers")


def _outbox(settings: AgentSettings) -> Found:
    folder = Path(settings.agent.state_dir)
    try:
        outbox = Outbox(folder / "outbox.sqlite", settings.agent.outbox_most)
    except OutboxAway as error:
        text = f"{folder} takes no outbox ({error}): type install -d -o kasugai-agent -m 0750 {folder}"
        return Found("outbox", text, is_wrong=True)
    waiting = len(outbox)
    outbox.close()
    return Found("outbox", f"{folder}: {waiting} words wait for Kafka")


async def _peers(settings: AgentSettings) -> AsyncIterator[Found]:
    told = settings.host
    if not told.enabled:
        yield Found("peers", "nobody is asked ([host] enabled = false)")
        return
    file = Path(told.peers_file)
    try:
        drawn = read_peers(file).drawn(settings.agent.host)
    except BadPeers as error:
        yield Found(
            "peers", f"{error}: write lines HOST NETWORK ADDRESS, the same on every host", is_wrong=True
        )
        return
    for network, hosts in drawn.items():
        for host, address in hosts.items():
            answered = await answers(address, told.peer_port, PATIENCE)
            yield Found("peers", _of_peer(host, network, address, told.peer_port, answered), not answered)


def _of_peer(host: str, network: str, address: str, port: int, answered: bool) -> str:
    if answered:
        return f"{host} answers by {network} ({address})"
    return (
        f"{host} does not answer by {network} ({address}, TCP port {port}): if it runs, let its firewall pass or "
        "refuse that port, not drop it"
    )


def watchdog(settings: AgentSettings, drivers: Path = DRIVERS) -> Iterator[Found]:
    """Yield what is found of the watchdog by looking at files alone: opened, it would begin to count."""
    told, device = settings.watchdog, Path(settings.watchdog.device)
    if not os.access(device, os.W_OK):
        yield Found("watchdog", f"{device} cannot be written: see docs/operators/watchdog.md", is_wrong=True)
        return
    if why := unfit(device, drivers, software=told.software):
        yield Found("watchdog", why, is_wrong=True)
    try:
        listed = read_peers(Path(settings.host.peers_file)).by_network.values()
    except BadPeers:
        return  # said of the peers
    own = sum(settings.agent.host in hosts for hosts in listed)
    name = identity_of(device, drivers) or "a driver without a name"
    text = f"{device} is {name}; this host is listed on {own} networks"
    yield Found("watchdog", f"{text}, {told.networks} are needed", is_wrong=own < told.networks)


async def _processes(settings: AgentSettings, address: str) -> AsyncIterator[Found]:
    told = settings.process
    if not told.enabled:
        yield Found("process", "no process is watched ([process] enabled = false)")
        return
    try:
        listed = read_list(Path(told.process_list_path))
    except BadList as error:
        yield Found("process", f"{error}; [process] process_list_path names it", is_wrong=True)
        return
    for remark in listed.remarks:
        yield Found("process", remark)
    async with AsyncExitStack() as stack:
        bus: Bus | None = None
        try:
            bus = await stack.enter_async_context(opened(address))
        except BusAway as error:
            yield Found("process", f"units are watched by their names alone: {error}")
        for entry in listed.entries:
            yield await _process(entry, bus)


async def _process(entry: Entry, bus: Bus | None) -> Found:
    async with eye_of(entry, bus) as eye:
        try:
            sight = await eye.look()
        except BusAway as error:
            return Found("process", f"{entry.name}: {error}", is_wrong=True)
        wrong = sight.state in (State.ABSENT, State.UNKNOWN, State.DEAD)
        more = f": correct its entry; {_similar(entry)}" if sight.state is State.ABSENT else ""
        return Found("process", f"{entry.name} by {eye.how}: {sight.state}, {sight.seen}{more}", wrong)


def _similar(entry: Entry) -> str:
    if entry.unit:
        return f"type systemctl list-unit-files '*{entry.name}*'"
    return f"type ps -eo args | grep {entry.name}"


class _Nobody:
    """The Voice port of who only looks."""

    def say(self, subject: Subject, symptom: Symptom, *, again: bool = False, seen: str = "") -> None:
        """Tell nobody."""


async def _guests(settings: AgentSettings) -> AsyncIterator[Found]:
    if not settings.instance.enabled:
        yield Found("instance", "no guest is watched ([instance] enabled = false)")
    for watch in guests_of(settings, _Nobody(), lambda: False):
        running = asyncio.create_task(watch.run())
        for _ in range(LOOKS):
            await asyncio.sleep(PATIENCE / LOOKS)
            if not watch.trouble:
                break
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        yield Found("instance", watch.trouble or f"{watch.guests} guests are seen", bool(watch.trouble))


def verdicts(found: list[Found]) -> Iterator[str]:
    """Yield the last line: how much is wrong."""
    wrong = sum(each.is_wrong for each in found)
    yield "all that is wanted is watched" if not wrong else f"{wrong} of {len(found)} need your hand"
