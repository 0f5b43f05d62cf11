"""The demo's plot: apply a segment, kill a host, kill the worker that recovers it, prove what came of it."""

import argparse
import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import NoReturn

from kasugai.adapters.nova import BadCloud, NovaCloud
from kasugai.cli.clock import now
from kasugai.cli.demo.crew import Crew
from kasugai.cli.demo.parts import Parts
from kasugai.cli.demo.proof import Outcome, outcomes, places
from kasugai.cli.demo.screen import Screen
from kasugai.cli.demo.simulated import HOSTS
from kasugai.cli.exits import Exit, Misused, SaidNo
from kasugai.cli.fault import publish
from kasugai.cli.incident_text import page
from kasugai.cli.recorded import follow
from kasugai.cli.segment import apply
from kasugai.cli.segment_file import WantedHost, WantedSegment
from kasugai.core.recovering.look import GuestView
from kasugai.core.telling.incident_views import IncidentView, Seen, fold
from kasugai.core.words.facts import Fact
from kasugai.core.words.incident import Open, Phase
from kasugai.core.words.signals import Fault

START_WITHIN = 40.0
RECOVER_WITHIN = {"test": 50.0, "production": 900.0}
"""Seconds from the report to the end, by timing profile."""
SEGMENT = "demo"
MIDWAY = 0.8
"""Seconds from the beginning of half of the evacuations to the kill: accepted by Nova, and none has landed."""


@dataclass(frozen=True, slots=True)
class Before:
    """Nova's records before the outage."""

    guests: tuple[GuestView, ...]
    mark: int
    """The highest migration id."""


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
                while not self._crew.are_at_work():  # noqa: ASYNC110 - their logs cannot be awaited
                    await asyncio.sleep(0.1)
        except TimeoutError as error:
            raise SaidNo(f"the processes were not at work within {START_WITHIN:.0f} s") from error
        self._screen.say("route, correlate and two workers are at work.")

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
        return Before(guests, max((record.migration_id for record in records), default=0))

    async def _outage(self, before: Before) -> IncidentView:
        """Let the host die, report it, and watch until the incident is over."""
        host = self._parts.host
        if self._parts.simulated is not None:
            await asyncio.to_thread(self._parts.simulated.power_off, host)
        self._screen.say(f"\n{host} has lost its power, and {len(before.guests)} instances with it.")
        said = argparse.Namespace(host=host, fenced=True, alive=False, id=None, observer="demo", force=False)
        fault, _ = await publish(self._settings.kafka, said)
        self._screen.say(f"kasugai fault publish {host} --fenced\n")
        limit = RECOVER_WITHIN[self._parts.profile]
        try:
            async with asyncio.timeout(limit):
                return await self._watch(fault)
        except TimeoutError as error:
            raise SaidNo(f"the incident was not over within {limit:.0f} s") from error

    async def _watch(self, fault: Fault) -> IncidentView:
        seen: list[Seen] = []
        with self._screen:
            async with aclosing(follow(self._settings.kafka)) as steps:
                async for step in steps:
                    seen += step.seen
                    view = _about(fault, seen)
                    if view is None:
                        continue
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
            f"\nkill -9 {pid}: {self._killed}, which acts, is gone, with {begun} of {len(view.instances)} evacuations "
            "begun.\nThe other worker takes over when group and lease have noticed.\n"
        )

    async def _prove(self, nova: NovaCloud, before: Before, view: IncidentView) -> int:
        """Show the timeline and where everything is now, and say whether it is as it should be."""
        after = {guest.uuid: await nova.guest(guest.uuid) for guest in before.guests}
        records = await nova.migrations(self._parts.host)
        found = outcomes(before.guests, after, records, before.mark)
        self._screen.say(f"\n{page(view, self._names, now())}\n\n{places(found)}\n")
        problems = await self._problems(found, view)
        for problem in problems:
            self._screen.say(f"NOT AS IT SHOULD BE: {problem}")
        if not problems:
            self._screen.say(
                f"All {len(found)} instances are back, in the state that they had. By Nova's own\n"
                "records each was evacuated exactly once, although a worker was killed midway."
            )
        return Exit.NO if problems else Exit.OK

    async def _problems(self, found: list[Outcome], view: IncidentView) -> list[str]:
        problems = [problem for outcome in found for problem in outcome.problems]
        if view.phase is not Phase.RECOVERED:
            problems.append(f"the incident is {view.phase} ({view.why})")
        if self._parts.simulated is not None:
            problems += await asyncio.to_thread(self._parts.simulated.truth)
            if not self._killed:
                problems.append("nobody was killed in the middle: the recovery was over before")
        return problems


def _about(fault: Fault, seen: list[Seen]) -> IncidentView | None:
    """Return the incident that this fault belongs to."""
    for view in fold(seen):
        opens = [record.value for record in view.records if isinstance(record.value, Open)]
        if any(evidence.event_id == fault.event_id for order in opens for evidence in order.evidence):
            return view
    return None


def _owner(view: IncidentView) -> str:
    """Return the instance name of the worker that owns the incident."""
    facts = [record.value for record in view.records if isinstance(record.value, Fact)]
    return max(facts, key=lambda fact: (fact.attempt, fact.epoch)).author.partition("#")[0]
