"""The demo's plot: apply a segment, kill a host, kill the worker that recovers it, prove what came of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import NoReturn
from uuid import UUID

from kasugai.adapters.nova import BadCloud, NovaCloud
from kasugai.cli.clock import now
from kasugai.cli.demo.crew import Crew
from kasugai.cli.demo.death import IsOurs, by_report, by_silence, unseen
from kasugai.cli.demo.eyes import heard
from kasugai.cli.demo.parts import Parts
from kasugai.cli.demo.proof import Outcome, outcomes, places
from kasugai.cli.demo.screen import Screen
from kasugai.cli.demo.simulated import HOSTS
from kasugai.cli.demo.stopwatch import Stopwatch
from kasugai.cli.exits import Exit, Misused, SaidNo
from kasugai.cli.incident_text import page
from kasugai.cli.recorded import follow, replay
from kasugai.cli.segment import apply
from kasugai.cli.segment_file import WantedHost, WantedSegment
from kasugai.core.recovering.nova_views import GuestView
from kasugai.core.telling.incident_views import IncidentView, Seen, fold
from kasugai.core.words.facts import Fact
from kasugai.core.words.incident import Phase

START_WITHIN = 50.0
RECOVER_WITHIN = {"test": 60.0, "production": 900.0}
"""Seconds from the death to the end, by timing profile."""
SEGMENT = "demo"
MIDWAY = 0.8
"""Seconds from the beginning of half of the evacuations to the kill: accepted by Nova, and none has landed."""


@dataclass(frozen=True, slots=True)
class Before:
    """Nova's records before the outage."""

    guests: tuple[GuestView, ...]
    mark: int
    """The highest migration id."""
    incidents: frozenset[UUID | None]
    """Those that Kafka holds already."""


class Story:
    """One performance."""

    def __init__(self, parts: Parts, crew: Crew, screen: Screen, names: dict[str, str]) -> None:
        """Everything is running; nothing has happened."""
        self._parts = parts
        self._crew = crew
        self._screen = screen
        self._names = names
        self._settings = parts.settings()
        self._killed = ""
        self._strike_at = 0.0
        self._stopwatch = Stopwatch()

    async def play(self) -> int:
        """Play it to its end and return the exit code; SaidNo when it cannot go on."""
        tasks = [asyncio.create_task(job) for job in (self._play(), self._tend())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return next(task.result() for task in reversed(tasks) if task.done())
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _play(self) -> int:
        async with self._nova() as nova:
            await self._curtain()
            before = await self._look(nova)
            view = await self._outage(before)
            return await self._prove(nova, before, view)

    @asynccontextmanager
    async def _nova(self) -> AsyncIterator[NovaCloud]:
        try:
            nova = NovaCloud(self._settings.nova, client=10.0)
            await nova.check()
        except BadCloud as error:
            raise Misused(str(error)) from error
        try:
            yield nova
        finally:
            await nova.close()

    async def _tend(self) -> NoReturn:
        while True:
            self._crew.tend()
            await asyncio.sleep(0.5)

    async def _curtain(self) -> None:
        """Apply the segment while the processes come up, and wait for them."""
        hosts = HOSTS if self._parts.simulated else (self._parts.host,)
        wanted = WantedSegment(
            name=SEGMENT, policy=self._settings.policy, hosts=tuple(WantedHost(name=host) for host in hosts)
        )
        for change in await apply(self._settings.kafka, [wanted], prune=False):
            self._screen.say(f"  {change.line}")
            if change.record is not None and change.record.name == SEGMENT:
                self._names[getattr(change.record, "segment_id", "")] = SEGMENT
        try:
            async with asyncio.timeout(START_WITHIN):
                while not await self._is_all_set():  # noqa: ASYNC110 - their logs cannot be awaited
                    await asyncio.sleep(0.1)
        except TimeoutError as error:
            raise SaidNo(f"the processes were not at work within {START_WITHIN:.0f} s") from error
        self._screen.say("route, correlate and two workers are at work.")
        if self._parts.agents:
            self._screen.say(f"liveness hears the agents of {', '.join(self._parts.agents)}.")

    async def _is_all_set(self) -> bool:
        """Whether all are at work, and liveness hears each agent: whom it never heard falls silent for nobody."""
        if not self._crew.are_at_work():
            return False
        wanted = len(self._parts.agents)
        return not wanted or await asyncio.to_thread(heard, self._settings.telemetry) >= wanted

    async def _look(self, nova: NovaCloud) -> Before:
        """Read what Nova has on record about the host; a real one that lives is left alone."""
        service = await nova.service(self._parts.host)
        if service is None:
            raise SaidNo(f"Nova knows no nova-compute on {self._parts.host}: openstack compute service list")
        if self._parts.simulated is None and service.is_up:
            raise SaidNo(
                f"Nova says that {self._parts.host} is up: the demo recovers only a host that is off"
            )
        guests = await nova.guests(self._parts.host)
        records = await nova.migrations(self._parts.host)
        incidents = frozenset(view.incident for view in fold(await replay(self._settings.kafka)))
        return Before(guests, max((record.migration_id for record in records), default=0), incidents)

    async def _outage(self, before: Before) -> IncidentView:
        """Let the host die, and watch until the incident is over."""
        is_ours = await self._death(before)
        limit = RECOVER_WITHIN[self._parts.profile]
        try:
            async with asyncio.timeout(limit):
                return await self._follow(is_ours)
        except TimeoutError as error:
            raise SaidNo(f"the incident was not over within {limit:.0f} s") from error

    async def _death(self, before: Before) -> IsOurs:
        parts, host = self._parts, self._parts.host
        self._screen.say("", f"{host} has lost its power, and {len(before.guests)} instances with it.")
        self._stopwatch = Stopwatch()
        if parts.simulated is None:
            return await by_report(self._settings.kafka, host, self._screen)
        return await by_silence(parts.simulated, self._crew, host, before.incidents, self._screen)

    async def _follow(self, is_ours: IsOurs) -> IncidentView:
        seen: list[Seen] = []
        with self._screen:
            async with aclosing(follow(self._settings.kafka)) as steps:
                async for step in steps:
                    seen += step.seen
                    view = min(filter(is_ours, fold(seen)), key=lambda each: not each.incident, default=None)
                    if view is None:
                        continue
                    self._stopwatch.see(view)
                    self._screen.show(view)
                    self._interfere(view)
                    if view.is_told:
                        return view
        raise SaidNo("Kafka has nothing more to say")

    def _interfere(self, view: IncidentView) -> None:
        """Kill whoever acts once half of the evacuations have been under way for a moment."""
        begun, time = (
            sum(step.began is not None for step in view.instances),
            asyncio.get_running_loop().time(),
        )
        if self._killed or begun * 2 < len(view.instances) or not begun:
            return
        self._strike_at = self._strike_at or time + MIDWAY
        if time < self._strike_at:
            return
        self._killed = _owner(view)
        pid = self._crew.kill(self._killed)
        self._screen.say(
            "",
            f"kill -9 {pid}: {self._killed}, which acts, is gone, with {begun} of {len(view.instances)} evacuations "
            "begun.",
            "The other worker takes over when group and lease have noticed.",
            "",
        )

    async def _prove(self, nova: NovaCloud, before: Before, view: IncidentView) -> int:
        """Show the timeline and where everything is now, and say whether it is as it should be."""
        after = {guest.uuid: await nova.guest(guest.uuid) for guest in before.guests}
        records = await nova.migrations(self._parts.host)
        found = outcomes(before.guests, after, records, before.mark)
        self._screen.say("", *page(view, self._names, now()), "", *places(found), "")
        since = "died" if self._parts.simulated else "was reported"
        self._screen.say(f"Seconds after {self._parts.host} {since}:", *self._stopwatch.lines(), "")
        problems = await self._problems(found, view)
        for problem in problems:
            self._screen.say(f"NOT AS IT SHOULD BE: {problem}")
        if not problems:
            self._screen.say(
                f"All {len(found)} instances are back, in the state that they had. By Nova's own",
                "records each was evacuated exactly once, although a worker was killed midway.",
            )
        return Exit.NO if problems else Exit.OK

    async def _problems(self, found: list[Outcome], view: IncidentView) -> list[str]:
        problems = [problem for outcome in found for problem in outcome.problems]
        if view.phase is not Phase.RECOVERED:
            problems.append(f"the incident is {view.phase} ({view.why})")
        if self._parts.simulated is not None:
            problems += unseen(view)
            problems += await asyncio.to_thread(self._parts.simulated.truth)
            if not self._killed:
                problems.append("nobody was killed in the middle: the recovery was over before")
        return problems


def _owner(view: IncidentView) -> str:
    """Return the instance name of the worker that owns the incident."""
    facts = [record.value for record in view.records if isinstance(record.value, Fact)]
    return max(facts, key=lambda fact: (fact.attempt, fact.epoch)).author.partition("#")[0]
