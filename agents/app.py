"""Runs an agent: puts it together, lets it live, and ends it in order when it is told to.

One event loop does everything; beside it run librdkafka's threads and one that looks at the clock.
"""

import asyncio
import logging
import signal
from contextlib import AsyncExitStack
from importlib.metadata import version
from pathlib import Path

from kasugai.adapters.boot import boot_id, uptime
from kasugai.adapters.kafka.post import Post
from kasugai.adapters.kafka.stranded import end_when_stranded
from kasugai.adapters.memory import give_back
from kasugai.adapters.outbox import Outbox, OutboxAway
from kasugai.adapters.proving.keys import BadKey, read_host_key
from kasugai.adapters.proving.prover import Prover
from kasugai.adapters.systemd.notify import notify
from kasugai.adapters.wall import Wall
from kasugai.agents.beating import Guests, Heart
from kasugai.agents.health import Health, served
from kasugai.agents.leaving import Leaving
from kasugai.agents.logs import set_up
from kasugai.agents.mailing import Mailer
from kasugai.agents.parts import Parts, dog_of, parts_of
from kasugai.agents.sending import Seal, Sender
from kasugai.agents.settings.loading import BadSetting
from kasugai.agents.settings.values import AgentSettings
from kasugai.agents.store import Store
from kasugai.agents.telling import Teller
from kasugai.agents.tending import Tending
from kasugai.core.words.heartbeats import Leave, Link
from kasugai.core.words.timing import Instant, Millis

EVERY = Millis(1_000)
"""Between two beats."""
DELIVERY = Millis(30_000)
"""A record that Kafka has not acknowledged for so long is tried again, by a new request."""
FAREWELL = 2.0
"""Seconds in which the last beat and what waits may still go out."""
SETTLED = 10.0
"""Seconds after which everything has begun, and what only the start needed is given back."""
OUTBOX = "outbox.sqlite"

log = logging.getLogger(__name__)


class Machine:
    """This machine's clocks."""

    def __init__(self) -> None:
        """Read them when asked."""
        self._wall = Wall()

    def uptime(self) -> Millis:
        """Return how long it has been up."""
        return uptime()

    def now(self) -> Instant:
        """Return its time of day."""
        return self._wall.now()


class Sights:
    """What a beat says besides that it is one."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self.parts: Parts | None = None
        self.farewell: Leave | None = None

    def leave(self) -> Leave:
        """Return whether the host or the agent is about to go."""
        if self.farewell is not None:
            return self.farewell
        return Leave.STAYS if self.parts is None else self.parts.leaving.now

    def links(self) -> tuple[Link, ...]:
        """Return what is seen of peers."""
        return () if self.parts is None else self.parts.links()

    def guests(self) -> Guests:
        """Return what the hypervisor runs."""
        return Guests() if self.parts is None else self.parts.guests()


def main(settings: AgentSettings) -> int:
    """Live until SIGTERM or SIGINT; return the exit code."""
    set_up(debug=settings.agent.debug)
    for remark in settings.remarks:
        log.warning("%s", remark)
    seal = seal_of(settings)
    end_when_stranded()
    asyncio.run(_live(settings, seal))
    return 0


def seal_of(settings: AgentSettings) -> Seal | None:
    """Return what proves whose word each record is; BadSetting when there is no key and nobody said that none is
    wanted."""
    told = settings.agent
    if told.proof == "none":
        log.warning(
            "[agent] proof = none: whoever may write to the topics of agents can speak as %s", told.host
        )
        return None
    try:
        return Prover(told.host, read_host_key(told.key_file, told.host))
    except BadKey as error:
        raise BadSetting(f"[agent] key_file: {error}") from error


async def _live(settings: AgentSettings, seal: Seal | None) -> None:
    told, sights, clocks = settings.agent, Sights(), Machine()
    store = Store(lambda: _opened(settings))
    mail = Mailer(lambda: Post(settings.kafka, f"kasugai-agent-{told.host}", DELIVERY))
    sender = Sender(store, mail, seal)
    heart = Heart(
        host=told.host,
        boot_id=boot_id(),
        version=version("kasugai"),
        every=EVERY,
        clocks=clocks,
        mail=mail,
        sender=sender,
        sights=sights,
    )
    teller = Teller(host=told.host, boot_id=boot_id(), clocks=clocks, store=store, wake=sender.wake)
    sights.parts = parts_of(settings, teller, clocks, heart.beat_now)
    dog = dog_of(settings, mail, sender, clocks)
    tending = Tending((*sights.parts.watches, *([dog] if dog else ())))
    health = Health(heart, store, sender, tending)
    heart.after_beat += [tending.tell, health.tell]
    asyncio.get_running_loop().call_later(SETTLED, give_back)
    async with AsyncExitStack() as stack:
        stack.callback(store.close)
        if told.health_port:
            await stack.enter_async_context(await _health_of(health, told.health_port))
        log.info("%s is watched: %s", told.host, ", ".join(each.watch.name for each in tending.all))
        await _until_told(heart.run(), sender.run(), tending.run())
        if dog is not None:
            dog.end(FAREWELL)
        await _farewell(sights, sights.parts.leaving, heart, mail, sender)


def _opened(settings: AgentSettings) -> Outbox:
    folder = Path(settings.agent.state_dir)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutboxAway(f"{folder}: {error.strerror}") from error
    return Outbox(folder / OUTBOX, settings.agent.outbox_most)


async def _health_of(health: Health, port: int) -> asyncio.Server:
    try:
        return await served(health, port)
    except OSError as error:
        raise BadSetting(
            f"[agent] health_port {port} is taken ({error.strerror}): set another, or 0"
        ) from error


async def _until_told(*lives: "asyncio._CoroutineLike[None]") -> None:
    """Run these until a signal comes, or one of them fails, which none may."""
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(life) for life in lives]
        await told.wait()
        for task in tasks:
            task.cancel()


async def _farewell(sights: Sights, leaving: Leaving, heart: Heart, mail: Mailer, sender: Sender) -> None:
    """Say that the agent goes, and whether the host does. What has not gone out by then waits on disk."""
    leave = await leaving.asked()
    sights.farewell = Leave.AGENT if leave is Leave.STAYS else leave
    log.info("ending: %s", sights.farewell)
    notify("STOPPING=1")
    heart.beat()
    mail.flush(FAREWELL)
    sender.book()
