"""A POST over Masakari's API leads to recovered instances, on a real Kafka and Redis and with every process its own.

What the API then shows is dropped and computed anew, to the byte.
"""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.error import HTTPError, URLError

import pytest

from kasugai.adapters.redis_views import RedisViews
from kasugai.sim.child import free_port
from tests.support.kafka import KafkaServer
from tests.support.pipeline import Pipeline, Town
from tests.support.redis import RedisServer
from tests.support.settings_file import trusting_admins

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

TOWN = Town(racks={"rack1": ("cmp1", "cmp2", "cmp3")}, failing=("cmp1",), guests=6, spawn=1.0)
COMMANDS = MappingProxyType(
    {
        "route": ("route",),
        "correlate-1": ("correlate",),
        "worker-1": ("worker", "host"),
        "project": ("project",),
        "api": ("api",),
    }
)


class Client:
    """A client of the API."""

    def __init__(self, port: int) -> None:
        self._base = f"http://127.0.0.1:{port}"

    def ask(self, path: str, body: object = None, version: str = "1.3") -> tuple[int, bytes]:
        """Return status and body of a GET, or of a POST of `body`."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"OpenStack-API-Version": f"instance-ha {version}", "Content-Type": "application/json"}
        request = urllib.request.Request(self._base + path, data, headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read()
        except HTTPError as error:
            with error:
                return error.code, error.read()
        except URLError:
            return 0, b""

    def get(self, path: str) -> Any:
        """Return what a GET shows; it must be there."""
        status, data = self.ask(path)
        assert status == 200, (path, status, data)
        return json.loads(data)


@pytest.fixture
def town(redis_server: RedisServer, tmp_path: Path) -> Iterator[tuple[Pipeline, Client]]:
    """The whole deployment, with a broker of its own: topics have fixed names."""
    kafka, port = KafkaServer().start(), free_port()
    config = f"[api]\nauth_strategy = noauth2\nlisten = 127.0.0.1\nport = {port}\n" + trusting_admins(
        tmp_path
    )
    RedisViews.from_url(redis_server.url).drop()
    try:
        with Pipeline(kafka, redis_server, tmp_path, TOWN, commands=COMMANDS, config=config) as pipeline:
            yield pipeline, Client(port)
    finally:
        kafka.stop()


def said(host_status: str) -> dict[str, Any]:
    """What a host monitor posts."""
    payload = {"event": "STOPPED", "host_status": host_status, "cluster_status": "OFFLINE"}
    time = "2026-11-22T07:31:18.329622"
    about = {"type": "COMPUTE_HOST", "hostname": "cmp1", "generated_time": time, "payload": payload}
    return {"notification": about}


SAID = said("NORMAL")


def test_a_post_leads_to_recovered_instances_and_dropped_views_come_back_to_the_byte(
    town: tuple[Pipeline, Client], redis_server: RedisServer
) -> None:
    pipeline, api = town
    pipeline.processes.until(lambda: api.ask("/v1/notifications")[0] == 200, 90, lambda: "the API")
    pipeline.cloud.do(lambda cloud: cloud.hosts.power_off("cmp1"))
    status, data = api.ask("/v1/notifications", said("UNKNOWN"))
    assert status == 202, data
    suspicion = f"/v1/notifications/{json.loads(data)['notification']['notification_uuid']}"
    pipeline.processes.until(lambda: api.get(suspicion)["notification"]["status"] == "running", 30, str)
    status, data = api.ask("/v1/notifications", SAID)
    assert status == 202, data
    accepted = json.loads(data)["notification"]
    assert api.ask("/v1/notifications", SAID)[0] == 409, "a duplicate while it stands"
    follow(pipeline, api, accepted)
    assert api.get(suspicion)["notification"]["status"] == "finished", "it ended with what followed"
    compare_moves(pipeline, api, accepted["notification_uuid"])
    rebuild(pipeline, api, redis_server, paths_of(api, accepted["notification_uuid"]))
    assert api.ask("/v1/notifications", SAID)[0] == 202, "a real second failure is accepted"


def follow(pipeline: Pipeline, api: Client, accepted: dict[str, Any]) -> None:
    """The notification runs and finishes, under the id that it was accepted with."""
    uuid, seen = accepted["notification_uuid"], [accepted["status"]]

    def is_finished() -> bool:
        now = api.get(f"/v1/notifications/{uuid}")["notification"]["status"]
        if now != seen[-1]:
            seen.append(now)
        return bool(now == "finished")

    pipeline.processes.until(is_finished, 90, lambda: api.ask(f"/v1/notifications/{uuid}"))
    assert seen == ["new", "running", "finished"]
    shown = api.get(f"/v1/notifications/{uuid}")["notification"]
    assert (shown["id"], shown["created_at"]) == (accepted["id"], accepted["created_at"])
    assert [task["state"] for task in shown["recovery_workflow_details"]] == ["SUCCESS"] * 3


def compare_moves(pipeline: Pipeline, api: Client, uuid: str) -> None:
    """Each instance was moved once, and the API says where to."""
    moves = api.get(f"/v1/notifications/{uuid}/vmoves")["vmoves"]
    standing = {guest.name: guest.host for guest in pipeline.standing().values()}
    assert {move["instance_name"]: move["dest_host"] for move in moves} == standing
    assert {move["status"] for move in moves} == {"succeeded"} and len(moves) == TOWN.guests
    assert "cmp1" not in standing.values() and pipeline.calls().total() == TOWN.guests


def paths_of(api: Client, uuid: str) -> list[str]:
    """Return where everything about the notification is shown."""
    (incident,) = api.get("/kasugai/v1/incidents?host=cmp1")["incidents"]
    assert (incident["phase"], incident["notifications"]) == ("recovered", [uuid])
    case = f"/kasugai/v1/incidents/{incident['incident']}"
    return [
        f"/v1/notifications/{uuid}",
        f"/v1/notifications/{uuid}/vmoves",
        "/v1/notifications",
        *(case + more for more in ("", "/plan", "/timeline")),
        "/kasugai/v1/verdicts?subject=host/cmp1",
    ]


def rebuild(pipeline: Pipeline, api: Client, redis: RedisServer, paths: list[str]) -> None:
    """Drop the views: 503 until they are there again, and then the same bytes."""
    before = {path: api.ask(path) for path in paths}
    assert {status for status, _ in before.values()} == {200}
    RedisViews.from_url(redis.url).drop()
    assert api.ask(paths[0])[0] == 503
    pipeline.processes.until(lambda: api.ask(paths[0])[0] == 200, 60, lambda: api.ask(paths[0]))
    assert {path: api.ask(path) for path in paths} == before
