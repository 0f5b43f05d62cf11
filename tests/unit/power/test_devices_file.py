"""power.yaml: what it says, and one line for whatever is wrong with it, without a secret in it."""

import os
from pathlib import Path

import pytest

from kasugai.adapters.power.devices_file import BadDevices, Described, parse_devices, read_devices

GOOD = """\
defaults:
  fence_redfish:
    timeout: 25s
    parameters: {username: kasugai, password: s3cret, ssl_insecure: 1}
hosts:
  cmp1.example.org:
    - agent: fence_redfish
      parameters: {ip: 192.0.2.11, systems_uri: /redfish/v1/Systems/1}
    - {agent: fence_apc_snmp, timeout: 500ms, parameters: {ip: 192.0.2.2, plug: 007, community: yes}}
  cmp2:
    - {agent: fence_redfish, parameters: {ip: 192.0.2.12, password: other}}
"""


def test_devices_by_exact_host_in_their_order_with_values_as_they_are_written() -> None:
    common = {"username": "kasugai", "ssl_insecure": "1"}
    assert parse_devices("f", GOOD) == {
        "cmp1.example.org": (
            Described(
                agent="fence_redfish",
                timeout=25.0,
                parameters={
                    **common,
                    "password": "s3cret",
                    "ip": "192.0.2.11",
                    "systems_uri": "/redfish/v1/Systems/1",
                },
            ),
            Described(
                agent="fence_apc_snmp",
                timeout=0.5,
                parameters={"ip": "192.0.2.2", "plug": "007", "community": "yes"},
            ),
        ),
        "cmp2": (
            Described(
                agent="fence_redfish",
                timeout=25.0,
                parameters={**common, "password": "other", "ip": "192.0.2.12"},
            ),
        ),
    }


def device(**keys: str) -> str:
    inner = ", ".join(f"{name}: {value}" for name, value in keys.items())
    return f"hosts: {{cmp1: [{{agent: fence_redfish}}, {{{inner}}}]}}"


WRONG = [
    ("", "f: a mapping with hosts belongs here; for example: hosts: {cmp1:"),
    ("defaults: {}", "f: hosts is missing; for example: hosts: {cmp1:"),
    ("hosts: {}\nhost: {}", "f: nobody reads host; for example"),
    ("hosts:\n  cmp1: {}", "f: host cmp1: a list of one to eight devices belongs here, the first is tried first; "),
    ("hosts: {cmp1: []}", "f: host cmp1: a list of one to eight devices belongs here"),
    ("hosts: {cmp1: [fence_redfish]}", "f: host cmp1, device 1: a device belongs here; for example: {agent: "),
    (device(timeout="4s"), "f: host cmp1, device 2: agent is missing; for example: {agent: "),
    (device(agent="/bin/sh"), "f: host cmp1, device 2: agent: the name of a fence agent belongs here, without a f"),
    (device(agent="fence_x", timeout="20"), "f: host cmp1, device 2: timeout: a time with its unit belongs here; "),
    (device(agent="fence_x", password="hush"), "f: host cmp1, device 2: nobody reads password; for example"),
    (device(agent="fence_x", parameters="hush"), "f: host cmp1, device 2: parameters: the agent's parameters belong"),
    (device(agent="fence_x", parameters="{ip: [hush]}"), "f: host cmp1, device 2: parameters.ip: one line of text"),
    (device(agent="fence_x", parameters="{ip: }"), "f: host cmp1, device 2: parameters.ip: one line of text"),
    (device(agent="fence_x", parameters='{ip: "hush\\naction=on"}'), "f: host cmp1, device 2: parameters.ip: one li"),
    (device(agent="fence_x", parameters="{action: on}"), "f: host cmp1, device 2: parameters: a parameter's name has"),
    (device(agent="fence_x", parameters="{method: cycle}"), "f: host cmp1, device 2: parameters: a parameter's name"),
    (device(agent="fence_x", parameters="{debug_file: /x}"), "f: host cmp1, device 2: parameters: a parameter's na"),
    (device(agent="fence_x", parameters="{password:hush}"), "f: host cmp1, device 2: parameters: a parameter's name"),
    ("hosts: {cmp1: [{agent: fence_x, 'password:hush': x}]}", "f: host cmp1, device 1: nobody reads what stands whe"),
    ("defaults: {redfish: {}}\nhosts: {}", "f: defaults: the name of a fence agent belongs here"),
    ("defaults: {fence_x: {agent: y}}\nhosts: {}", "f: defaults.fence_x: nobody reads agent; for example"),
    ("hosts: {'cmp 1': [{agent: fence_x}]}", "f: hosts: a host's name has no blanks; for example: cmp1.example.org"),
    ("hosts:\n  cmp1: [{agent: fence_x}]\n  cmp1: []", "f:3: this is no YAML: cmp1 is there twice"),
    ("hosts: {cmp1: [}", "f:1: this is no YAML: "),
    ("hosts: \x01", "f: this is no YAML: it holds characters that are not allowed"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line"), WRONG)
def test_what_is_wrong_is_one_line_that_names_host_and_key(text: str, line: str) -> None:
    with pytest.raises(BadDevices) as caught:
        parse_devices("f", text)
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_file_for_its_owner_alone_is_read(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "power.yaml"
    file.write_text(GOOD)
    file.chmod(mode)
    assert set(read_devices(str(file)) or {}) == {"cmp1.example.org", "cmp2"}


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o700, 0o1600])
def test_a_file_that_others_may_touch_is_refused_with_the_command_that_mends_it(
    tmp_path: Path, mode: int
) -> None:
    file = tmp_path / "power.yaml"
    file.write_text(GOOD)
    file.chmod(mode)
    with pytest.raises(BadDevices, match=rf"its mode is {mode:04o}.*; type: chmod 0600 {file}$"):
        read_devices(str(file))


def test_a_strangers_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "power.yaml"
    file.write_text(GOOD)
    file.chmod(0o600)
    owner = os.stat(file).st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    if owner == 0:
        assert read_devices(str(file))
        os.chown(file, 12345, -1)
        owner = 12345
    with pytest.raises(BadDevices, match=rf"belongs to uid {owner}.*; type: chown \d+ {file}$"):
        read_devices(str(file))


def test_a_file_that_is_not_there_is_none_and_one_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    assert read_devices(str(tmp_path / "power.yaml")) is None
    with pytest.raises(BadDevices, match="cannot be read"):
        read_devices(str(tmp_path))
    file = tmp_path / "power.yaml"
    file.write_bytes(b"hosts: \xff")
    file.chmod(0o600)
    with pytest.raises(BadDevices, match="no UTF-8"):
        read_devices(str(file))
