"""The watchdog's eye: what it heals, what it ends the process for, and what it leaves alone."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from faust.types import TP

from kasugai.adapters.faust import watchdog
from kasugai.adapters.faust.membership import Membership
from kasugai.adapters.faust.progress import Progress
from kasugai.adapters.faust.settings import ProcessorSettings
from kasugai.adapters.faust.watchdog import HEALED_WITHIN, HEALINGS, Since, Watchdog
from tests.support.shell import Hands, Left

SETTINGS = ProcessorSettings(app_id="toy", bootstrap="127.0.0.1:1", topic="signals", instance_id="a")
PATIENCE = 3 * SETTINGS.rebalance


class Scene:
    """A healthy app with one partition, for the watchdog to look at."""

    def __init__(self, clock: Hands) -> None:
        """Everything is well."""
        self.clock = clock
        self.scheduled: list[str] = []
        self.consumed: list[BaseException] = []
        self.end = 0
        self.coordinator = SimpleNamespace(
            _coordination_task=SimpleNamespace(done=lambda: False),
            _pending_exception=None,
            check_errors=self._consume,
        )
        self.thread = SimpleNamespace(
            _consumer=SimpleNamespace(_coordinator=self.coordinator, _closed=False),
            thread_loop=SimpleNamespace(call_soon_threadsafe=lambda work, *words: work(*words)),
        )
        self.membership, self.progress = Membership(SETTINGS.session, clock), Progress()
        self.app: Any = SimpleNamespace(
            care=SimpleNamespace(settings=SETTINGS, membership=self.membership, progress=self.progress),
            _consumer=SimpleNamespace(_thread=self.thread),
            consumer=SimpleNamespace(highwater=self._highwater),
            tables=SimpleNamespace(actives_ready=True),
            rebalancing=False,
        )
        self.progress.begin(0, 0)
        self.watchdog = Watchdog(cast("Any", self.app), clock)

    def look_for(self, seconds: float, *, pulse: bool = True, member: bool = True) -> str:
        """Look once a second and return the first complaint."""
        for _ in range(int(seconds)):
            if pulse:
                self.watchdog.pulse()
            if member:
                self.membership.confirmed(self.clock.at)
            if why := self.watchdog.look():
                return why
            self.clock.at += 1.0
        return ""

    def park(self) -> None:
        """Park the coordinator."""
        self.coordinator._pending_exception = OSError("INVALID_REQUEST")

    def _consume(self) -> None:
        self.consumed.append(self.coordinator._pending_exception)
        error, self.coordinator._pending_exception = self.coordinator._pending_exception, None
        raise error

    def _highwater(self, tp: TP) -> int:
        if self.end < 0:
            raise AssertionError("not assigned")
        return self.end


@pytest.fixture
def scene(clock: Hands) -> Scene:
    """A healthy app."""
    return Scene(clock)


def test_it_leaves_a_healthy_app_alone(scene: Scene) -> None:
    assert scene.look_for(10 * PATIENCE) == ""


def test_it_sets_a_parked_coordinator_going_again(scene: Scene) -> None:
    scene.park()
    assert scene.look_for(5) == ""
    assert [str(error) for error in scene.consumed] == ["INVALID_REQUEST"]


def test_it_gives_a_coordinator_up_that_is_parked_again_and_again(scene: Scene) -> None:
    for _ in range(HEALINGS):
        scene.park()
        assert scene.look_for(2) == ""
    scene.park()
    assert "parked again after 3 healings" in scene.look_for(2)


def test_healings_of_long_ago_do_not_count(scene: Scene) -> None:
    for _ in range(HEALINGS * 2):
        scene.park()
        assert scene.look_for(HEALED_WITHIN / 2) == ""
    assert len(scene.consumed) == HEALINGS * 2


def test_a_coordination_that_has_ended_ends_the_process(scene: Scene) -> None:
    scene.coordinator._coordination_task.done = lambda: True
    assert "coordination has ended" in scene.look_for(1)
    scene.thread._consumer._closed = True
    assert scene.look_for(1) == "", "not when it was closed on purpose"


def test_a_standing_loop_ends_the_process(scene: Scene) -> None:
    assert "event loop" in scene.look_for(3 * SETTINGS.session + 3, pulse=False)


def test_a_standing_consumer_thread_ends_the_process(scene: Scene) -> None:
    scene.thread.thread_loop.call_soon_threadsafe = lambda work, *words: None
    assert "consumer's thread" in scene.look_for(3 * SETTINGS.session + 3)


def test_a_rebalance_without_end_ends_the_process(scene: Scene) -> None:
    scene.app.rebalancing = True
    assert scene.look_for(PATIENCE) == ""
    assert "rebalancing or recovering" in scene.look_for(5)


def test_rebalances_that_end_are_ordinary(scene: Scene) -> None:
    for _ in range(5):
        scene.app.rebalancing = True
        assert scene.look_for(PATIENCE - 5) == ""
        scene.app.rebalancing = False
        assert scene.look_for(2) == ""


def test_a_start_that_never_comes_to_an_end_ends_the_process(scene: Scene) -> None:
    scene.app._consumer, scene.app.tables.actives_ready = None, False
    assert "rebalancing or recovering" in scene.look_for(PATIENCE + 5)


def test_a_partition_that_stands_although_there_is_more_ends_the_process(scene: Scene) -> None:
    scene.end = 5
    assert "partition 0 stands at 0" in scene.look_for(PATIENCE + 5)


def test_a_partition_that_moves_is_left_alone(scene: Scene) -> None:
    scene.end = 100
    for offset in range(6):
        assert scene.look_for(PATIENCE - 5) == ""
        scene.progress.begun(0, offset)
        scene.progress.handled(0, offset, [])


def test_a_partition_that_takes_records_in_hand_and_finishes_none_ends_the_process(scene: Scene) -> None:
    scene.end = 100
    scene.progress.begun(0, 0)
    assert scene.look_for(PATIENCE - 5) == ""
    scene.progress.begun(0, 1)
    assert "partition 0 stands at 0" in scene.look_for(PATIENCE)


def test_a_spare_process_without_partitions_is_left_alone(scene: Scene) -> None:
    scene.progress.end()
    scene.end = -1
    assert scene.look_for(2 * PATIENCE) == ""


def test_kafka_being_away_is_told_once_a_minute_and_ends_nothing(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    scene.end = 5
    assert scene.look_for(5) == ""
    assert scene.look_for(180, member=False) == ""
    assert len([line for line in caplog.messages if "Kafka has not answered" in line]) == 3


@pytest.mark.parametrize("trouble", ["rebalancing without end", ""])
def test_its_verdict_and_its_own_failure_end_the_process(
    scene: Scene, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look() -> str:
        if trouble:
            return trouble
        raise AttributeError("_coordinator")

    monkeypatch.setattr(watchdog, "EVERY", 0.0)
    monkeypatch.setattr(scene.watchdog, "look", look)
    with pytest.raises(Left, match=trouble or "cannot look"):
        scene.watchdog.run()


def test_it_is_silent_once_the_app_is_being_stopped(scene: Scene) -> None:
    scene.watchdog.stop()
    scene.watchdog.run()


def test_since_counts_from_the_last_change() -> None:
    clock = Hands()
    since = Since(clock, 10.0)
    assert not since.too_long("a")
    clock.at += 9.0
    assert not since.too_long("b")
    clock.at += 9.0
    assert not since.too_long("b")
    clock.at += 2.0
    assert since.too_long("b")
    assert not since.too_long("b", bad=False)
    assert not since.too_long("b")
