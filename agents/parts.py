"""Puts an agent's watches together from its settings; which section switches on what is said here and nowhere else.

A watch that is not wanted is not loaded: its libraries would weigh on every hypervisor.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from kasugai.adapters.boot import boot_id
from kasugai.agents.beating import Guests
from kasugai.agents.hypervisor import guests_of
from kasugai.agents.joining import Joint
from kasugai.agents.leaving import Leaving
from kasugai.agents.ports import Voice, Watch
from kasugai.agents.sending import Sender
from kasugai.agents.settings.values import AgentSettings
from kasugai.agents.telling import Clocks
from kasugai.core.words.heartbeats import Leave, Link
from kasugai.core.words.timing import Millis

if TYPE_CHECKING:
    from kasugai.agents.instance.watch import InstanceWatch
    from kasugai.agents.watchdog.watch import DogWatch, Mail


@dataclass(frozen=True, slots=True)
class Parts:
    """What an agent is made of besides its heart."""

    leaving: Leaving
    watches: tuple[Watch, ...]
    links: Callable[[], tuple[Link, ...]]
    guests: Callable[[], Guests]


@dataclass(frozen=True, slots=True)
class Machine:
    """What watches ask of the host that they run on."""

    clocks: Clocks
    leaving: Leaving

    def uptime(self) -> Millis:
        """Return how long it has been up."""
        return self.clocks.uptime()

    def goes(self) -> bool:
        """Whether it is about to go down."""
        return self.leaving.now not in (Leave.STAYS, Leave.AGENT)


def parts_of(settings: AgentSettings, voice: Voice, clocks: Clocks, changed: Callable[[], None]) -> Parts:
    """Return the parts; `changed` is called when the host begins to go."""
    leaving = Leaving(changed)
    machine = Machine(clocks, leaving)
    links: Callable[[], tuple[Link, ...]] = tuple
    joint = Joint(voice)
    watches: list[Watch] = [leaving]
    if settings.host.enabled:
        from kasugai.agents.outlook import others_of, peers_of

        for peers in peers_of(settings, joint):
            links = peers.links
            watches.append(peers)
        watches += others_of(settings, joint)
    watches += _processes(settings, voice, machine)
    guests: Callable[[], Guests] = Guests
    for hypervisor in guests_of(settings, voice, machine.goes):
        guests = partial(_seen, hypervisor)
        watches.append(hypervisor)
    return Parts(leaving, tuple(watches), links, guests)


def dog_of(settings: AgentSettings, mail: "Mail", sender: Sender, clocks: Clocks) -> "DogWatch | None":
    """Return the watch of the watchdog, where this host's life shall hang on it."""
    told = settings.watchdog
    if not told.enabled:
        return None
    from kasugai.adapters.watchdog import Kernel
    from kasugai.agents.watchdog.rule import Rule
    from kasugai.agents.watchdog.watch import DogOptions, DogWatch

    options = DogOptions(
        device=told.device,
        timeout=Millis(told.timeout * 1_000),
        software=told.software,
        port=told.port,
        networks=told.networks,
        peers=Path(settings.host.peers_file),
    )
    rule = Rule(host=settings.agent.host, boot_id=boot_id(), began=clocks.uptime())
    return DogWatch(rule, options, mail, sender.sealed, clocks.uptime, Kernel())


def _seen(hypervisor: "InstanceWatch") -> Guests:
    return Guests(hypervisor.guests, hypervisor.disks)


def _processes(settings: AgentSettings, voice: Voice, machine: Machine) -> Iterator[Watch]:
    told = settings.process
    if not (told.enabled and Path(told.process_list_path).exists()):
        return
    from kasugai.agents.process.keeping import Rules
    from kasugai.agents.process.watch import ProcessWatch

    yield ProcessWatch(
        file=Path(told.process_list_path),
        own=settings.agent.host,
        host=machine,
        voice=voice,
        rules=Rules(
            interval=told.check_interval,
            retries=told.restart_retries,
            pause=told.restart_interval,
            boot_quiet=Millis(round(told.boot_quiet * 1000)),
        ),
    )
