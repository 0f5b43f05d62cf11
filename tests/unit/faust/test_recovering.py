"""Remedy 2 beside what it replaces: seek, take over, and only then resume; and nothing once a rebalance has begun."""

import asyncio
from collections import Counter, defaultdict
from types import SimpleNamespace
from typing import Any

import pytest
from faust.tables.recovery import Recovery, ServiceStopped
from faust.types import TP

from kasugai.adapters.faust.exits import Exit
from kasugai.adapters.faust.recovering import CarefulRecovery
from tests.support.shell import Left

STREAM, CHANGELOG = TP("signals", 0), TP("rows-changelog", 0)


class Thing(SimpleNamespace):
    """Something with attributes that may be a key."""

    __hash__ = object.__hash__  # type: ignore[assignment]


class Scene:
    """A recovery that has read its changelog, and all that is around it; `calls` is what happened in order."""

    def __init__(self, kind: type[Recovery], *, during_seek: str = "", wrong: str = "") -> None:
        """`during_seek` is what happens meanwhile, `wrong` what the table finds."""
        self.calls: list[str] = []
        self._during_seek = during_seek
        thread = SimpleNamespace(beat_once=self._call("beat"))
        self.consumer = SimpleNamespace(
            assignment=lambda: {STREAM, CHANGELOG},
            perform_seek=self._seek,
            seek_to_start=self._seek,
            resume_partitions=lambda tps: self.calls.append(f"resume {sorted(tp.topic for tp in tps)}"),
            resume_flow=lambda: self.calls.append("flow"),
            _thread=thread,
        )
        care = SimpleNamespace(
            table=SimpleNamespace(distrust=lambda ends: wrong),
            take_over=lambda starts: self.calls.append(f"take over {starts}"),
        )
        self.app: Any = SimpleNamespace(
            care=care,
            consumer=self.consumer,
            consumer_generation_id=4,
            rebalancing_count=2,
            in_recovery=True,
            conf=SimpleNamespace(broker_request_timeout=30.0),
            on_rebalance_complete=SimpleNamespace(send=self._call("signal")),
            flow_control=SimpleNamespace(resume=lambda: None),
            _fetcher=SimpleNamespace(maybe_start=self._call("fetcher")),
            assignor=SimpleNamespace(assigned_standbys=lambda: None),
            on_rebalance_end=lambda: self.calls.append("end"),
        )
        self.recovery = self._recovery(kind)

    def run(self) -> list[str]:
        """Complete the recovery and return what happened, without the signals."""
        asyncio.run(self.recovery.on_recovery_completed(4))
        return [call for call in self.calls if call not in ("signal", "fetcher", "flow", "beat")]

    def _recovery(self, kind: type[Recovery]) -> Any:
        recovery: Any = object.__new__(kind)
        recovery.app = self.app
        recovery.tables = type("Tables", (dict,), {"changelog_topics": {CHANGELOG.topic}})(
            rows=Thing(on_recovery_completed=self._call("rows"))
        )
        recovery.tables.on_actives_ready = recovery.tables.on_standbys_ready = lambda: None
        recovery.actives_for_table = recovery.standbys_for_table = defaultdict(set)
        recovery.active_tps, recovery.active_highwaters = {CHANGELOG}, Counter({CHANGELOG: 9})
        recovery._active_events_received_at, recovery._standby_events_received_at = {}, {}
        recovery._processing_times = []
        recovery._round = 2
        recovery.completed = SimpleNamespace(set=lambda: None)
        recovery.log = SimpleNamespace(info=lambda *_: None, dev=lambda *_: None, warning=lambda *_: None)
        recovery._wait = self._wait
        return recovery

    async def _wait(self, work: Any, timeout: float | None = None) -> None:  # noqa: ASYNC109
        if self._during_seek == "time-out":
            work.cancel()
            raise ServiceStopped
        await work

    async def _seek(self, *_: Any) -> dict[TP, int]:
        self.calls.append("seek")
        if self._during_seek == "rebalance":
            self.app.rebalancing_count += 1
        if self._during_seek == "generation":
            self.app.consumer_generation_id += 1
        return {STREAM: 7}

    def _call(self, name: str) -> Any:
        async def call(*_: Any) -> None:
            self.calls.append(name)

        return call


def test_it_seeks_before_it_resumes() -> None:
    assert Scene(CarefulRecovery).run() == [
        "rows",
        "seek",
        f"take over {{{STREAM!r}: 7}}",
        "resume ['signals']",
        "end",
    ]
    assert Scene(Recovery).run() == ["rows", "resume ['signals']", "seek", "end"], (
        "Faust does it the other way round"
    )


@pytest.mark.parametrize("event", ["rebalance", "generation"])
def test_it_ends_when_another_rebalance_has_begun(event: str) -> None:
    assert Scene(CarefulRecovery, during_seek=event).run() == ["rows", "seek"]
    assert "end" in Scene(Recovery, during_seek=event).run(), "Faust goes on regardless"


def test_it_does_not_seek_when_it_is_overtaken_already() -> None:
    scene = Scene(CarefulRecovery)
    scene.app.rebalancing_count += 1
    assert scene.run() == ["rows"]


def test_rows_that_are_not_what_was_read_end_the_process() -> None:
    with pytest.raises(Left) as ended:
        Scene(CarefulRecovery, wrong="3 of 9 rows differ").run()
    assert ended.value.code is Exit.UNTRUSTED_ROWS


def test_a_time_out_is_not_taken_for_the_end() -> None:
    scene = Scene(CarefulRecovery, during_seek="time-out")
    scene.recovery.__class__ = type("Live", (CarefulRecovery,), {"should_stop": False})
    with pytest.raises(Left) as ended:
        scene.run()
    assert ended.value.code is Exit.STUCK


def test_a_table_that_raises_is_heard() -> None:
    async def fail(*_: Any) -> None:
        raise ValueError("the store is broken")

    for kind in (CarefulRecovery, Recovery):
        scene = Scene(kind)
        scene.recovery.tables["rows"].on_recovery_completed = fail
        if kind is CarefulRecovery:
            with pytest.raises(ValueError, match="broken"):
                scene.run()
        else:
            assert "end" in scene.run(), "Faust swallows it"
