"""Masakari's versioned notifications on a real RabbitMQ, heard by oslo.messaging's own listener."""

import queue
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kasugai.adapters.oslo_notifier import OsloNotifier, notifying
from kasugai.adapters.settings.oslo import open_conf
from kasugai.api.announcements import Phase, of_segment
from kasugai.core.recovering.doors import LogAway
from kasugai.core.words.inventory import SegmentRecord
from tests.support.rabbit import PASSWORD, RabbitServer

pytestmark = [
    pytest.mark.integration,
    # oslo.messaging's own: it imports eventlet at its start, and reads its thread's name in a way of old.
    pytest.mark.filterwarnings("ignore"),
]
RACK = SegmentRecord(segment_id="s1", name="rack1", number=7)


@pytest.fixture(scope="module")
def rabbit() -> Iterator[RabbitServer]:
    """A node, some ten seconds in the making."""
    server = RabbitServer().start()
    yield server
    server.stop()


def conf_with(folder: Path, url: str, driver: str = "messagingv2") -> Any:
    file = folder / "kasugai.conf"
    file.write_text(f"[oslo_messaging_notifications]\ndriver = {driver}\ntransport_url = {url}\n")
    return open_conf([str(file)])


class Endpoint:
    """Puts what it hears into a queue."""

    def __init__(self) -> None:
        self.heard: queue.Queue[tuple[str, str, str, dict[str, Any]]] = queue.Queue()

    def info(self, _context: object, publisher: str, event: str, payload: Any, _meta: object) -> None:
        self.heard.put(("info", publisher, event, payload))

    def error(self, _context: object, publisher: str, event: str, payload: Any, _meta: object) -> None:
        self.heard.put(("error", publisher, event, payload))


def test_a_listener_of_masakari_hears_what_is_announced(rabbit: RabbitServer, tmp_path: Path) -> None:
    import oslo_messaging

    conf = conf_with(tmp_path, rabbit.url)
    endpoint = Endpoint()
    with notifying(conf) as notifier:
        assert notifier is not None
        transport = oslo_messaging.get_notification_transport(conf)
        target = oslo_messaging.Target(exchange="masakari", topic="versioned_notifications")
        listener = oslo_messaging.get_notification_listener(
            transport, [target], [endpoint], executor="threading", pool="tests"
        )
        listener.start()
        notifier.announce(of_segment("create", Phase.END, RACK))
        notifier.announce(of_segment("create", Phase.ERROR, RACK, LogAway("Kafka is away")))
        found = [endpoint.heard.get(timeout=30) for _ in range(2)]
        listener.stop()
        listener.wait()
        transport.cleanup()
    by_event = {event: (priority, publisher, payload) for priority, publisher, event, payload in found}
    priority, publisher, payload = by_event["segment.create.end"]
    assert priority == "info" and publisher.startswith("masakari-api:")
    assert payload["masakari_object.data"]["id"] == 7
    priority, _, payload = by_event["segment.create.error"]
    told = payload["masakari_object.data"]["fault"]["masakari_object.data"]
    assert priority == "error" and told["exception_message"] == "Kafka is away"


def test_a_bus_that_is_away_holds_nobody_up_and_is_told_without_its_password(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kasugai.adapters.oslo_notifier.RETRIES", 0)
    monkeypatch.setattr("kasugai.adapters.oslo_notifier.LAST_PATIENCE", 0.1)
    notifier = OsloNotifier(conf_with(tmp_path, f"rabbit://kasugai:{PASSWORD}@127.0.0.1:1/k"))
    begun = time.monotonic()
    for _ in range(1_500):
        notifier.announce(of_segment("create", Phase.END, RACK))
    assert time.monotonic() - begun < 10, "a call of the API would have waited"
    notifier.close()
    assert "segment.create.end is lost: 1000 wait already" in caplog.text
    assert "notifications are lost: the message bus did not take them" in caplog.text
    assert PASSWORD not in caplog.text


def test_without_a_driver_there_is_no_notifier(tmp_path: Path) -> None:
    with notifying(conf_with(tmp_path, "rabbit://", driver="")) as notifier:
        assert notifier is None
