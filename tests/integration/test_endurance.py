"""The whole pipeline while its parts die: processes killed with -9, Kafka and Redis gone for a while.

Real Kafka, real Redis, a simulated Nova over HTTP, the real processes under the test profile. What counts is Nova's
own record and the hypervisors' diary. A node of its own: Kasugai's topics have fixed names, and the second test
stops what it stands on. `-s` prints the kills and where everything is afterwards.
"""

import random
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from kasugai.core.words.facts import Result
from kasugai.core.words.incident import Phase
from tests.support.kafka import KafkaServer
from tests.support.pipeline import Pipeline, Town
from tests.support.redis import RedisServer
from tests.support.supervisor import COMMANDS, role
from tests.support.told import progress

pytestmark = [pytest.mark.integration, pytest.mark.chaos, pytest.mark.timeout(240)]

SEED = 3
KILLS = 3
"""Of each kind of process."""
RECOVERED_WITHIN = 90.0
LINES = 20
"""What a process may log, at most, about an absence of Kafka, one of Redis, and all that goes on meanwhile."""
KAFKA_AWAY, KAFKA_STARTS = 10.0, 3.0
"""Seconds; starting takes at least so many of them."""
REDIS_AWAY = 5.0


@dataclass(frozen=True, slots=True)
class Kill:
    """Whom to kill once Nova has accepted so many evacuations, and how many seconds later."""

    calls: int
    later: float
    name: str


def schedule(chance: random.Random, calls: int) -> list[Kill]:
    """Return the kills in their order, spread over so many evacuate calls."""
    victims = [
        names[(first + n) % len(names)]
        for kind in ("route", "correlate", "worker")
        for names in [[name for name in COMMANDS if role(name) == kind]]
        for first in [chance.randrange(len(names))]
        for n in range(KILLS)
    ]
    chance.shuffle(victims)
    share = calls / len(victims)
    return [Kill(int(n * share), chance.uniform(0.0, 1.0), name) for n, name in enumerate(victims)]


def all_at_work(site: Pipeline) -> None:
    """Wait until every process has its partitions."""
    site.processes.until(lambda: not _idle(site), 60, lambda: f"not at work: {_idle(site)}")


def _idle(site: Pipeline) -> list[str]:
    return [name for name in COMMANDS if not site.processes.is_at_work(name)]


def until_called(site: Pipeline, calls: int) -> None:
    """Wait until Nova has accepted so many evacuate calls."""
    site.processes.until(
        lambda: site.calls().total() >= calls, 60, lambda: f"{calls} calls: {progress(site.incidents())}"
    )


def strike(site: Pipeline, kill: Kill, began: float) -> None:
    """Kill when it is time, and the victim has come back from its last death."""
    until_called(site, kill.calls)
    pass_time(site, kill.later)
    site.processes.until(lambda: kill.name not in _idle(site), 30, lambda: f"{kill.name}: it is not at work")
    assert not recovered(site), "everything was over before all were killed"
    called, busy = site.calls().total(), site.in_progress()
    pid = site.processes.kill(kill.name)
    at = time.monotonic() - began
    say(f"{at:5.1f} s  kill -9 {pid:<6} {kill.name:<12}{called:3} of 60 called, {busy:2} under way")


def pass_time(site: Pipeline, seconds: float) -> None:
    """Let time pass: how long something is away, or when something happens, is what the test is about."""
    end = time.monotonic() + seconds
    site.processes.until(lambda: time.monotonic() >= end, seconds + 5, lambda: "time to pass")


def until_recovered(site: Pipeline) -> None:
    """Wait until every incident is closed."""
    site.processes.until(lambda: recovered(site), RECOVERED_WITHIN, lambda: progress(site.incidents()))


def recovered(site: Pipeline) -> bool:
    """Whether every failed host has an incident, and none is open."""
    views = site.incidents()
    return {view.host for view in views} >= set(site.town.failing) and all(view.is_told for view in views)


def check(site: Pipeline) -> None:
    """Everything that must be so after a recovery, whatever has happened during it."""
    guests, calls, records, alive = site.before, site.calls(), site.migrations(), site.living_hosts()
    assert calls == dict.fromkeys(guests, 1), f"accepted evacuate calls: {_unlike(calls, 1)}"
    assert set(records) == set(guests)
    assert all(found == ["done"] for found in records.values()), _unlike(records, ["done"])
    assert site.ran_twice() == set()
    for uuid, after in site.standing().items():
        before = guests[uuid]
        assert after.host in alive and after.host != before.host, after
        assert (after.vm_state, after.task_state) == (before.vm_state, None), after
        assert after.locked_by == before.locked_by, after
        assert after.runs_on == ({after.host} if before.vm_state == "active" else frozenset()), after
    views = site.incidents()
    assert {view.host: view.phase for view in views} == dict.fromkeys(site.town.failing, Phase.RECOVERED)
    site.processes.until(lambda: site.ledger()[1] == [], 10, lambda: f"leased: {site.ledger()[1]}")
    entries, _ = site.ledger()
    assert {entry.incident for entry in entries} == {view.incident for view in views}
    for entry in entries:
        assert entry.result is Result.RECOVERED and not entry.is_unfinished, entry
        assert not [step for step in entry.steps.values() if not step.state.is_final], entry.steps
    published = {fault.event_id for fault in site.published}
    site.processes.until(
        lambda: published <= site.covered(), 20, lambda: f"no verdict names {published - site.covered()}"
    )
    site.processes.until(lambda: site.lag() == 0, 20, lambda: f"{site.lag()} orders are not committed")
    assert site.dead_letters() == {}


def _unlike(found: dict[str, int] | dict[str, list[str]], wanted: object) -> dict[str, object]:
    return {guest: value for guest, value in found.items() if value != wanted}


def say(line: str) -> None:
    """Show a line with -s."""
    sys.stdout.write(f"{line}\n")


def tell(site: Pipeline, began: float) -> None:
    """Print a table of the incidents, and what the processes said of themselves."""
    say(f"\nincidents closed {time.monotonic() - began:.1f} s after the first host was lost")
    say(f"{'HOST':<16}{'INSTANCES':>9}  {'PHASE':<10}{'OWNERS':>6}{'CALLS':>6}{'SECONDS':>8}")
    calls = site.calls()
    for view in site.incidents():
        took = ((view.until or 0) - view.since) / 1000
        of_host = sum(n for uuid, n in calls.items() if site.before[uuid].host == view.host)
        say(
            f"{view.host:<16}{len(view.instances):>9}  {view.phase:<10}{view.epoch:>6}{of_host:>6}{took:>8.1f}"
        )
    for line in site.processes.own_ends:
        say(line)
    say(f"lines logged: { {name: len(site.processes.log(name).splitlines()) for name in COMMANDS} }")


def test_sixty_instances_come_back_once_while_every_process_is_killed_three_times(
    own_kafka: KafkaServer, redis_server: RedisServer, tmp_path: Path
) -> None:
    chance, mark = random.Random(SEED), uuid4().hex[:4]
    names = [f"{mark}.cmp{n}" for n in range(1, 10)]
    racks = {"rack1": names[0:2] + names[3:6], "rack2": names[2:3] + names[6:9]}
    town = Town(racks=racks, failing=names[:3], guests=20, window=4)
    with Pipeline(own_kafka, redis_server, tmp_path, town) as site:
        all_at_work(site)
        began, kills = time.monotonic(), schedule(chance, calls=54)
        for host in town.failing:
            site.lose(host)
            site.report(host, fenced=False, observer="neighbour")
            strike(site, kills.pop(0), began)
        for kill in kills:
            strike(site, kill, began)
        until_recovered(site)
        tell(site, began)
        check(site)
        assert sum(view.epoch for view in site.incidents()) > len(town.failing), "no owner was ever replaced"


def test_kafka_and_redis_may_go_away_in_the_middle(
    own_kafka: KafkaServer, own_redis: RedisServer, tmp_path: Path
) -> None:
    town = Town(racks={"rack1": ["cmp1", "cmp2", "cmp3"]}, failing=["cmp1"], guests=8, window=2)
    with Pipeline(own_kafka, own_redis, tmp_path, town) as site:
        all_at_work(site)
        began = time.monotonic()
        site.lose("cmp1")
        until_called(site, 2)
        said = {name: len(site.processes.log(name).splitlines()) for name in COMMANDS}
        own_kafka.kill()
        gone = time.monotonic()
        pass_time(site, KAFKA_AWAY - KAFKA_STARTS)
        own_kafka.restart()
        say(f"Kafka was away for {time.monotonic() - gone:.1f} s, {site.calls().total()} of 8 are called")
        assert time.monotonic() - gone >= KAFKA_AWAY
        until_called(site, 4)
        own_redis.kill()
        pass_time(site, REDIS_AWAY)
        own_redis.restart()
        say(f"Redis was away for {REDIS_AWAY:.1f} s, {site.calls().total()} of 8 are called")
        until_recovered(site)
        tell(site, began)
        check(site)
        for name in COMMANDS:
            lines = site.processes.log(name).splitlines()[said[name] :]
            assert len(lines) <= LINES, "\n".join(lines)
