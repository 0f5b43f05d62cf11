"""From settings to the Power port: what a worker starts with, and what it refuses to start with."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from kasugai.adapters.power import BadDevices, Fencing, NoPower, devices, power_of
from kasugai.adapters.settings import KafkaSettings, PowerSettings, Settings
from kasugai.adapters.settings import values as defaults
from kasugai.core.words.subject import Kind
from kasugai.workers.app import main
from kasugai.workers.exits import Exit
from tests.support.fake_agents import FakeAgents

Write = Callable[[str], PowerSettings]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return what writes a power.yaml beside fake agents and returns settings for both."""
    FakeAgents(tmp_path)

    def save(text: str) -> PowerSettings:
        file = tmp_path / "power.yaml"
        file.write_text(text)
        file.chmod(0o600)
        return PowerSettings(devices_file=str(file), agents_dir=str(tmp_path), read_timeout=3000)

    return save


def timeouts(settings: PowerSettings, fence: float) -> list[float]:
    return [device.timeout for device in devices(settings, fence)["cmp1"]]


def test_devices_share_the_time_of_a_fence(write: Write) -> None:
    assert timeouts(write("hosts: {cmp1: [{agent: fence_fake}]}"), 60) == [54]
    assert timeouts(write("hosts: {cmp1: [{agent: fence_fake}, {agent: fence_fake}]}"), 60) == [27, 27]
    some = write("hosts: {cmp1: [{agent: fence_fake, timeout: 40s}, {agent: fence_fake}]}")
    assert timeouts(some, 60) == [40, 14]
    (device,) = devices(write("hosts: {cmp1: [{agent: fence_fake, timeout: 20s}]}"), 60)["cmp1"]
    assert (device.timeout, device.read_timeout) == (20, 3)


@pytest.mark.parametrize("asked", ["[30s, 25s]", "[53500ms]"])
def test_time_outs_that_do_not_fit_are_refused(write: Write, asked: str) -> None:
    listed = ", ".join(f"{{agent: fence_fake, timeout: {time}}}" for time in asked.strip("[]").split(", "))
    rest = "" if "," in asked else ", {agent: fence_fake}"
    with pytest.raises(
        BadDevices, match=r"host cmp1: its devices have 54 s in all .*raise \[worker\] fence$"
    ):
        devices(write(f"hosts: {{cmp1: [{listed}{rest}]}}"), 60)


def test_an_agent_that_is_not_there_is_told_with_the_command(write: Write) -> None:
    with pytest.raises(
        BadDevices, match=r"host cmp1, device 2: .*/fence_gone is no program; type: apt-get inst"
    ):
        devices(write("hosts: {cmp1: [{agent: fence_fake}, {agent: fence_gone}]}"), 60)


def test_the_port_and_what_is_said_once(write: Write, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    power = power_of(write("hosts: {cmp1: [{agent: fence_fake}]}"), 60)
    assert isinstance(power, Fencing)
    assert power.has("cmp1") and not power.has("cmp2")
    (record,) = caplog.records
    assert "power devices of 1 hosts" in record.getMessage()


def test_no_file_means_no_devices_only_where_nobody_asked_for_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    absent = str(tmp_path / "power.yaml")
    with pytest.raises(BadDevices, match="there is no such file"):
        power_of(PowerSettings(devices_file=absent), 60)
    monkeypatch.setattr("kasugai.adapters.power.opening.DEVICES_FILE", absent)
    assert isinstance(power_of(PowerSettings(devices_file=absent), 60), NoPower)
    assert isinstance(power_of(PowerSettings(), 60), NoPower)
    assert [record.getMessage() for record in caplog.records] == [
        f"no power devices ({reason}): only hosts that somebody vouches for as fenced are recovered"
        for reason in (f"{absent} is not there", "[power] devices_file is empty")
    ]
    assert defaults.DEVICES_FILE == "/etc/kasugai/power.yaml"


def test_a_worker_does_not_start_with_a_file_that_others_may_read(
    write: Write, caplog: pytest.LogCaptureFixture
) -> None:
    settings = write("hosts: {cmp1: [{agent: fence_fake}]}")
    Path(settings.devices_file).chmod(0o644)
    code = main(Settings(kafka=KafkaSettings(bootstrap_servers="127.0.0.1:1"), power=settings), [Kind.HOST])
    assert code == Exit.UNFIT
    assert f"type: chmod 0600 {settings.devices_file}" in caplog.text
