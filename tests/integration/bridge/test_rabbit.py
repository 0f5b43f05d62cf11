"""The bridge on a real RabbitMQ: what Nova's own notifier says arrives, each once by its id, whoever dies.

The bridge's login has the rights that docs/operators/bridge-setup.md gives it, and no others.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import amqp
import pytest

from kasugai.cli.exits import Exit
from tests.support.bridging import BridgeSite, notified, notify, until
from tests.support.certificates import Certificates, issue
from tests.support.kafka import KafkaServer
from tests.support.nova_notifier import conf
from tests.support.nova_samples import NAMES, enveloped, message
from tests.support.rabbit import PASSWORD, USER, RabbitServer

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

HOSTS = ("samples", "rubbish", "mid", "shared", "refused", "away", "unread", "guarded", "other")
MANY = 10_000
INFO = "versioned_notifications.info"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """An authority."""
    return issue(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def rabbit(certificates: Certificates) -> Iterator[RabbitServer]:
    """A node with a virtual host for each test."""
    server = RabbitServer(*HOSTS, certificates=certificates).start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def own_kafka() -> Iterator[KafkaServer]:
    """Ours: it is killed, too."""
    server = KafkaServer().start()
    yield server
    server.stop()


def site(kafka: KafkaServer, folder: Path, url: str, more: str = "") -> BridgeSite:
    return BridgeSite(kafka, folder, f"transport_url = {url}\n{more}")


@contextmanager
def administrator(rabbit: RabbitServer, host: str) -> Iterator[Any]:
    """Lend a channel to who may do everything."""
    connection = amqp.Connection(
        host=f"127.0.0.1:{rabbit.port}", userid=USER, password=PASSWORD, virtual_host=host
    )
    connection.connect()
    try:
        yield connection.channel()
    finally:
        connection.close()


def with_exchange(rabbit: RabbitServer, host: str, *, durable: bool = False) -> None:
    """Nova's services have started: their exchange is there."""
    with administrator(rabbit, host) as channel:
        channel.exchange_declare("nova", "topic", durable=durable, auto_delete=False)


def waiting(rabbit: RabbitServer, host: str) -> int:
    """Return how many messages wait in our queue."""
    with administrator(rabbit, host) as channel:
        return int(channel.queue_declare("kasugai-bridge", passive=True).message_count)


def test_what_novas_notifier_says_arrives_once(
    rabbit: RabbitServer, own_kafka: KafkaServer, tmp_path: Path
) -> None:
    with_exchange(rabbit, "samples")
    with site(own_kafka, tmp_path, rabbit.bridge_url("samples")) as scene:
        scene.running()
        notified(tmp_path, conf(rabbit.url_of("samples")), "samples")
        until(lambda: scene.count() >= len(NAMES), "all samples have led to a fault")
        faults = scene.faults()
        assert len(faults) == len(NAMES) and not scene.buried()
        assert scene.value("kasugai_bridge_notifications_total", type="instance.evacuate") == 1
        assert scene.value("kasugai_bridge_notifications_total") == len(NAMES)
        assert scene.value("kasugai_bridge_unread_total") == 0
        assert scene.value("kasugai_bridge_faults_total", symptom="down") == len(NAMES)
        until(lambda: waiting(rabbit, "samples") == 0, "all is acknowledged")


def test_any_bytes_are_buried_and_the_next_message_goes_on(
    rabbit: RabbitServer, own_kafka: KafkaServer, tmp_path: Path
) -> None:
    with_exchange(rabbit, "rubbish")
    large = message("instance.evacuate")
    large["payload"]["nova_object.data"]["display_description"] = "x" * 1_048_576
    with site(own_kafka, tmp_path, rabbit.bridge_url("rubbish")) as scene:
        scene.running()
        bodies: list[tuple[bytes, dict[str, Any]]] = [
            (b"\x00rubbish", {}),
            (
                b"more",
                {
                    "content_type": "text/plain",
                    "message_id": "none",
                    "application_headers": {"n": 2**63 - 1},
                },
            ),
            (b"", {"content_type": "application/data", "content_encoding": "binary"}),
            (b"\xff" * 1_048_576, {"content_type": "application/json", "content_encoding": "utf-16"}),
            (b'"text"', {"application_headers": {"a": None, "b": [1, {"c": 2.5}], "d": b"\xff"}}),
            (enveloped({"event_type": "compute.exception"}), {"priority": 255, "expiration": "60000"}),
            (enveloped(large), {"content_type": "application/json", "content_encoding": "utf-8"}),
        ]
        with administrator(rabbit, "rubbish") as channel:
            for body, properties in bodies:
                channel.basic_publish(amqp.Message(body, **properties), "nova", INFO)
        until(lambda: scene.count() == 1, "the large one, which came last, is read")
        buried = scene.buried()
        assert set(buried) == {
            "the message is not JSON",
            "the message is not UTF-8",
            "the message is no JSON object",
            "its message_id is no text of 1 to 255 printable characters",
        }
        assert buried["the message is not UTF-8"] == b"\xff" * 65_536
        assert buried["the message is no JSON object"] == b'"text"'
        assert scene.value("kasugai_bridge_unread_total", why="not-json") == 4


def test_a_killed_bridge_and_a_broker_that_starts_again_lose_nothing(
    rabbit: RabbitServer, own_kafka: KafkaServer, tmp_path: Path
) -> None:
    with_exchange(rabbit, "mid", durable=True)
    with site(own_kafka, tmp_path, rabbit.bridge_url("mid")) as scene:
        child = scene.running()
        notifier = notify(tmp_path, conf(rabbit.url_of("mid"), durable=True), "many", str(MANY))
        until(lambda: scene.count() > MANY // 10, "it has begun")
        child.kill()
        scene.launch()
        until(lambda: scene.count() > MANY // 4, "its next life goes on")
        rabbit.kill()
        rabbit.restart()
        until(lambda: scene.count() > MANY // 2, "it goes on with the broker's next life")
        own_kafka.kill()
        own_kafka.start()
        assert notifier.wait(240) == 0
        scene.await_each_once(MANY)


def test_several_bridges_share_the_work(rabbit: RabbitServer, own_kafka: KafkaServer, tmp_path: Path) -> None:
    with_exchange(rabbit, "shared")
    with site(own_kafka, tmp_path, rabbit.bridge_url("shared")) as scene:
        for name in ("bridge-1", "bridge-2"):
            scene.running(name)
        notified(tmp_path, conf(rabbit.url_of("shared")), "many", "1000")
        until(lambda: scene.count() == 1_000, "each is published once, for nobody died")
        shares = [scene.value("kasugai_bridge_notifications_total", name) for name in scene.ports]
        assert sum(shares) == 1_000 and min(shares) > 100
        assert len({each.episode for each in scene.faults()}) == 1_000


def test_a_wrong_password_ends_it_when_the_broker_says_so_twice(
    rabbit: RabbitServer, own_kafka: KafkaServer, tmp_path: Path
) -> None:
    with site(own_kafka, tmp_path, rabbit.bridge_url("refused", password="wrong-one")) as scene:
        begun = time.monotonic()
        child = scene.launch()
        until(lambda: child.exit_code is not None, "it gives up")
        assert child.exit_code == Exit.USAGE and time.monotonic() - begun > 10
        told = [line for line in scene.log().splitlines() if "refuses kasugai-bridge" in line]
        assert len(told) == 2 and "ACCESS_REFUSED" in told[0], "once when it began, once at its end"
        assert "bridge-setup.md" in told[-1] and "wrong-one" not in scene.log()


def test_a_broker_that_is_away_is_waited_for(
    rabbit: RabbitServer, own_kafka: KafkaServer, tmp_path: Path
) -> None:
    with site(own_kafka, tmp_path, rabbit.bridge_url("away")) as scene:
        scene.launch()
        until(
            lambda: "there is no exchange nova" in scene.ask("bridge-1", "/readyz")[1],
            "it says what it waits for",
        )
        with_exchange(rabbit, "away", durable=True)
        until(scene.hears, "Nova has come")
        rabbit.kill()
        until(lambda: "is away" in scene.ask("bridge-1", "/readyz")[1], "it says that the broker is away")
        rabbit.restart()
        until(scene.hears, "the broker is back")
        notified(tmp_path, conf(rabbit.url_of("away"), durable=True), "many", "3")
        until(lambda: scene.count() == 3, "it reads on")
        assert sum("is away" in line for line in scene.log().splitlines()) == 1, "one line in a minute"


def test_what_nobody_reads_is_told_by_the_check(
    rabbit: RabbitServer, own_kafka: KafkaServer, tmp_path: Path
) -> None:
    notified(tmp_path, conf(rabbit.url_of("unread")), "many", "1001")
    with site(own_kafka, tmp_path, rabbit.bridge_url("unread")):
        done = check(tmp_path)
    assert done.returncode == Exit.NO and "ok  Nova notifies in the versioned form" in done.stdout
    assert "our queue kasugai-bridge is made when a bridge starts" in done.stdout
    assert f"NO  1001 messages wait in the queue {INFO}, which nobody reads and Nova fills" in done.stdout
    with site(own_kafka, tmp_path, rabbit.bridge_url("unread", password="wrong-one")):
        done = check(tmp_path)
    assert done.returncode == Exit.NO and done.stdout.startswith("NO  RabbitMQ at 127.0.0.1")


def check(folder: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "kasugai.cli", "bridge", "--check"]
    file = ["--config-file", str(folder / "kasugai.conf")]
    return subprocess.run([*command, *file], capture_output=True, text=True, check=False, timeout=60)


def test_a_quorum_queue_over_tls(
    rabbit: RabbitServer, own_kafka: KafkaServer, certificates: Certificates, tmp_path: Path
) -> None:
    with_exchange(rabbit, "guarded", durable=True)
    tls = (
        f"tls = yes\nqueue_type = quorum\nssl_cafile = {certificates.ca}\n"
        f"ssl_certfile = {certificates.certificate('client')}\nssl_keyfile = {certificates.key('client')}\n"
    )
    with site(own_kafka, tmp_path, rabbit.bridge_url("guarded", port=rabbit.tls_port), tls) as scene:
        scene.running()
        notified(tmp_path, conf(rabbit.url_of("guarded"), durable=True, quorum=True), "samples")
        until(lambda: scene.count() >= len(NAMES), "all samples have led to a fault")


def test_a_queue_that_is_kept_otherwise_is_for_the_operator(
    rabbit: RabbitServer, own_kafka: KafkaServer, tmp_path: Path
) -> None:
    with_exchange(rabbit, "other")
    with administrator(rabbit, "other") as channel:
        channel.queue_declare("kasugai-bridge", durable=True, auto_delete=False)
    with site(own_kafka, tmp_path, rabbit.bridge_url("other")) as scene:
        child = scene.launch()
        until(lambda: child.exit_code is not None, "it gives up")
        assert child.exit_code == Exit.USAGE
        assert "rabbitmqctl -p other delete_queue kasugai-bridge" in scene.log()
