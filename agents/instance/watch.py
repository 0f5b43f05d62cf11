"""The agent's watch over its host's guests: hears libvirt's events, looks at all guests, and tells what has failed.

While libvirt cannot be asked nothing is known, and nothing is said: a guest that cannot be seen is not off. After each
new connection all is looked at again, and what died meanwhile is found by comparing.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from threading import Event as ThreadEvent
from typing import Final, TypeVar

from kasugai.agents.instance.asking import Asker
from kasugai.agents.instance.describing import NotAGuestError, description_of
from kasugai.agents.instance.known import Known
from kasugai.agents.instance.libvirt_door import LibvirtDoor
from kasugai.agents.instance.options import USUAL, InstanceOptions
from kasugai.agents.instance.pinging import Answer
from kasugai.agents.instance.pings import Pings
from kasugai.agents.instance.places import Places
from kasugai.agents.instance.ports import Door, Ears, Line, UnreachableError
from kasugai.agents.instance.values import Description, Heard, Say, Seen
from kasugai.agents.ports import Voice
from kasugai.core.words.heartbeats import DiskCount
from kasugai.core.words.subject import Kind, Subject
from kasugai.core.words.timing import Millis, MonoTime, later

T = TypeVar("T")

AFTERWARDS: Final = (Millis(2_000), Millis(10_000))
"""So long after it was opened a line is looked through again: libvirt that has just started still calls guests active
whose QEMU is dead (0.8 s, measured)."""
GAP: Final[Millis] = Millis(200)
"""Between two looks lies at least this: who falls due meanwhile is seen by the next."""
BREATH: Final = 20
"""So many words are said before the loop serves others: each is written to disk."""


class InstanceWatch:
    """The `Watch` over guests."""

    name = "instance"

    def __init__(
        self,
        host: str,
        voice: Voice,
        door: Door,
        options: InstanceOptions = USUAL,
        going: Callable[[], bool] = lambda: False,
        places: Places | None = None,
    ) -> None:
        """`host` is Nova's name of this one. `going` says whether it is being shut down: then guests end by that, and
        none of them has failed."""
        self._host = host
        self._voice = voice
        self._door = door
        self._options = options
        self._going = going
        self._places = places or Places()
        self._known = Known(options.patience)
        self._pings = Pings(door, options.pings, options.reopen, self._known.pinged, self._answered)
        self._blind = "libvirt has not been asked yet"
        self._is_wanted = asyncio.Event()
        self._has_ended = ThreadEvent()
        self._lost = ""
        self._looks: tuple[MonoTime, ...] = ()
        self.guests = -1
        """How many guests run here; -1 while nobody knows."""
        self.disks: tuple[DiskCount, ...] = ()
        """On what they lie."""

    @property
    def trouble(self) -> str:
        """Why nothing is seen, or nobody asked, in one line; empty while all is well."""
        return self._blind or self._pings.trouble

    async def run(self) -> None:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watch())
            if self._options.pings.wanted:
                group.create_task(self._pings.run())

    async def _watch(self) -> None:
        asker = Asker("libvirt")
        self._has_ended = ThreadEvent()
        try:
            while True:
                try:
                    await self._watch_by_one_line(asker)
                except UnreachableError as error:
                    self._close_eyes(f"guests are not seen: {error}")
                await asyncio.sleep(self._options.reopen / 1000)
        finally:
            self._has_ended.set()
            asker.end()

    def _open(self, ears: Ears) -> Line:
        """In a thread, and maybe much later: a daemon that hung has let go of it, and nobody may be there any more."""
        line = self._door.watch(ears)
        if self._has_ended.is_set():
            line.close()
            raise UnreachableError("nobody watches any more")
        return line

    async def _watch_by_one_line(self, asker: Asker) -> None:
        """Look as long as the line lasts; UnreachableError when it does not."""
        loop = asyncio.get_running_loop()
        self._lost = ""
        ears = Ears(event=_threadsafe(loop, self._hear), lost=_threadsafe(loop, self._lose))
        line = await self._patiently(asker.ask(partial(self._open, ears)))
        try:
            now = self._now()
            self._looks = (now, *(later(now, each) for each in AFTERWARDS))
            while True:
                await self._wait()
                await self._look(line, asker)
        finally:
            asker.ask(line.close)

    async def _wait(self) -> None:
        """Wait until a look is due; UnreachableError when the line is down."""
        begun = self._now()
        while not self._lost and (due := max(self._due(), later(begun, GAP))) > (now := self._now()):
            self._is_wanted.clear()
            try:
                async with asyncio.timeout((due - now) / 1000):
                    await self._is_wanted.wait()
            except TimeoutError:
                break
        if self._lost:
            raise UnreachableError(self._lost)

    def _due(self) -> MonoTime:
        own = self._known.due()
        return min(self._looks[0], self._looks[0] if own is None else own)

    async def _look(self, line: Line, asker: Asker) -> None:
        now = self._now()
        then = later(now, self._options.look_every)
        self._looks = (*(each for each in self._looks if now < each < then), then)
        self._known.ask()
        seen = await self._patiently(asker.ask(line.states))
        await self._describe(seen, line, asker)
        told = self._known.look(seen, self._now(), going=self._going())
        self._blind = ""
        self._count()
        await self._say(told)

    async def _describe(self, seen: Sequence[Seen], line: Line, asker: Asker) -> None:
        unknown = self._known.undescribed(seen)
        if unknown:
            self._known.describe(await self._patiently(asker.ask(partial(_described, line, unknown))))

    async def _patiently(self, answer: "asyncio.Future[T]") -> T:
        """Wait for libvirt's answer; what takes too long is trouble, and still waited for: a second question would hang
        as the first does, and the keepalive ends both."""
        patience = self._options.answer / 1000
        try:
            done, _ = await asyncio.wait({answer}, timeout=patience)
        except asyncio.CancelledError:
            answer.cancel()
            raise
        if not done:
            self._close_eyes(f"guests are not seen: libvirt has not answered for {patience:g} s")
        return await answer

    async def _say(self, told: Sequence[Say]) -> None:
        for number, each in enumerate(told, start=1):
            subject = Subject(kind=Kind.INSTANCE, host=self._host, detail=each.uuid)
            self._voice.say(subject, each.symptom, again=each.again, seen=each.seen)
            if number % BREATH == 0:
                await asyncio.sleep(0)

    def _count(self) -> None:
        active = self._known.active()
        self.guests = len(active)
        self.disks = self._places.counted(active)

    def _close_eyes(self, why: str) -> None:
        self._blind = why
        self.guests, self.disks = -1, ()

    def _hear(self, event: Heard) -> None:
        self._known.hear(event, self._now())
        self._is_wanted.set()

    def _lose(self, why: str) -> None:
        self._lost = why
        self._is_wanted.set()

    def _answered(self, uuid: str, answer: Answer) -> None:
        self._known.ping(uuid, answer, self._now())
        self._is_wanted.set()

    def _now(self) -> MonoTime:
        return MonoTime(int(asyncio.get_running_loop().time() * 1000))


def instance_watch(
    host: str,
    voice: Voice,
    uri: str,
    options: InstanceOptions = USUAL,
    going: Callable[[], bool] = lambda: False,
) -> InstanceWatch:
    """Return the watch over the guests of the hypervisor at libvirt's `uri` (`qemu:///system`). libvirt's binding is
    loaded when it runs; where there is none, that is its trouble."""
    return InstanceWatch(host, voice, LibvirtDoor(uri, options.keepalive), options, going)


def _described(line: Line, uuids: Sequence[str]) -> Mapping[str, Description]:
    """Read the XML of several guests; whose cannot be read now is read with the next look."""
    found = {}
    for uuid in uuids:
        try:
            found[uuid] = description_of(line.description(uuid))
        except NotAGuestError:
            continue
    return found


def _threadsafe(loop: asyncio.AbstractEventLoop, call: Callable[[T], None]) -> Callable[[T], None]:
    """Let another thread have something done in the loop; once that has ended, nothing."""

    def tell(what: T) -> None:
        try:
            loop.call_soon_threadsafe(call, what)
        except RuntimeError:
            return

    return tell
