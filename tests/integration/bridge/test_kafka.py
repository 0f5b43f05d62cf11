"""The bridge on a real Kafka: what Nova's own notifier says arrives, each once by its id, whoever dies."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Producer

from kasugai.cli.exits import Exit
from tests.support.bridging import BridgeSite, notified, notify, until
from tests.support.kafka import KafkaServer
from tests.support.kafka_secure import PASSWORD, SecureKafka
from tests.support.nova_notifier import conf
from tests.support.nova_samples import NAMES, enveloped, message

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

MANY = 10_000
TOPICS = {"versioned_notifications.info": 3, "versioned_notifications.error": 3}
RIGHTS = """\
--allow-principal User:kasugai-bridge --operation Read --operation Describe --topic versioned_notifications.info
--allow-principal User:kasugai-bridge --operation Read --operation Describe --topic versioned_notifications.error
--allow-principal User:kasugai-bridge --operation Read --group kasugai-bridge
"""
"""As docs/operators/bridge-setup.md gives them."""
LARGE = {"max.message.bytes": "2097152"}


@pytest.fixture
def server() -> Iterator[KafkaServer]:
    """Nova's Kafka, which is ours too."""
    server = KafkaServer().start()
    server.create_topics(TOPICS, config=LARGE)
    yield server
    server.stop()


def site(kafka: KafkaServer, folder: Path, more: str = "") -> BridgeSite:
    return BridgeSite(kafka, folder, f"transport_url = kafka://{kafka.bootstrap}/\n{more}")


def nova_conf(kafka: KafkaServer) -> str:
    return conf(f"kafka://{kafka.bootstrap}/")


def test_samples_rubbish_and_several_bridges(server: KafkaServer, tmp_path: Path) -> None:
    notified(tmp_path, nova_conf(server), "samples")
    large = message("instance.evacuate")
    large["payload"]["nova_object.data"]["display_description"] = "x" * 1_048_576
    with site(server, tmp_path) as scene:
        scene.running()
        until(
            lambda: scene.count() >= len(NAMES), "all samples, also the first of the backlog, led to a fault"
        )
        assert scene.count() == len(NAMES) and not scene.buried()
        producer = Producer({"bootstrap.servers": server.bootstrap, "message.max.bytes": 2_097_152})
        for value in (b"\x00rubbish", b"\xff" * 1_048_576, None, enveloped(large)):
            producer.produce("versioned_notifications.info", value, partition=0)
        producer.flush()
        until(lambda: scene.count() == len(NAMES) + 1, "the large one, which came last, is read")
        assert set(scene.buried()) == {"the message is not JSON", "the message is not UTF-8"}
        assert scene.value("kasugai_bridge_unread_total", why="not-json") == 3
        scene.running("bridge-2")
        notified(tmp_path, nova_conf(server), "many", "3000")
        until(lambda: len({each.episode for each in scene.faults()}) >= 3_000, "both have published all")
        shares = [scene.value("kasugai_bridge_notifications_total", name) for name in scene.ports]
        assert min(shares) > 100


def test_a_killed_bridge_and_a_broker_that_starts_again_lose_nothing(
    server: KafkaServer, tmp_path: Path
) -> None:
    with site(server, tmp_path) as scene:
        child = scene.running()
        notifier = notify(tmp_path, nova_conf(server), "many", str(MANY))
        until(lambda: scene.count() > MANY // 10, "it has begun")
        child.kill()
        scene.launch()
        until(lambda: scene.count() > MANY // 4, "its next life goes on")
        server.kill()
        server.start()
        assert notifier.wait(240) == 0
        scene.await_each_once(MANY)


def test_tls_a_password_and_a_wrong_one(tmp_path: Path) -> None:
    with_door = SecureKafka()
    server = with_door.start()
    try:
        server.create_topics(TOPICS)
        files = with_door.certificates
        tls = (
            f"tls = yes\nsasl_mechanism = SCRAM-SHA-512\nssl_cafile = {files.ca}\n"
            f"ssl_certfile = {files.certificate('client')}\nssl_keyfile = {files.key('client')}\n"
        )
        with_door.grant(RIGHTS)
        url = "transport_url = kafka://kasugai-bridge:{password}@{address}/\n"
        right = url.format(password=PASSWORD, address=with_door.secure) + tls
        with BridgeSite(server, tmp_path, right) as scene:
            notified(tmp_path, nova_conf(server), "samples")
            scene.running()
            until(lambda: scene.count() == len(NAMES), "all samples have led to a fault")
        wrong = url.format(password="wrong-one", address=with_door.secure) + tls
        with BridgeSite(server, tmp_path, wrong) as scene:
            child = scene.launch("bridge-2")
            until(lambda: child.exit_code is not None, "it gives up")
            assert child.exit_code == Exit.USAGE
            assert "Nova's Kafka does not let us in" in scene.log("bridge-2").splitlines()[-1]
            assert "wrong-one" not in scene.log("bridge-2")
    finally:
        server.stop()


def test_the_old_form_is_told_by_the_check(tmp_path: Path) -> None:
    server = KafkaServer().start()
    try:
        server.create_topics({"notifications.info": 1})
        with site(server, tmp_path):
            command = [sys.executable, "-m", "kasugai.cli", "bridge", "--check"]
            file = ["--config-file", str(tmp_path / "kasugai.conf")]
            done = subprocess.run([*command, *file], capture_output=True, text=True, check=False, timeout=60)
            assert done.returncode == Exit.NO
            assert (
                "NO  only notifications of the old form are on this bus; write into nova.conf" in done.stdout
            )
    finally:
        server.stop()
