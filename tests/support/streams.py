"""Runs `kasugai route` and `kasugai correlate` as processes against a real Kafka, with all of the product's topics."""

import subprocess
import sys
from pathlib import Path

from kasugai.adapters.kafka.layout import wanted
from kasugai.adapters.kafka.topics import Topics
from kasugai.adapters.settings.values import (
    MASTER_KEYS_FILE,
    AgentsSettings,
    KafkaSettings,
    Settings,
    StreamSettings,
    WorkerSettings,
)
from kasugai.core.words.timing import TEST
from tests.support import agents
from tests.support.kafka import REPO, KafkaServer

PROGRAM = """
import logging, sys
from importlib import import_module
from tests.support.streams import settings_for
logging.basicConfig(level=logging.INFO, format="%(relativeCreated)d %(name)s %(levelname)s %(message)s")
app, bootstrap, instance, keys = sys.argv[1:]
sys.exit(import_module(f"kasugai.streams.{app}_app").main(settings_for(bootstrap, instance, keys)))
"""


def settings_for(bootstrap: str, instance: str = "test", keys: str = MASTER_KEYS_FILE) -> Settings:
    """Return a deployment's settings: one replica, four partitions, the test profile; `keys`: the master keys' file."""
    return Settings(
        kafka=KafkaSettings(bootstrap_servers=bootstrap, replication=1, min_insync=1),
        stream=StreamSettings(partitions=4, instance=instance),
        worker=WorkerSettings(profile="test", timing=TEST),
        agents=AgentsSettings(master_keys_file=keys),
    )


class Deployment:
    """A Kafka with the product's topics, and the processes that a test starts on it."""

    def __init__(self, kafka: KafkaServer, folder: Path) -> None:
        """Create the topics."""
        self.kafka, self._folder = kafka, folder
        self.settings = settings_for(kafka.bootstrap)
        self.keys = agents.keys_in(folder)
        self._processes: list[subprocess.Popen[bytes]] = []
        Topics(self.settings).apply(wanted(self.settings))

    def start(self, app: str, instance: str = "a") -> subprocess.Popen[bytes]:
        """Start `route` or `correlate`."""
        with self.log(app, instance).open("ab") as log:
            command = [sys.executable, "-c", PROGRAM, app, self.kafka.bootstrap, instance, self.keys]
            process = subprocess.Popen(command, cwd=REPO, stdout=log, stderr=subprocess.STDOUT)
        self._processes.append(process)
        return process

    def log(self, app: str, instance: str = "a") -> Path:
        """Where a process writes."""
        return self._folder / f"{app}-{instance}.log"

    def stop(self) -> None:
        """End every process."""
        for process in self._processes:
            process.kill()
            process.wait()
