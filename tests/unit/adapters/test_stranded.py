"""A Kafka client that has lost a leader for good ends its process; nothing else that librdkafka says does."""

import subprocess
import sys

import pytest

from kasugai.adapters.kafka import stranded
from kasugai.adapters.kafka.complaints import Complaints

LOST = (
    "METADATAUPDATE [kasugai-route#producer-2] [thrd:main]: "
    "Partition kasugai.signals(x)[3]: new leader-1 not found in cache"
)
HARMLESS = [
    "METADATA [kasugai-route#producer-2] [thrd:main]: Metadata update: Topic x partition 3 not found in cache",
    "GETPID [kasugai-route#producer-2] [thrd:main]: Failed to acquire idempotence PID: retrying",
    "REQTMOUT [kasugai-route#producer-2] [thrd:main]: timed out",
]


def test_a_lost_leader_is_told_to_whoever_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[str] = []
    monkeypatch.setattr(stranded, "ENDS", [ended.append])
    logger = Complaints("stranded-1").logger
    for line in HARMLESS:
        logger.warning(line)
    assert ended == []
    logger.warning(LOST)
    assert len(ended) == 1 and "kasugai.signals(x)[3]: new leader-1" in ended[0]


def test_a_process_that_lives_for_long_ends_with_75() -> None:
    program = (
        "from kasugai.adapters.kafka.complaints import Complaints\n"
        "from kasugai.adapters.kafka.stranded import end_when_stranded\n"
        "end_when_stranded()\n"
        f"Complaints('route').logger.warning({LOST!r})\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 75
    assert "lost a partition's leader for good" in done.stderr


def test_a_command_goes_on() -> None:
    program = (
        "from kasugai.adapters.kafka.complaints import Complaints\n"
        f"Complaints('cli').logger.warning({LOST!r})\n"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, check=False).returncode == 0
