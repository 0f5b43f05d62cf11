"""One process: when it is restarted, when a fault is told, repeated and taken back, and when nothing is concluded."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import pytest

from kasugai.agents.process import commands
from kasugai.agents.process.keeping import REPEAT, STEADY, Keeper, Kept, Rules
from kasugai.agents.process.listed import Entry
from kasugai.agents.process.states import Sight, State
from kasugai.core.words.timing import Millis
from kasugai.sim.loop import run
from tests.support.agent_voices import Heard

ENTRY = Entry(name="nova-compute", process_name="nova-compute", restart=("restart", "it"))
DOWN, CLEAR = ("process/cmp1/nova-compute", "down"), ("process/cmp1/nova-compute", "clear")


@dataclass
class Eye:
    """Sees what it is told to, and what is done about it."""

    state: State = State.ALIVE
    how: str = "unit nova-compute.service"
    restarts: list[float] = field(default_factory=list)
    on_restart: Callable[[int], None] = lambda _: None
    by_itself: str | None = ""

    async def look(self) -> Sight:
        return Sight(self.state, f"seen {self.state}")

    async def changed(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, 1.0))

    async def restart(self) -> str | None:
        self.restarts.append(asyncio.get_running_loop().time())
        self.on_restart(len(self.restarts))
        return self.by_itself


@dataclass
class Host:
    up: int = 10**9
    going: bool = False

    def uptime(self) -> Millis:
        return Millis(self.up + round(asyncio.get_running_loop().time() * 1000))

    def goes(self) -> bool:
        return self.going


@dataclass
class Stage:
    """A keeper and all that is around it."""

    eye: Eye = field(default_factory=Eye)
    host: Host = field(default_factory=Host)
    heard: Heard = field(default_factory=Heard)
    kept: Kept = field(default_factory=Kept)
    entry: Entry = ENTRY

    def play(self, acts: Iterable[tuple[float, Callable[[], None]]], seconds: float) -> None:
        """Let it run for so many seconds, and do each act after its own."""

        async def story() -> None:
            rules = Rules(retries=3, pause=5.0, boot_quiet=Millis(180_000))
            keeper = Keeper(
                self.entry, self.eye, self.kept, host=self.host, voice=self.heard, rules=rules, own="cmp1"
            )
            task = asyncio.create_task(keeper.run())
            for at, act in acts:
                await asyncio.sleep(at - asyncio.get_running_loop().time())
                act()
            await asyncio.sleep(seconds - asyncio.get_running_loop().time())
            assert not task.done()
            task.cancel()

        run(story())

    def becomes(self, state: State) -> Callable[[], None]:
        def act() -> None:
            self.eye.state = state

        return act


def test_what_lives_is_left_alone_and_what_a_former_life_said_of_it_is_taken_back_once() -> None:
    stage = Stage()
    stage.play([], 600)
    assert stage.heard.words == [CLEAR] and stage.eye.restarts == []


def test_a_dead_process_is_restarted_four_times_with_pauses_before_a_fault_is_told() -> None:
    stage = Stage(eye=Eye(State.DEAD))
    stage.play([], 25)
    assert [round(at) for at in stage.eye.restarts] == [0, 5, 10, 15]
    assert stage.heard.words == [DOWN]


@pytest.mark.parametrize("lucky", [1, 2, 3, 4])
def test_success_at_any_try_the_last_one_too_is_no_fault(lucky: int) -> None:
    stage = Stage(eye=Eye(State.DEAD))

    def on_restart(n: int) -> None:
        if n == lucky:
            stage.eye.state = State.ALIVE

    stage.eye.on_restart = on_restart
    stage.play([], 120)
    assert len(stage.eye.restarts) == lucky and DOWN not in stage.heard.words


def test_a_standing_fault_is_repeated_without_further_restarts_and_taken_back_when_it_lives_steadily() -> (
    None
):
    stage = Stage(eye=Eye(State.DEAD))
    stage.play([(20 + 3 * REPEAT, stage.becomes(State.ALIVE))], 20 + 3 * REPEAT + STEADY + 3)
    assert stage.heard.words == [DOWN, DOWN, DOWN, CLEAR] and len(stage.eye.restarts) == 4


def test_a_process_that_lives_for_a_moment_only_is_not_back() -> None:
    stage = Stage(eye=Eye(State.DEAD))
    at = 30.0
    acts = []
    while at < 100:
        acts += [(at, stage.becomes(State.ALIVE)), (at + STEADY / 2, stage.becomes(State.DEAD))]
        at += STEADY
    stage.play(acts, 110)
    assert set(stage.heard.words) == {DOWN}


def test_nothing_is_concluded_in_the_first_minutes_after_boot() -> None:
    stage = Stage(eye=Eye(State.DEAD), host=Host(up=30_000))
    stage.play([(140, stage.becomes(State.ALIVE))], 400)
    assert stage.heard.words == [CLEAR] and stage.eye.restarts == []


def test_after_them_it_is() -> None:
    stage = Stage(eye=Eye(State.DEAD), host=Host(up=30_000))
    stage.play([], 180)
    assert stage.eye.restarts[0] >= 150 and stage.heard.words == [DOWN]


def test_while_the_host_goes_down_processes_end_and_that_is_no_fault() -> None:
    stage = Stage(host=Host(going=True))
    stage.play([(5, stage.becomes(State.DEAD))], 300)
    assert stage.heard.words == [CLEAR] and stage.eye.restarts == []


def test_a_host_that_goes_down_in_the_middle_of_restarts_is_left_alone() -> None:
    stage = Stage(eye=Eye(State.DEAD))

    def goes() -> None:
        stage.host.going = True

    stage.play([(7, goes)], 300)
    assert len(stage.eye.restarts) == 2 and stage.heard.words == []


@pytest.mark.parametrize("state", [State.STOPPED, State.ABSENT, State.UNKNOWN, State.PENDING])
def test_what_was_stopped_is_not_there_or_cannot_be_seen_is_no_fault(state: State) -> None:
    stage = Stage()
    stage.play([(5, stage.becomes(state))], 150)
    assert stage.heard.words == [CLEAR] and stage.eye.restarts == []
    assert bool(stage.kept.trouble) is (state in (State.ABSENT, State.UNKNOWN))


def test_a_process_that_somebody_stops_while_its_fault_stands_has_none_any_more() -> None:
    stage = Stage(eye=Eye(State.DEAD))
    stage.play([(30, stage.becomes(State.STOPPED))], 60)
    assert stage.heard.words == [DOWN, CLEAR]


def test_one_that_is_started_for_ever_has_failed() -> None:
    stage = Stage(eye=Eye(State.PENDING))
    stage.play([], 179)
    assert stage.heard.words == [] and stage.eye.restarts == []
    stage.play([], 230)
    assert stage.heard.words == [DOWN]


def test_where_the_eye_has_no_way_the_commands_are_run_in_their_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ran: list[tuple[tuple[str, ...], bool]] = []

    async def record(command: tuple[str, ...], *, as_root: bool) -> str:
        ran.append((command, as_root))
        return "broken" if command == ("before",) and len(ran) == 1 else ""

    monkeypatch.setattr(commands, "run", record)
    entry = Entry(
        name="x",
        process_name="x",
        restart=("restart",),
        before_restart=("before",),
        after_restart=("after",),
        as_root=True,
    )
    stage = Stage(eye=Eye(State.DEAD, by_itself=None), entry=entry)
    stage.play([], 8)
    assert [command[0] for command, _ in ran] == ["before", "before", "restart", "after"]
    assert all(as_root for _, as_root in ran)


def test_where_systemd_does_not_let_us_the_command_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[tuple[str, ...]] = []

    async def record(command: tuple[str, ...], *, as_root: bool) -> str:
        ran.append(command)
        return ""

    monkeypatch.setattr(commands, "run", record)
    Stage(eye=Eye(State.DEAD, by_itself="polkit says no")).play([], 3)
    assert ran == [("restart", "it")]
