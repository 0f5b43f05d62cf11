"""The served cloud: Keystone and Nova as openstacksdk meets them, and the laboratory's own routes."""

import asyncio
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from kasugai.adapters.nova import NovaCloud
from kasugai.sim.cloud import SimCloud
from kasugai.sim.http import CloudThread
from kasugai.sim.http.keystone import APPLICATION_ID, APPLICATION_SECRET, PASSWORD, USER
from tests.support.clouds import SWIFT, furnish, until, with_adapter

HOST = "cmp1.rack1"


@pytest.fixture
def lab() -> Iterator[CloudThread]:
    with CloudThread(furnish, pace=SWIFT) as running:
        yield running


class Client:
    """Plain HTTP with a token."""

    def __init__(self, lab: CloudThread) -> None:
        self.lab = lab
        self.http = requests.Session()
        self.token = log_in(lab).headers["X-Subject-Token"]

    def ask(self, method: str, path: str, version: str = "2.93", **how: Any) -> requests.Response:
        headers = {"X-Auth-Token": self.token, "OpenStack-API-Version": f"compute {version}"}
        url = f"{self.lab.door.url}/compute/v2.1{path}"
        return self.http.request(method, url, headers=headers, timeout=5, **how)

    def sim(self, method: str, path: str, **how: Any) -> Any:
        reply = self.http.request(method, f"{self.lab.door.url}/sim/{path}", timeout=10, **how)
        return reply.json() if reply.ok else (reply.status_code, reply.json()["error"])

    def say(self, verb: str, *args: Any, **kwargs: Any) -> Any:
        return self.sim("POST", "do", json={"verb": verb, "args": args, "kwargs": kwargs})


@pytest.fixture
def client(lab: CloudThread) -> Iterator[Client]:
    one = Client(lab)
    yield one
    one.http.close()


def log_in(lab: CloudThread, **user: str) -> requests.Response:
    asked = {"name": USER, "password": PASSWORD, "domain": {"name": "Default"}} | user
    identity: dict[str, Any] = {"methods": ["password"], "password": {"user": asked}}
    return requests.post(
        f"{lab.door.url}/identity/v3/auth/tokens", json={"auth": {"identity": identity}}, timeout=5
    )


def uuid(client: Client, name: str) -> str:
    return client.lab.do(lambda cloud: cloud.uuid(name))


def bury(client: Client) -> None:
    client.say("hosts.power_off", HOST)
    client.say("operator_forces_down", HOST)


def test_keystone_knows_its_user(lab: CloudThread) -> None:
    assert log_in(lab).status_code == 201
    assert log_in(lab, password="wrong").status_code == 401
    identity: dict[str, Any] = {
        "methods": ["application_credential"],
        "application_credential": {"id": APPLICATION_ID, "secret": APPLICATION_SECRET},
    }
    url = f"{lab.door.url}/identity/v3/auth/tokens"
    assert requests.post(url, json={"auth": {"identity": identity}}, timeout=5).status_code == 201
    assert requests.get(f"{lab.door.url}/identity", timeout=5).status_code == 300
    assert requests.get(f"{lab.door.url}/identity/v3/nope", timeout=5).status_code == 404


def test_a_bad_or_expired_token_is_401(client: Client) -> None:
    assert client.ask("GET", "/os-services").status_code == 200
    client.say("keystone.expire_tokens")
    assert client.ask("GET", "/os-services").status_code == 401
    client.token = log_in(client.lab).headers["X-Subject-Token"]
    assert client.ask("GET", "/os-services").status_code == 200


def test_versions_are_told_without_a_token(client: Client) -> None:
    root = client.lab.door.url
    (compute,) = requests.get(f"{root}/compute", timeout=5).json()["versions"]
    assert (compute["min_version"], compute["version"]) == ("2.1", "2.104")
    (placement,) = requests.get(f"{root}/placement", timeout=5).json()["versions"]
    assert (placement["min_version"], placement["max_version"]) == ("1.0", "1.39")


def test_placement_offers_room(client: Client) -> None:
    def ask(path: str, token: str = client.token) -> requests.Response:
        url = f"{client.lab.door.url}/placement{path}"
        return client.http.get(url, headers={"X-Auth-Token": token}, timeout=5)

    names = {row["uuid"]: row["name"] for row in ask("/resource_providers").json()["resource_providers"]}

    def offered(need: int, required: str = "") -> set[str]:
        query = f"resources=VCPU:{need},MEMORY_MB:{need}&required={required}"
        body = ask(f"/allocation_candidates?{query}").json()
        found = {names[uuid] for each in body["allocation_requests"] for uuid in each["allocations"]}
        assert found == {names[uuid] for uuid in body["provider_summaries"]}
        return found

    assert offered(1) == set(names.values())
    assert offered(101) == set()
    client.say("operator_disables", HOST)
    assert offered(1) - offered(1, "!COMPUTE_STATUS_DISABLED") == {HOST}
    assert ask("/allocation_candidates").status_code == 400
    assert ask("/allocation_candidates?resources=VCPU:1", "wrong").status_code == 401
    assert ask("/usages").status_code == 404


def test_microversions_are_negotiated(client: Client) -> None:
    version = client.ask("GET", "/").json()["version"]
    assert (version["min_version"], version["version"]) == ("2.1", "2.104")
    reply = client.ask("GET", "/os-services", "2.93")
    assert reply.headers["OpenStack-API-Version"] == "compute 2.93"
    assert client.ask("GET", "/os-services", "2.105").status_code == 406
    client.sim("PUT", "knobs", json={"highest_microversion": "2.60"})
    assert client.ask("GET", "/os-services", "2.61").status_code == 406


def test_the_date_is_the_clouds_own_and_can_be_missing(client: Client) -> None:
    client.sim("PUT", "knobs", json={"clock_offset": 3600})
    date = parsedate_to_datetime(client.ask("GET", "/os-services").headers["Date"])
    assert 3590 < date.timestamp() - time.time() < 3610
    client.sim("PUT", "knobs", json={"sends_date": False})
    assert "Date" not in client.ask("GET", "/os-services").headers


def test_a_service_has_the_documented_fields(client: Client) -> None:
    (row,) = client.ask("GET", f"/os-services?binary=nova-compute&host={HOST}").json()["services"]
    assert set(row) == {
        "id", "binary", "host", "zone", "status", "state", "updated_at", "disabled_reason", "forced_down",
    }  # fmt: skip
    assert client.ask("GET", "/os-services?host=nope").json() == {"services": []}
    (other,) = client.ask("GET", "/os-services?binary=nova-conductor").json()["services"]
    assert set(other) == set(row)
    everybody = client.ask("GET", "/os-services").json()["services"]
    assert {each["binary"] for each in everybody} == {"nova-compute", "nova-conductor", "nova-scheduler"}


def test_evacuate_answers_200_and_the_others_202_with_empty_bodies(client: Client) -> None:
    bury(client)
    path = f"/servers/{uuid(client, 'web')}/action"
    for body, status in (
        ({"lock": {"locked_reason": "kept"}}, 202),
        ({"evacuate": {}}, 200),
        ({"os-resetState": {"state": "error"}}, 202),
        ({"unlock": None}, 202),
    ):
        reply = client.ask("POST", path, json=body)
        assert (reply.status_code, reply.content, reply.headers["Content-Length"]) == (status, b"", "0")
    assert client.ask("POST", path, json={"explode": {}}).status_code == 400


@pytest.mark.parametrize(
    ("version", "parameters", "status"),
    [
        ("2.13", {}, 400),
        ("2.13", {"onSharedStorage": True}, 200),
        ("2.14", {}, 200),
        ("2.30", {"host": "cmp2", "force": False}, 200),
        ("2.68", {"force": False}, 400),
        ("2.95", {"onSharedStorage": True}, 400),
        ("2.93", {"host": "nope"}, 404),
        ("2.93", {"host": HOST}, 400),
    ],
)
def test_evacuates_schema_by_microversion(
    client: Client, version: str, parameters: dict[str, Any], status: int
) -> None:
    bury(client)
    reply = client.ask(
        "POST", f"/servers/{uuid(client, 'web')}/action", version, json={"evacuate": parameters}
    )
    assert reply.status_code == status


def test_an_action_is_found_by_novas_own_request_id(client: Client) -> None:
    """Not by the id that the client sends: that one is global, and no action has it."""
    bury(client)
    path = f"/servers/{uuid(client, 'web')}"
    own = "req-00000000-0000-4000-8000-000000000000"
    headers = {
        "X-OpenStack-Request-ID": own,
        "X-Auth-Token": client.token,
        "OpenStack-API-Version": "compute 2.93",
    }
    url = f"{client.lab.door.url}/compute/v2.1{path}/action"
    reply = client.http.post(url, headers=headers, json={"evacuate": {}}, timeout=5)
    given = reply.headers["X-OpenStack-Request-Id"]
    assert given == reply.headers["X-Compute-Request-Id"] != own
    (listed, made) = client.ask("GET", f"{path}/os-instance-actions").json()["instanceActions"]
    assert (listed["action"], listed["request_id"], listed["message"]) == ("evacuate", given, None)
    assert (listed["user_id"], made["action"], made["user_id"]) == ("sim-admin", "create", "sim-user")

    def events() -> list[tuple[str, str | None]]:
        body = client.ask("GET", f"{path}/os-instance-actions/{given}").json()["instanceAction"]
        return [(event["event"], event["result"]) for event in body["events"]]

    both = [("rebuild_server", "Success"), ("compute_rebuild_instance", "Success")]
    asyncio.run(until(lambda: events() == both))
    assert client.ask("GET", f"{path}/os-instance-actions/{own}").status_code == 404
    assert client.ask("GET", "/servers/nope/os-instance-actions").status_code == 404


def test_an_event_has_more_fields_in_later_microversions(client: Client) -> None:
    bury(client)
    path = f"/servers/{uuid(client, 'web')}"
    given = client.ask("POST", f"{path}/action", json={"evacuate": {}}).headers["X-OpenStack-Request-Id"]

    def fields(version: str) -> tuple[set[str], set[str]]:
        body = client.ask("GET", f"{path}/os-instance-actions/{given}", version).json()["instanceAction"]
        return set(body), set(body["events"][0])

    assert fields("2.57") == (
        {"action", "instance_uuid", "request_id", "user_id", "project_id", "start_time", "message", "events"},
        {"event", "start_time", "finish_time", "result", "traceback"},
    )
    assert fields("2.93")[0] - fields("2.57")[0] == {"updated_at"}
    assert fields("2.93")[1] - fields("2.57")[1] == {"host", "hostId", "details"}


def test_errors_carry_novas_words(client: Client) -> None:
    unknown = "00000000-0000-0000-0000-000000000000"
    reply = client.ask("GET", f"/servers/{unknown}")
    assert reply.json() == {
        "itemNotFound": {"code": 404, "message": f"Instance {unknown} could not be found."}
    }
    reply = client.ask("PUT", "/os-services/force-down", json={"host": HOST})
    assert reply.status_code == 400
    assert client.ask("PUT", f"/os-services/{unknown}", json={"forced_down": True}).status_code == 404
    assert client.ask("GET", "/flavors").status_code == 404
    assert client.ask("DELETE", f"/servers/{unknown}").status_code == 404


def test_lists_have_pages(client: Client) -> None:
    client.sim("PUT", "knobs", json={"page": 2})
    first = client.ask("GET", f"/servers/detail?all_tenants=True&host={HOST}").json()
    assert len(first["servers"]) == 2
    (link,) = first["servers_links"]
    assert link["rel"] == "next" and f"host={HOST}" in link["href"]
    second = client.http.get(link["href"], headers={"X-Auth-Token": client.token}, timeout=5).json()
    assert len(second["servers"]) == 1 and "servers_links" not in second
    assert client.ask("GET", "/servers/detail?marker=nope").status_code == 400
    client.say("operator_live_migrates", "web", "cmp2")
    client.say("operator_live_migrates", "db", "cmp2")
    one = client.ask("GET", f"/os-migrations?source_compute={HOST}&limit=1", "2.80").json()
    assert len(one["migrations"]) == 1 and one["migrations_links"]
    typed = client.ask("GET", "/os-migrations?migration_type=evacuation", "2.80").json()
    assert typed == {"migrations": []}


def test_a_list_of_migrations_has_traps(client: Client) -> None:
    """changes-since hides what was only accepted, `host` beats source_compute, and status takes one value."""
    bury(client)
    client.say("conductor_away", 1000)
    client.ask("POST", f"/servers/{uuid(client, 'web')}/action", json={"evacuate": {}})

    def count(query: str) -> int:
        return len(client.ask("GET", f"/os-migrations?{query}").json()["migrations"])

    assert count(f"source_compute={HOST}") == count(f"source_compute={HOST}&status=accepted") == 1
    assert count(f"source_compute={HOST}&status=done") == 0
    assert count(f"source_compute={HOST}&changes-since=2000-01-01T00:00:00Z") == 0
    assert count(f"source_compute=other&host={HOST}") == 1


def test_a_server_has_more_fields_in_later_microversions(client: Client) -> None:
    path = f"/servers/{uuid(client, 'web')}"
    old, new = [client.ask("GET", path, version).json()["server"] for version in ("2.1", "2.73")]
    assert set(new) - set(old) == {"locked", "locked_reason", "host_status", "tags"}
    assert new["host_status"] == "UP"
    bury(client)
    assert client.ask("GET", path).json()["server"]["host_status"] == "DOWN"
    client.say("operator_disables", HOST)
    assert client.ask("GET", path).json()["server"]["host_status"] == "MAINTENANCE"


def test_the_truth_is_told_below_sim(client: Client) -> None:
    bury(client)
    client.ask("POST", f"/servers/{uuid(client, 'web')}/action", json={"evacuate": {"host": "cmp2"}})
    asyncio.run(until(lambda: client.sim("GET", "state")["in_progress"] == 0))
    state = client.sim("GET", "state")
    assert state["hosts"][HOST] | {"runs": []} == {
        "power": "off", "answers": False, "up": False, "enabled": True, "forced_down": True, "runs": [],
        "disabled_reason": "",
    }  # fmt: skip
    assert state["hosts"]["cmp2"]["runs"] == ["web"]
    assert state["running_twice"] == []
    assert [record["status"] for record in state["migrations"]] == ["done"]
    assert f"{HOST}: off  app db" in client.sim("GET", "census")["lines"]
    diary = client.sim("GET", "diary")
    assert (diary[-1]["host"], diary[-1]["event"]) == ("cmp2", "started")
    assert client.sim("GET", f"diary?since={len(diary)}") == []
    sent = client.sim("GET", "requests")
    assert {"token", "evacuate"} <= {request["action"] for request in sent}
    assert [r["microversion"] for r in sent if r["action"] == "evacuate"] == ["2.93"]


def test_power_devices_answer_below_sim(client: Client) -> None:
    assert client.sim("GET", "power/cmp2") == {"power": "on"}
    assert client.sim("PUT", "power/cmp2", json={"power": "off"}) == {"power": "off"}
    assert client.sim("PUT", "power/cmp2", json={"power": "on"})[0] == 400
    client.say("power.refuse_fencing", HOST)
    assert client.sim("PUT", f"power/{HOST}", json={"power": "off"}) == (
        403,
        f"the power device of {HOST} refuses to switch it off",
    )
    client.say("power.cut_bmc", HOST)
    assert client.sim("GET", f"power/{HOST}") == {"power": "unknown"}
    assert client.sim("PUT", "power/nope", json={"power": "off"})[0] == 404


def test_what_is_not_understood_below_sim_is_said(client: Client) -> None:
    assert client.sim("GET", "nope") == (404, "no route GET /sim/nope")
    assert client.say("hosts.explode", HOST)[0] == 400
    assert client.say("hosts._boot", HOST) == (400, "KeyError: \"no verb 'hosts._boot'\"")
    assert client.say("hosts.power_off", "cmp9")[0] == 400
    assert client.sim("PUT", "knobs", json={"nope": 1})[0] == 400
    knobs = {"congestion": "two_cores", "token_life": 5.0, "autostart": True}
    assert client.sim("PUT", "knobs", json=knobs).items() >= knobs.items()
    assert client.sim("GET", "knobs")["congestion"] == "two_cores"


def test_a_call_is_carried_out_although_its_client_has_hung_up(client: Client) -> None:
    bury(client)
    client.say("wire.slow", 0.5, action="evacuate")
    with pytest.raises(requests.exceptions.ReadTimeout):
        client.http.post(
            f"{client.lab.door.url}/compute/v2.1/servers/{uuid(client, 'web')}/action",
            json={"evacuate": {}},
            headers={"X-Auth-Token": client.token, "OpenStack-API-Version": "compute 2.93"},
            timeout=0.1,
        )
    asyncio.run(until(lambda: bool(client.sim("GET", "state")["migrations"])))


def test_two_workers_move_sixty_guests_at_once() -> None:
    def build(cloud: SimCloud) -> None:
        for number in range(6):
            cloud.add_host(f"cmp{number}")
        for number in range(60):
            cloud.add_guest(f"web{number}", f"cmp{number % 2}")
        for host in ("cmp0", "cmp1"):
            cloud.hosts.power_off(host)
            cloud.operator_forces_down(host)

    async def recover(nova: NovaCloud, host: str) -> None:
        guests = await nova.guests(host)
        assert len(guests) == 30
        await asyncio.gather(*(nova.evacuate(guest.uuid) for guest in guests))
        while await nova.guests(host):  # noqa: ASYNC110 - the cloud lives in another thread
            await asyncio.sleep(0.05)

    async def both(one: NovaCloud) -> None:
        two = NovaCloud(one.settings, client=5.0)
        async with asyncio.timeout(20):
            await asyncio.gather(recover(one, "cmp0"), recover(two, "cmp1"))
        await two.close()

    with CloudThread(build, pace=replace(SWIFT, spawn=0.5)) as lab:
        with_adapter(lab, both, client=5.0)
        assert lab.do(lambda cloud: [m.status for m in cloud.world.migrations]) == ["done"] * 60
        assert lab.do(lambda cloud: cloud.running_twice()) == ()


def test_a_build_that_fails_is_told_to_who_started_it() -> None:
    def build(cloud: SimCloud) -> None:
        cloud.add_guest("web", "nowhere")

    with pytest.raises(KeyError, match="no host 'nowhere'"), CloudThread(build):
        pass


def test_a_process_of_its_own_serves_and_ends(tmp_path: Path) -> None:
    file = tmp_path / "clouds.yaml"
    command = [sys.executable, "-m", "kasugai.sim.http", "--hosts", "3", "--reserves", "1", "--guests", "2"]
    command += ["--congested", "--no-date", "--clouds-yaml", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().removeprefix("serving ").strip()
        with urllib.request.urlopen(f"{url}/sim/state", timeout=5) as reply:
            state = json.load(reply)
        process.terminate()
        assert process.wait(timeout=10) == 0
    assert {name: host["enabled"] for name, host in state["hosts"].items()} == {
        "cmp1": True, "cmp2": True, "cmp3": False,
    }  # fmt: skip
    assert len(state["guests"]) == 4
    assert f"auth_url: {url}/identity/v3" in file.read_text()
