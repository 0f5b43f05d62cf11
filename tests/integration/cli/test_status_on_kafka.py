"""`kasugai status` on a real Kafka: who is a member of a group, and what a person is told where nobody is."""

import json
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import confluent_kafka
import pytest

from kasugai.adapters.kafka.groups import members
from kasugai.adapters.kafka.layout import wanted
from kasugai.adapters.kafka.topics import Topics
from kasugai.adapters.settings import Settings, load
from kasugai.cli.exits import Exit
from kasugai.core.recovering.doors import LogAway
from kasugai.schemas.topics import SIGNALS
from tests.support.kafka import KafkaServer
from tests.support.libvirt_server import until
from tests.support.settings_file import settings_for

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]


def test_members_of_a_group_are_counted_and_a_group_that_is_not_there_has_none(
    kafka: KafkaServer, tmp_path: Path
) -> None:
    conf = configured(kafka, tmp_path)
    settings = load([str(conf)])
    Topics(settings).apply(wanted(settings))
    name = f"kasugai-{uuid4().hex[:8]}"
    until(lambda: counted(settings, name) == 0)  # a new node makes its coordinators first
    member = confluent_kafka.Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": name})
    member.subscribe([SIGNALS])

    def has_joined() -> bool:
        member.poll(0.1)
        return counted(settings, name) == 1

    until(has_joined)
    member.close()
    until(lambda: counted(settings, name) == 0)


def counted(settings: Settings, name: str) -> int | None:
    """Return how many members the group has; None while the broker does not say."""
    try:
        return members(settings.kafka, [name])[name]
    except LogAway:
        return None


def test_the_command_names_each_process_that_nobody_runs(own_kafka: KafkaServer, tmp_path: Path) -> None:
    conf = configured(own_kafka, tmp_path)
    settings = load([str(conf)])
    Topics(settings).apply(wanted(settings))
    until(lambda: counted(settings, "kasugai-route") == 0)
    argv = [sys.executable, "-m", "kasugai.cli", "status", "-o", "json", "--config-file", str(conf)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == Exit.NO, done.stderr
    shown = json.loads(done.stdout)
    assert [each["about"] for each in shown["matters"]] == [
        "kasugai correlate",
        "kasugai route",
        "kasugai worker host",
    ]


def configured(kafka: KafkaServer, folder: Path) -> Path:
    file = folder / "kasugai.conf"
    file.write_text(settings_for(kafka=kafka.conf))
    return file
