"""The rules of docs/streaming.md 0 on a real broker. Where it can be shown, the same trouble meets a shell without its
remedy beside the careful one: what is written there is what Faust and aiokafka do by themselves.
"""

import json
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kasugai.adapters.faust.table import row_key
from tests.support.kafka import KafkaServer
from tests.support.toys import SESSION, Toys, eventually

pytestmark = [pytest.mark.integration, pytest.mark.timeout(90)]

Make = Callable[..., Toys]
BARE = ("--without", "own-offsets", "--without", "guard")


@pytest.fixture
def make(kafka: KafkaServer, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Make]:
    """Make toys with topics of their own."""
    made: list[Toys] = []

    def one(label: str = "careful", partitions: int = 1) -> Toys:
        name = f"{request.node.name.replace('_', '-')[:60]}.{label}"
        folder = tmp_path / label
        folder.mkdir()
        made.append(Toys(kafka, name, folder, partitions))
        return made[-1]

    yield one
    for toys in made:
        toys.stop()


def test_rows_and_offsets_outlive_a_kill(make: Make) -> None:
    toys = make(partitions=4)
    first = toys.start()
    subjects = [f"s{n}" for n in range(100)]
    toys.send(subjects)
    toys.out(100)
    eventually(lambda: sum(toys.committed().values()) == 100)
    first.process.kill()
    first.exit_code()
    second = toys.start().wait_ready(4)
    restored = {subject for rows in second.rows().values() for subject in rows}
    assert restored == set(subjects)
    toys.send([*subjects, "new"])
    assert sorted(toys.out(101)) == sorted([*subjects, "new"])
    assert sum(sorted(rows.values()) == list(range(len(rows))) for rows in second.rows().values()) == 4


def test_a_row_that_has_ended_stays_ended_and_may_begin_anew(make: Make) -> None:
    toys = make()
    first = toys.start()
    toys.send(["kept", "gone", "again", "end gone", "end again", "end nobody", "again", "last"])
    toys.out(5)
    eventually(lambda: toys.committed() == {0: 8})
    first.process.kill()
    first.exit_code()
    second = toys.start().wait_ready()
    assert second.rows() == {0: {"kept": 0, "again": 6, "last": 7}}


def test_an_exception_ends_the_process_before_the_acknowledgement(make: Make) -> None:
    careful, second_line, bare = make(), make("second-line"), make("bare")
    toy = careful.start()
    guarded = second_line.start("a", "--without", "last-resort")
    stock = bare.start("a", "--without", "last-resort", *BARE)
    for toys in (careful, second_line, bare):
        toys.send(["good", "bug", "next"])
    assert toy.exit_code() == 70
    assert guarded.exit_code() == 73
    assert max(careful.committed()[0], second_line.committed()[0]) <= 1
    eventually(lambda: bare.committed() == {0: 3})
    assert bare.committed() == {0: 3}, "Faust commits past a record whose handler raised"
    assert stock.is_running()
    assert careful.start().exit_code() == 70, "the record comes again"
    assert set(careful.out()) == {"good"}


def test_a_bug_behind_the_decision_ends_the_process_as_well(make: Make) -> None:
    toys = make()
    toy = toys.start()
    toys.send(["good", "late-bug", "next"])
    assert toy.exit_code() == 70
    assert toys.committed()[0] <= 1
    assert toys.start().exit_code() == 70, "the record comes again"


def test_a_record_that_can_never_be_handled_is_buried(make: Make) -> None:
    toys = make()
    toy = toys.start()
    toys.send(["good", "poison this", "late-poison that", "next"])
    assert toys.out(2) == ["good", "next"]
    assert toys.out(2, suffix=".dlq") == ["1 poison this", "2 late-poison that"]
    eventually(lambda: toys.committed() == {0: 4})
    toy.process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    assert toy.exit_code() == 0
    assert time.monotonic() - began < 15.0, "it does not end by itself"
    assert toys.committed() == {0: 4}


def test_a_failed_changelog_write_ends_the_process(make: Make) -> None:
    careful, second_line, bare = make(), make("second-line"), make("bare")
    toy = careful.start()
    guarded = second_line.start("a", "--without", "deadly-monitor")
    stock = bare.start("a", "--without", "deadly-monitor", *BARE)
    for toys in (careful, second_line, bare):
        toys.send(["good", "big", "next"])  # the changelog takes 3000 bytes, a big row has 4000
    assert toy.exit_code() == 71
    eventually(lambda: bare.committed() == {0: 3})
    assert bare.committed() == {0: 3}, "Faust commits past a row that was never written"
    assert stock.is_running() and guarded.is_running()
    assert max(careful.committed()[0], second_line.committed()[0]) <= 1
    stock.process.kill()
    stock.exit_code()
    assert "big" not in bare.start("b").wait_ready().rows()[0], "and the row is gone"


def test_a_parked_coordinator_is_set_going_again(make: Make) -> None:
    careful, bare = make(), make("bare")
    toy, stock = careful.start(), bare.start("a", "--without", "watchdog")
    for running, toys in ((toy, careful), (stock, bare)):
        toys.send(["early"])
        toys.out(1)
        running.process.send_signal(signal.SIGUSR1)
        assert running.has_said("no longer owner")
        toys.send(["later"])
    assert careful.out(2, within=40.0) == ["early", "later"], toy.said
    assert "parked by KafkaError('injected')" in toy.said
    time.sleep(2.0)
    assert stock.is_running() and bare.out() == ["early"], (
        "aiokafka is silent until somebody asks for its error"
    )


def test_a_skipped_record_ends_the_process(make: Make) -> None:
    careful, bare = make(), make("bare")
    toy, stock = careful.start(), bare.start("a", *BARE)
    first, rest = ["a", "b", "c"], [f"s{n}" for n in range(10)]
    for running, toys in ((toy, careful), (stock, bare)):
        toys.send(first)
        toys.out(3)
        running.process.send_signal(signal.SIGUSR2)
        time.sleep(0.5)
        toys.send(rest)
    assert toy.exit_code() == 73
    assert careful.committed()[0] <= 3 + len(careful.out())
    careful.start()
    eventually(lambda: set(careful.out()) == {*first, *rest})
    assert set(careful.out()) == {*first, *rest}
    eventually(lambda: bare.committed() == {0: 13})
    assert bare.committed() == {0: 13} and len(set(bare.out())) == 10, "Faust commits past three lost records"


def test_a_zombie_ends_before_it_publishes(make: Make) -> None:
    careful, bare = make(), make("bare")
    zombie, trusting = careful.start("a"), bare.start("a", "--without", "membership")
    for running, toys in ((zombie, careful), (trusting, bare)):
        running.wait_ready()
        toys.send(["slow one"])
        eventually(lambda running=running: bool(running.told("slow")))  # type: ignore[misc]
        running.process.send_signal(signal.SIGSTOP)
        toys.start("b")
    for toys in (careful, bare):
        assert toys.out(1, within=8 * SESSION) == ["slow one"]
    for running in (zombie, trusting):
        running.process.send_signal(signal.SIGCONT)
    assert zombie.exit_code() == 74
    assert bare.out(2) == ["slow one", "slow one"], "a zombie that trusts itself speaks again"
    assert careful.out() == ["slow one"]


def test_an_older_row_never_replaces_a_newer_one(make: Make) -> None:
    careful, bare = make(), make("bare")
    for toys in (careful, bare):
        for offset in (10, 5):
            toys.send_row(row_key(0, "kept"), json.dumps({"offset": offset}).encode(), 0)
    toy, stock = careful.start(), bare.start("a", "--without", "newest-row")
    assert toy.wait_ready().rows() == {0: {"kept": 10}}
    assert stock.wait_ready().rows() == {0: {"kept": 5}}, "Faust takes whatever comes last"


def test_a_row_that_cannot_be_read_ends_the_process(make: Make) -> None:
    toys = make()
    for offset in (1, 2):
        toys.send_row(row_key(0, "odd"), f"offset {offset}".encode(), 0)
    toy = toys.start()
    assert toy.exit_code() == 72
    assert "cannot be restored" in toy.said


def test_ticks_reach_every_partition_and_only_its_owner_sends_them(make: Make) -> None:
    toys = make(partitions=3)
    toys.start("a", "--ticks").wait_ready(3)
    eventually(lambda: min(toys.committed().values()) >= 4)
    assert min(toys.committed().values()) >= 4
    assert toys.out() == []


def test_a_topic_that_does_not_fit_is_said_before_anything_is_read(make: Make, kafka: KafkaServer) -> None:
    toys = make()
    kafka.delete_topics([toys.changelog])
    toy = toys.start()
    assert toy.exit_code() == 1
    assert f"topic {toys.changelog} does not exist" in toy.said
