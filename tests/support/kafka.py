"""A real Kafka node for tests: KRaft, one process, its own folder, killed and started again at will.

It runs the jars of deploy/kafka/pom.xml, which `make kafka-libs` fetches; topics exist only when a test creates them.
"""

import base64
import shutil
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from subprocess import run
from tempfile import TemporaryDirectory
from typing import Self

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from kasugai.sim.child import Child, ServerFailedError, free_port

REPO = Path(__file__).resolve().parents[2]
LIBS = REPO / ".cache" / "kafka" / "libs"
# After a kill the controller refuses the new broker until the old one's session has ended: 9 s by default.
SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={folder}/data
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
auto.create.topics.enable=false
"""


class KafkaServer:
    """A Kafka 4.2 node. Port and data stay over restarts, as `bootstrap` does."""

    formatting: tuple[str, ...] = ()
    """More words for the tool that formats the folder."""

    def __init__(self) -> None:
        """Choose ports and a folder, and write the node's settings."""
        self._folder = TemporaryDirectory(prefix="kasugai-kafka-")
        self.folder = folder = Path(self._folder.name)
        port, controller = free_port(), free_port()
        self.bootstrap = f"127.0.0.1:{port}"
        self._settings = folder / "server.properties"
        self._settings.write_text(
            self.settings(SETTINGS.format(port=port, controller=controller, folder=folder))
        )
        self._child = Child([*java(), "kafka.Kafka", str(self._settings)], log=folder / "log")

    def settings(self, usual: str) -> str:
        """Return the node's settings; `usual` are those of a node that lets everybody in."""
        return usual

    @property
    def conf(self) -> str:
        """What [kafka] of kasugai.conf says about this node."""
        return f"bootstrap_servers = {self.bootstrap}"

    def conf_of(self, role: str) -> str:
        """Return what the kasugai.conf of one process adds, by what it is (`route`, `worker`)."""
        return ""

    def start(self) -> Self:
        """Format the folder if it is new, start the node and wait until it answers."""
        if not (self._settings.parent / "data").exists():
            self._format()
        self._child.start(self._answers)
        return self

    def stop(self) -> None:
        """End the node and remove its data."""
        self._child.stop()
        self._folder.cleanup()

    def kill(self) -> None:
        """End the node as a power cut would."""
        self._child.kill()

    def restart(self) -> None:
        """Start the node again with the same data, ending it first if it runs."""
        self._child.stop()
        self.start()

    def pause(self) -> None:
        """Make the node hang: connections stay open, nothing answers."""
        self._child.pause()

    def resume(self) -> None:
        """Let a hanging node go on."""
        self._child.resume()

    def create_topics(
        self, partitions: Mapping[str, int], *, config: Mapping[str, str] | None = None
    ) -> None:
        """Create topics (name -> number of partitions), all with the same settings, and wait for them."""
        wanted = [
            NewTopic(name, num_partitions=count, replication_factor=1, config=dict(config or {}))
            for name, count in partitions.items()
        ]
        admin = self._admin()  # must live until the answers are in
        for created in admin.create_topics(wanted).values():
            created.result()

    def delete_topics(self, names: Iterable[str]) -> None:
        """Delete topics and wait until the node says so."""
        admin = self._admin()  # must live until the answers are in
        for deleted in admin.delete_topics(list(names)).values():
            deleted.result()

    def _format(self) -> None:
        cluster = "k" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[1:22]
        tool = [*java(), "kafka.tools.StorageTool", "format", "--standalone"]
        done = run(
            [*tool, "-t", cluster, "-c", str(self._settings), *self.formatting],
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise ServerFailedError(done.stdout + done.stderr)

    def _admin(self) -> AdminClient:
        return AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})

    def _answers(self) -> bool:
        try:
            return bool(self._admin().list_topics(timeout=1.0).brokers)
        except KafkaException:
            return False


def java() -> list[str]:
    """Return the beginning of a command line that runs a class of the Kafka jars, tuned for a quick start."""
    program = shutil.which("java")
    if program is None or not LIBS.is_dir():
        message = "no Java or no Kafka jars: type make kafka-libs"
        raise ServerFailedError(message)
    speed = ["-Xmx512m", "-Xms256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
    log = f"-Dlog4j2.configurationFile={REPO / 'deploy' / 'kafka' / 'log4j2.yaml'}"
    return [program, *speed, log, "-cp", f"{LIBS}/*"]
