"""Masakari's own clients, unmodified, against `kasugai api` with a Keystone that answers as the real one.

The whole deployment runs: what the clients report leads to a recovery that the clients then show.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kasugai.adapters.redis_views import RedisViews
from kasugai.sim.http.keystone import PROJECT_ID
from tests.support.api_process import Site, site
from tests.support.workers import eventually

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

REPO = Path(__file__).resolve().parents[3]
CLIENTS = REPO / ".venv-clients" / "bin"
TIME = "2026-11-22T07:31:18"
GUESTS = 2


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A deployment with two hosts and guests on the first."""
    assert (CLIENTS / "openstack").exists(), "type make clients"
    with site(tmp_path_factory.mktemp("clients"), ["cmp1", "cmp2", "cmp3"], GUESTS) as found:
        port = found.api("api")
        url = f"http://127.0.0.1:{port}/v1/{PROJECT_ID}"
        found.cloud.door.api.keystone.enlist("instance-ha", "masakari", url)
        for words in (("route",), ("correlate",), ("worker", "host", "process"), ("project",)):
            found.run(*words, name=words[0])
        views = RedisViews.from_url(found.redis.url)
        eventually(views.is_current, 90, lambda: found.log("project"))  # until then the API answers 503
        views.close()
        yield found
        if found.folder in SHELLS:
            SHELLS.pop(found.folder).end()


def openstack(place: Site, *words: str, fails: bool = False) -> Any:
    """Run a command line of the real client; return its JSON, or what it says when it must fail."""
    shell = SHELLS.get(place.folder) or SHELLS.setdefault(place.folder, Shell(place))
    done = shell.run(*words)
    if fails:
        assert done["code"] != 0, done
        return done["err"]
    assert done["code"] == 0, (words, done)
    return json.loads(done["out"]) if "json" in words else done["out"]


class Shell:
    """The clients' interpreter with the command line loaded."""

    def __init__(self, place: Site) -> None:
        """Start it."""
        self._process = subprocess.Popen(
            [
                str(CLIENTS / "python"),
                "-W",
                "ignore",
                str(REPO / "tests" / "support" / "openstack_commands.py"),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={"OS_CLIENT_CONFIG_FILE": str(place.clouds), "OS_CLOUD": "sim", "HOME": str(place.folder)},
        )

    def run(self, *words: str) -> Any:
        """Return what a command line ended with and said."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(words) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def end(self) -> None:
        """End it."""
        self._process.communicate()


SHELLS: dict[Path, Shell] = {}


def python(place: Site, code: str) -> str:
    """Run code with the clients' own interpreter."""
    done = subprocess.run(
        [str(CLIENTS / "python"), "-W", "ignore", "-c", code],
        check=False,
        capture_output=True,
        text=True,
        env={"OS_CLIENT_CONFIG_FILE": str(place.clouds), "OS_CLOUD": "sim", "HOME": str(place.folder)},
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


AS_JSON = ("-f", "json")


def test_the_fifteen_commands(place: Site) -> None:
    made = segment_commands(place)
    host = host_commands(place, made)
    notification_commands(place, host)
    openstack(place, "segment", "delete", "rack1")
    assert "rack1" in openstack(place, "segment", "show", "rack1", fails=True)


def segment_commands(place: Site) -> Any:
    """Create, update, show and list."""
    made = openstack(
        place, "segment", "create", "rack1", "auto", "COMPUTE", "--description", "by hand", *AS_JSON
    )
    assert (made["name"], made["recovery_method"], made["description"]) == ("rack1", "auto", "by hand")
    assert "409" in openstack(place, "segment", "create", "rack1", "auto", "COMPUTE", fails=True)
    changed = openstack(place, "segment", "update", "rack1", "--description", "changed", *AS_JSON)
    assert changed["description"] == "changed" and changed["updated_at"]
    assert openstack(place, "segment", "show", "rack1", *AS_JSON)["uuid"] == made["uuid"]
    assert [row["name"] for row in openstack(place, "segment", "list", *AS_JSON)] == ["rack1"]
    return made


def host_commands(place: Site, made: Any) -> Any:
    """Create, update, show, list and delete."""
    host = openstack(place, "segment", "host", "create", "cmp1", "COMPUTE", "SSH", "rack1", *AS_JSON)
    assert host["failover_segment_id"] == made["uuid"]
    for name in ("cmp2", "cmp3"):
        openstack(place, "segment", "host", "create", name, "COMPUTE", "SSH", "rack1", *AS_JSON)
    assert "400" in openstack(
        place, "segment", "host", "create", "cmp9", "COMPUTE", "SSH", "rack1", fails=True
    )
    flag = ("--on_maintenance", "True")
    changed = openstack(place, "segment", "host", "update", "rack1", "cmp3", *flag, *AS_JSON)
    assert changed["on_maintenance"] is True
    assert openstack(place, "segment", "host", "show", "rack1", "cmp1", *AS_JSON)["uuid"] == host["uuid"]
    rows = openstack(place, "segment", "host", "list", "rack1", *AS_JSON)
    assert sorted(row["name"] for row in rows) == ["cmp1", "cmp2", "cmp3"]
    openstack(place, "segment", "host", "delete", "rack1", "cmp3")
    return host


def notification_commands(place: Site, host: Any) -> None:
    """Create, show and list; vmove list and show."""
    place.cloud.do(lambda cloud: cloud.hosts.power_off("cmp1"))
    payload = json.dumps({"event": "STOPPED", "cluster_status": "OFFLINE", "host_status": "NORMAL"})
    words = ("notification", "create", "COMPUTE_HOST", "cmp1", TIME, payload)
    said = openstack(place, *words, *AS_JSON)
    assert "409" in openstack(place, *words, fails=True)
    shown = wait_until_finished(place, said["notification_uuid"])
    assert shown["source_host_uuid"] == host["uuid"] and shown["recovery_workflow_details"]
    assert [row["notification_uuid"] for row in openstack(place, "notification", "list", *AS_JSON)] == [
        said["notification_uuid"]
    ]

    moves = openstack(place, "notification", "vmove", "list", said["notification_uuid"], *AS_JSON)
    assert [row["status"] for row in moves] == ["succeeded"] * GUESTS
    assert {row["dest_host"] for row in moves} <= {"cmp2", "cmp3"}, "where Nova's scheduler liked"
    one = ("notification", "vmove", "show", said["notification_uuid"], moves[0]["uuid"])
    assert openstack(place, *one, *AS_JSON)["server_id"] == moves[0]["server_id"]


def wait_until_finished(place: Site, uuid: str) -> Any:
    """Wait for the notification's end, as the CLI shows it."""
    shown: list[Any] = [None]

    def is_finished() -> bool:
        shown[0] = openstack(place, "notification", "show", uuid, *AS_JSON)
        return bool(shown[0]["status"] == "finished")

    eventually(is_finished, within=90, why=lambda: f"{shown[0]}\n{place.log('worker')[-2000:]}")
    return shown[0]


SDK = """
import openstack
ha = openstack.connect(cloud="sim").instance_ha
for n in range(5):
    ha.create_segment(name=f"sdk{n}", recovery_method="auto", service_type="SDK")
seen = [each.name for each in ha.segments(limit=1, service_type="SDK")]
assert seen == [f"sdk{n}" for n in (4, 3, 2, 1, 0)], seen
segment = ha.update_segment(ha.get_segment(next(ha.segments(service_type="SDK")).uuid).uuid, is_enabled=False)
assert segment.is_enabled is False
assert [each.name for each in ha.segments(is_enabled=False, service_type="SDK")] == ["sdk4"]
host = ha.create_host(segment.uuid, name="cmp2", type="COMPUTE", control_attributes="SSH")
host = ha.update_host(host.uuid, segment.uuid, on_maintenance="True")
assert host.on_maintenance is True
try:
    ha.create_notification(
        type="COMPUTE_HOST", hostname="cmp2", generated_time="2026-11-22", payload={"event": "STOPPED"}
    )
except openstack.exceptions.ConflictException as error:
    print("told:", error)
ha.delete_host(host.uuid, segment.uuid)
for each in list(ha.segments(service_type="SDK")):
    ha.delete_segment(each.uuid)
assert list(ha.segments(service_type="SDK")) == []
ha.delete_segment("00000000-0000-4000-8000-000000000000", ignore_missing=True)
"""


def test_the_sdk_creates_pages_updates_and_deletes(place: Site) -> None:
    assert "told: ConflictException: 409" in python(place, SDK)


MONITOR = """
import logging, sys
import masakarimonitors.conf
from masakarimonitors.ha.masakari import SendNotification
logging.basicConfig(level=logging.INFO)
masakarimonitors.conf.CONF(["--config-file", {conf!r}], project="masakarimonitors", default_config_files=[])
event = {{"notification": {{
    "type": {kind!r}, "hostname": "cmp3",
    "generated_time": "2026-11-22T07:31:18.329622",
    "payload": {payload!r},
}}}}
SendNotification().send_notification(0, 1, event)
"""


def test_a_monitor_posts_and_is_answered(place: Site) -> None:
    openstack(place, "segment", "create", "watched", "auto", "COMPUTE", *AS_JSON)
    openstack(place, "segment", "host", "create", "cmp3", "COMPUTE", "SSH", "watched", *AS_JSON)
    conf = place.folder / "masakarimonitors.conf"
    conf.write_text(
        f"[api]\nauth_url = {place.cloud.door.url}/identity\nregion = sim\nusername = admin\n"
        "password = sim-password\nproject_name = admin\nuser_domain_name = Default\nproject_domain_name = Default\n"
    )
    payload = {"event": "STOPPED", "process_name": "nova-compute"}
    said = python(place, MONITOR.format(conf=str(conf), kind="PROCESS", payload=payload))
    assert "Response: openstack.instance_ha" in said, said
    ((row,),) = [
        [row for row in openstack(place, "notification", "list", *AS_JSON) if row["type"] == "PROCESS"]
    ]
    eventually(
        lambda: (
            openstack(place, "notification", "show", row["notification_uuid"], *AS_JSON)["status"]
            == "finished"
        )
    )
    again = python(
        place, MONITOR.format(conf=str(conf), kind="PROCESS", payload=payload | {"process_name": ""})
    )
    assert "400" in again


def test_no_secret_has_been_told(place: Site) -> None:
    tokens = place.cloud.door.api.keystone.issued()
    assert tokens
    for name in ("api", "route", "correlate", "worker", "project"):
        text = place.log(name)
        assert "sim-password" not in text and not any(token in text for token in tokens), name
