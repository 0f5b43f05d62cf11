"""The step that marks servers: its own sweep, and its questions to a Nova over HTTP."""

import asyncio
import os
import subprocess
import sys
import time
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from kasugai.sim.cloud import SimCloud
from kasugai.sim.http import CloudThread
from tests.support.clouds import SWIFT

REPO = Path(__file__).resolve().parents[2]
EXAMPLE = REPO / "examples" / "kasugai-step-mark-servers"
KEY = "kasugai:last_recovery"

pytestmark = pytest.mark.filterwarnings("ignore:Support for InfluxDB", "ignore:The 'service_type' parameter")
"""openstacksdk warns of how it calls itself."""


def build(cloud: SimCloud) -> None:
    for host in ("cmp1", "cmp2", "cmp3"):
        cloud.add_host(host)
    for name, host in (("web1", "cmp1"), ("db1", "cmp1"), ("other", "cmp3")):
        cloud.add_guest(name, host, metadata={"tier": name})
    cloud.add_guest("off", "cmp3", vm_state="stopped")


@pytest.fixture
def step(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What the package's entry point makes."""
    monkeypatch.syspath_prepend(str(EXAMPLE / "src"))
    points = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]["entry-points"]
    module, _, name = points["kasugai.steps"]["mark-servers"].partition(":")
    return getattr(import_module(module), name)


def about(kind: str, host: str, opened: datetime, detail: str = "") -> dict[str, str]:
    whom = {"kind": kind, "host": host, "detail": detail, "segment": "rack1"}
    return {**whom, "incident": f"of-{host}-{detail}", "attempt": "1", "opened_at": opened.isoformat()}


def marks(cloud: CloudThread) -> Mapping[str, str]:
    def read(world: SimCloud) -> dict[str, str]:
        return {guest.name: guest.metadata.get(KEY, "") for guest in world.world.guests.values()}

    return cloud.do(read)


def uuid_of(cloud: CloudThread, name: str) -> str:
    return cloud.do(lambda world: world.uuid(name))


def _move(uuid: str, world: SimCloud) -> None:
    world.nova.evacuate(uuid, "cmp2", (2, 95))


def evacuate(cloud: CloudThread) -> None:
    """Let cmp1 fail, and its guests come back elsewhere."""
    cloud.do(lambda world: world.hosts.power_off("cmp1"))
    cloud.do(
        lambda world: world.nova.update_service(world.world.host("cmp1").service.service_id, forced_down=True)
    )
    for uuid in (uuid_of(cloud, name) for name in ("web1", "db1")):
        cloud.do(partial(_move, uuid))
    deadline = time.monotonic() + 30
    while cloud.do(lambda world: [m.status for m in world.world.migrations]) != ["done", "done"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    with CloudThread(build, pace=SWIFT) as served:
        (tmp_path / "clouds.yaml").write_text(served.door.clouds_yaml())
        monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "clouds.yaml"))
        monkeypatch.setenv("KASUGAI_MARK_CLOUD", "sim")
        yield served


def test_its_own_sweep_passes_against_this_kasugai() -> None:
    command = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(EXAMPLE / "tests"))
    path = f"{EXAMPLE / 'src'}:{REPO / 'src'}"
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        cwd=EXAMPLE,
        env=os.environ | {"PYTHONPATH": path},
        timeout=200,
    )
    assert "8 passed" in done.stdout, done.stdout + done.stderr


def test_servers_that_were_evacuated_are_marked_and_no_others(cloud: CloudThread, step: Any) -> None:
    opened = datetime.now(UTC)
    evacuate(cloud)
    told = about("host", "cmp1", opened)

    async def play() -> list[tuple[str, str]]:
        own = step()
        before = await own.look(told)
        await own.act(told)
        return [before, await own.look(told), await step().look(told)]

    assert asyncio.run(play()) == [("absent", ""), ("holds", ""), ("holds", "")]
    found = marks(cloud)
    assert all(found[name].endswith("Z evacuated") for name in ("web1", "db1"))
    assert found["other"] == found["off"] == ""
    assert cloud.do(lambda world: world.world.guests[world.uuid("web1")].metadata["tier"]) == "web1"
    later = datetime.fromtimestamp(opened.timestamp() + 3600, UTC)
    assert asyncio.run(step().look(about("host", "cmp1", later)))[0] == "holds"


def test_a_server_that_was_started_is_marked_and_one_that_was_not_is_not(
    cloud: CloudThread, step: Any
) -> None:
    opened = datetime.now(UTC)
    uuids = {name: uuid_of(cloud, name) for name in ("off", "other")}
    cloud.do(lambda world: world.nova.start(uuids["off"]))
    deadline = time.monotonic() + 30
    while cloud.do(lambda world: world.world.guests[uuids["off"]].vm_state) != "active":
        assert time.monotonic() < deadline
        time.sleep(0.05)

    async def play(name: str) -> str:
        own, told = step(), about("instance", "cmp3", opened, uuids[name])
        state, _ = await own.look(told)
        if state == "absent":
            await own.act(told)
        return str(state)

    assert [asyncio.run(play(name)) for name in ("off", "other")] == ["absent", "holds"]
    assert marks(cloud)["off"].endswith("Z restarted") and marks(cloud)["other"] == ""


def test_what_nova_refuses_is_told_and_left(cloud: CloudThread, step: Any) -> None:
    opened = datetime.now(UTC)
    evacuate(cloud)
    cloud.do(lambda world: setattr(world.world.guests[world.uuid("db1")], "task_state", "rebooting"))
    told = about("host", "cmp1", opened)

    async def play() -> tuple[str, str]:
        own = step()
        await own.act(told)
        state, said = await own.look(told)
        return str(state), str(said)

    assert asyncio.run(play()) == ("holds", "1 of 2 servers could not be marked")
    assert marks(cloud)["web1"] and not marks(cloud)["db1"]


def test_a_nova_that_is_away_holds_nothing(cloud: CloudThread, step: Any) -> None:
    cloud.refuse()
    state, said = asyncio.run(step().look(about("host", "cmp1", datetime.now(UTC))))
    assert state == "holds" and "Unable to establish connection" in said, said
