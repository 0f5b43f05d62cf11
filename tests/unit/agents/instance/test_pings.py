"""Rounds of questions to guests' agents."""

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from kasugai.agents.instance import words
from kasugai.agents.instance.options import InstanceOptions, PingOptions
from kasugai.agents.instance.pinging import Answer
from kasugai.agents.instance.pings import Pings
from kasugai.agents.instance.ports import Ears, Line, UnreachableError
from kasugai.core.words.timing import Millis
from tests.support.guest_watch import Watching, played
from tests.support.hypervisors import ScriptedHypervisor, ScriptedLine


class Agents:
    """A door to agents that answer as they are told, and count who asks at once."""

    def __init__(self, answers: dict[str, Answer], takes: float = 0.0) -> None:
        self.answers = answers
        self.takes = takes
        self.told: list[tuple[str, Answer]] = []
        self.at_once = 0
        self.opened = 0
        self.closed = 0
        self.refuses = ""
        self._asking = 0
        self._lock = threading.Lock()

    def watch(self, ears: Ears) -> Line:
        raise AssertionError("pings watch nothing")

    def ask(self) -> Line:
        if self.refuses:
            raise UnreachableError(self.refuses)
        self.opened += 1
        return _Line(self)

    def ping(self, uuid: str) -> Answer:
        with self._lock:
            self._asking += 1
            self.at_once = max(self.at_once, self._asking)
        time.sleep(self.takes)
        with self._lock:
            self._asking -= 1
        return self.answers[uuid]

    def pings(self, options: PingOptions) -> Pings:
        def tell(uuid: str, answer: Answer) -> None:
            self.told.append((uuid, answer))

        return Pings(self, options, Millis(10), lambda: list(self.answers), tell)


class _Line(ScriptedLine):
    def __init__(self, agents: Agents) -> None:
        self._agents = agents

    def ping(self, uuid: str, patience: int) -> Answer:
        return self._agents.ping(uuid)

    def close(self) -> None:
        self._agents.closed += 1


async def until(so: Callable[[], object]) -> None:
    for _ in range(1_000):
        if so():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it is not so within 10 s")


@played
async def test_many_are_asked_at_once_and_no_more_than_libvirt_serves() -> None:
    agents = Agents({f"g{number}": Answer.SILENT for number in range(12)}, takes=0.05)
    task = asyncio.create_task(agents.pings(PingOptions(parallel=4)).run())
    await until(lambda: len(agents.told) == 12)
    task.cancel()
    assert agents.at_once == 4
    await until(lambda: agents.closed == 1)


@played
async def test_who_was_not_asked_within_the_budget_is_asked_first_in_the_next_round() -> None:
    agents = Agents({f"g{number}": Answer.SILENT for number in range(6)}, takes=0.05)
    options = PingOptions(parallel=1, budget=Millis(120), every=Millis(1))
    task = asyncio.create_task(agents.pings(options).run())
    await until(lambda: len(agents.told) >= 6)
    task.cancel()
    assert sorted(uuid for uuid, _ in agents.told[:6]) == sorted(agents.answers)


@played
async def test_a_line_by_which_nobody_can_be_asked_is_opened_anew() -> None:
    agents = Agents({"g": Answer.UNKNOWN})
    task = asyncio.create_task(agents.pings(PingOptions(every=Millis(1))).run())
    await until(lambda: agents.opened > 1 and agents.closed > 0)
    agents.answers["g"] = Answer.EXCUSED
    await until(lambda: ("g", Answer.EXCUSED) in agents.told)
    opened = agents.opened
    told = len(agents.told)
    await until(lambda: len(agents.told) > told + 3)
    task.cancel()
    assert agents.opened == opened


@played
async def test_missing_rights_are_trouble_in_one_line_until_they_are_given() -> None:
    agents = Agents({"g": Answer.ANSWERED})
    agents.refuses = "access denied: let this user in (usermod -aG libvirt USER)"
    pings = agents.pings(PingOptions(every=Millis(1)))
    task = asyncio.create_task(pings.run())
    await until(lambda: pings.trouble)
    assert pings.trouble == f"guests' agents are not asked: {agents.refuses}"
    agents.refuses = ""
    await until(lambda: agents.told)
    task.cancel()
    assert pings.trouble == ""


@played
async def test_a_watch_without_the_right_to_ask_agents_still_sees() -> None:
    hypervisor = ScriptedHypervisor(refuses="access denied")
    async with Watching(hypervisor, _with_pings(hypervisor)) as watching:
        await watching.until(lambda: watching.watch.trouble == "guests' agents are not asked: access denied")
        hypervisor.run("it")
        hypervisor.kill_guest("it")
        await watching.until(watching.words.news)


@played
async def test_a_guest_whose_agent_falls_silent_is_told_and_one_with_a_job_is_not() -> None:
    hypervisor = ScriptedHypervisor()
    async with Watching(hypervisor, _with_pings(hypervisor)) as watching:
        uuids = {name: hypervisor.run(name) for name in ("silent", "busy", "away")}
        for domain in hypervisor.domains.values():
            domain.agent, domain.xml_agent = Answer.ANSWERED, True
        for name, uuid in uuids.items():  # its XML is read anew
            hypervisor.emit(name, words.lifecycle(uuid, 0, 1))
        await watching.until(lambda: set(hypervisor.pinged) == set(uuids.values()))
        hypervisor.domains["busy"].busy = True
        hypervisor.domains["away"].agent = Answer.ABSENT
        hypervisor.domains["silent"].agent = Answer.SILENT
        await watching.said({uuids["silent"]: "QEMU_GUEST_AGENT_ERROR STOPPED_FAILED"})


@played
async def test_without_pings_nobody_opens_a_line_for_them() -> None:
    hypervisor = ScriptedHypervisor()
    async with Watching(hypervisor, hypervisor.options) as watching:
        await watching.looked()
    assert hypervisor.opened == ["watch"]


def _with_pings(hypervisor: ScriptedHypervisor) -> InstanceOptions:
    return replace(hypervisor.options, pings=PingOptions(wanted=True, every=Millis(20)))
