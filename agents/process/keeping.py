"""What is done about one process: look, try to restart it, tell when that was of no use, and take it back later.

It concludes nothing in the first minutes after boot, while the host goes down, or of what nobody can see. A process
that somebody stopped in an orderly way is left as it is: that is said in the log, and is no fault.
"""

import asyncio
import logging
from dataclasses import dataclass
from typing import Protocol

from kasugai.agents.ports import Voice
from kasugai.agents.process import commands
from kasugai.agents.process.eyes import Eye
from kasugai.agents.process.listed import Entry
from kasugai.agents.process.states import Sight, State
from kasugai.core.words.signals import Symptom
from kasugai.core.words.subject import process_subject
from kasugai.core.words.timing import Millis

REPEAT = 30.0
"""Seconds after which a standing fault is said again."""
STEADY = 10.0
"""Seconds that a process must be seen alive before its fault is taken back."""
PENDING_MOST = 180.0
"""Seconds after which one that is still being started or stopped has failed: twice systemd's own time-out."""

NO_WAY = "it has no restart_command"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How often is looked and tried."""

    interval: float = 5.0
    """Seconds between two looks where nothing tells of a change."""
    retries: int = 3
    """Restarts after the first one."""
    pause: float = 5.0
    """Seconds that a restart gets before the next one."""
    boot_quiet: Millis = Millis(180_000)
    """For so long after boot nothing is concluded."""


class Host(Protocol):
    """What is asked of the host."""

    def uptime(self) -> Millis:
        """Return how long it has been up."""

    def goes(self) -> bool:
        """Whether it is about to go down."""


@dataclass(slots=True)
class Kept:
    """What is known of a process while the agent lives."""

    told: Symptom | None = None
    """What was said of it last; None: nothing yet."""
    was_tried: bool = False
    """Whether restarts were tried since it was last alive."""
    alive_since: float | None = None
    pending_since: float | None = None
    said_at: float = 0.0
    last: State | None = None
    trouble: str = ""
    how: str = ""


class Keeper:
    """One process, as long as one list and one bus last; what is known of it outlives both."""

    def __init__(
        self, entry: Entry, eye: Eye, kept: Kept, *, host: Host, voice: Voice, rules: Rules, own: str
    ):
        """Keep `entry` of the host called `own`."""
        self._entry, self._eye, self._kept = entry, eye, kept
        self._host, self._voice, self._rules = host, voice, rules
        self._subject = process_subject(own, entry.name)
        kept.how = eye.how

    async def run(self) -> None:
        """Keep it until cancelled; BusAway when the bus that it is seen by has gone."""
        while True:
            sight = await self._eye.look()
            self._note(sight)
            await self._conclude(sight)
            await self._eye.changed(self._rules.interval if self._is_busy(sight) else self._longest)

    @property
    def _longest(self) -> float:
        return max(self._rules.interval, REPEAT)

    def _is_busy(self, sight: Sight) -> bool:
        """Whether something is waited for that no signal tells."""
        settled = sight.state is State.ALIVE and self._kept.told is Symptom.CLEAR
        return not (settled or sight.state is State.STOPPED)

    def _note(self, sight: Sight) -> None:
        kept, now = self._kept, self._now()
        kept.trouble = sight.seen if sight.state in (State.ABSENT, State.UNKNOWN) else ""
        kept.alive_since = None if sight.state is not State.ALIVE else kept.alive_since or now
        kept.pending_since = None if sight.state is not State.PENDING else kept.pending_since or now
        if sight.state is not kept.last:
            level = logging.INFO if kept.last is not None or sight.state is not State.ALIVE else logging.DEBUG
            log.log(level, "%s is %s: %s", self._entry.name, sight.state, sight.seen)
            kept.last = sight.state

    async def _conclude(self, sight: Sight) -> None:
        kept, now = self._kept, self._now()
        match sight.state:
            case State.ALIVE if now - (kept.alive_since or now) >= STEADY or kept.told is None:
                kept.was_tried = False
                self._say(Symptom.CLEAR, sight)
            case State.STOPPED:
                self._say(Symptom.CLEAR, sight)
            case State.DEAD:
                await self._failed(sight)
            case State.PENDING if now - (kept.pending_since or now) >= PENDING_MOST:
                await self._failed(sight)
            case _:
                pass

    async def _failed(self, sight: Sight) -> None:
        if self._host.goes() or self._host.uptime() < self._rules.boot_quiet:
            return
        if not self._kept.was_tried:
            self._kept.was_tried = True
            if await self._is_back():
                return
        if self._kept.told is not Symptom.DOWN or self._now() - self._kept.said_at >= REPEAT:
            self._say(Symptom.DOWN, sight)

    def _say(self, symptom: Symptom, sight: Sight) -> None:
        """A fault of a former life of the agent stands on disk: it is repeated, or taken back, as one of this life."""
        if symptom is Symptom.CLEAR and self._kept.told is Symptom.CLEAR:
            return
        self._voice.say(self._subject, symptom, again=symptom is Symptom.DOWN, seen=sight.seen)
        self._kept.told, self._kept.said_at = symptom, self._now()

    async def _is_back(self) -> bool:
        """Restart it as often as is allowed; the last try counts like the others. A host that goes is left alone."""
        for attempt in range(1, self._rules.retries + 2):
            log.warning(
                "%s does not run: restart %d of %d", self._entry.name, attempt, self._rules.retries + 1
            )
            if trouble := await self._restarted():
                log.error("%s: %s", self._entry.name, trouble)
            if await self._lives_within(self._rules.pause):
                return True
            if self._host.goes():
                return True
        return False

    async def _restarted(self) -> str:
        """Return what went wrong, or nothing."""
        entry = self._entry
        if entry.before_restart and (
            trouble := await commands.run(entry.before_restart, as_root=entry.as_root)
        ):
            return trouble
        trouble = await self._restart()
        if not trouble and entry.after_restart:
            trouble = await commands.run(entry.after_restart, as_root=entry.as_root)
        return trouble

    async def _restart(self) -> str:
        """A unit is restarted by systemd itself, for which nobody has to be root."""
        entry = self._entry
        by_itself = await self._eye.restart()
        if by_itself is None or (by_itself and entry.restart):
            return await commands.run(entry.restart, as_root=entry.as_root) if entry.restart else NO_WAY
        return by_itself

    async def _lives_within(self, seconds: float) -> bool:
        """Whether it is seen alive at the end of a pause: what dies at once is not back."""
        await asyncio.sleep(seconds)
        sight = await self._eye.look()
        self._note(sight)
        return sight.state in (State.ALIVE, State.STOPPED)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
