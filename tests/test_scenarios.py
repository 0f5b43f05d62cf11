"""Every scenario in its variants, and each log to the letter.

Of the places to die each story plays some here, spread over its whole length and always of both kinds, calls and the
rest; `make scenarios` plays all of them (EVERY_DEATH). `make scenarios-rewrite` rewrites the logs: read the diff.
"""

import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from kasugai.cli.replaying.run import replay
from kasugai.sim.lab import variants
from kasugai.sim.lab.grammar import Scenario, read
from kasugai.sim.lab.laboratory import Variant
from kasugai.sim.lab.runner import play, record

FOLDER = Path(__file__).parent / "scenarios"
SCENARIOS = sorted(FOLDER.glob("*.scenario"))
EVERY_DEATH = os.environ.get("KASUGAI_EVERY_DEATH") == "1"
AT_CALLS, ELSEWHERE = 10, 6
"""So many deaths of one kind of process are played for a story, at its calls to the cloud and at all else."""


def _read(path: Path) -> Scenario:
    scenario = read(path)
    assert scenario.log, f"{path.name} has no log: no log, no pass"
    return scenario


def _some(deaths: Iterable[Variant]) -> Sequence[Variant]:
    every = list(deaths)
    if EVERY_DEATH:
        return every
    at_calls = [death for death in every if "(call " in death.name]
    elsewhere = [death for death in every if "(call " not in death.name]
    return [*_spread(at_calls, AT_CALLS), *_spread(elsewhere, ELSEWHERE)]


def _spread(deaths: Sequence[Variant], most: int) -> Sequence[Variant]:
    """The first and the last, and others at equal distances."""
    if len(deaths) <= most:
        return deaths
    return [deaths[round(place * (len(deaths) - 1) / (most - 1))] for place in range(most)]


def _tell(failures: list[variants.Failure]) -> str:
    parts = [f"{f.variant.name}: {'; '.join(f.problems)}\n{f.run.log}" for f in failures[:2]]
    return f"{len(failures)} variants fail, the first ones:\n" + "\n".join(parts)


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_goes_as_written(path: Path, tmp_path: Path) -> None:
    """The log is the behaviour, no invariant breaks on the way, and whoever replays what was recorded of it decides the
    same."""
    scenario, recording = _read(path), tmp_path / "a.recording"
    with recording.open("wb") as file:
        run = record(scenario, file)
    assert run.log == scenario.log
    assert not run.broken
    replayed = replay(recording)
    assert not replayed.comparison.differs and not replayed.assumed


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_ends_the_same_with_records_doubled_and_reordered(path: Path) -> None:
    """Kafka delivers at least once, and two partitions have no common order."""
    scenario = _read(path)
    failures = list(variants.failures(scenario, variants.of_records()))
    assert not failures, _tell(failures)


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_ends_the_same_wherever_the_worker_or_correlate_dies(path: Path) -> None:
    """Before and after each publish, each ledger write and each call of the worker, each publish and each row write of
    correlate, whose table is restored."""
    scenario = _read(path)
    base = play(scenario)
    workers = _some(variants.of_worker_deaths(scenario, base))
    correlates = _some(variants.of_correlate_deaths(scenario, base))
    failures = list(variants.failures_of_deaths(scenario, [*workers, *correlates]))
    assert not failures, _tell(failures)


PLAY_ALL = """
import sys
from pathlib import Path
from kasugai.sim.lab.grammar import read
from kasugai.sim.lab.runner import play, record
for path in sorted(Path(sys.argv[1]).glob("*.scenario")):
    print(path.stem, play(read(path)).log)
"""


def test_does_not_depend_on_the_hash_seed(tmp_path: Path) -> None:
    """The same log in processes that order their sets differently."""
    logs = [tmp_path / seed for seed in ("1", "2")]
    playing = [_play_all(log) for log in logs]
    assert [process.wait() for process in playing] == [0, 0]
    assert logs[0].read_text() == logs[1].read_text()


def _play_all(log: Path) -> "subprocess.Popen[bytes]":
    """Begin to play them in a process of its own, with the log's name as hash seed."""
    with log.open("wb") as out:
        return subprocess.Popen(
            [sys.executable, "-c", PLAY_ALL, str(FOLDER)],
            env={**os.environ, "PYTHONHASHSEED": log.name},
            stdout=out,
        )
