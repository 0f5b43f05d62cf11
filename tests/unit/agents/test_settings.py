"""agent.conf and masakarimonitors.conf: what counts, what means nothing, and a clear line for what is wrong."""

import re
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from kasugai.agents.settings.loading import BadSetting, load
from tests.support.sources import REPO

KAFKA = "[kafka]\nbootstrap_servers = k1:9092,k2:9092\n"
MONITORS = """\
[DEFAULT]
debug = true
log_dir = /var/log/masakari
hostname = cmp1.example.org
[api]
auth_url = http://keystone:5000/v3
password = s3cret%$x
[host]
monitoring_driver = consul
monitoring_interval = 60
disable_ipmi_check = false
ipmi_timeout = 5
[consul]
agent_manage = 10.0.0.1:8500
[process]
check_interval = 7
restart_retries = 2
api_retry_max = 12
process_list_path = /etc/masakarimonitors/process_list.yaml
[callback]
retry_max = 12
[libvirt]
connection_uri = qemu:///system
[introspectiveinstancemonitor]
guest_monitoring_interval = 10
[procss]
chek = 1
"""


def written(folder: Path, text: str, name: str = "agent.conf") -> str:
    (folder / name).write_text(text)
    return str(folder / name)


def test_little_is_needed_and_the_rest_is_what_is_usual(tmp_path: Path) -> None:
    settings = load([written(tmp_path, KAFKA)])
    assert settings.agent.host == socket.gethostname() and settings.agent.proof == "key"
    assert settings.kafka.bootstrap_servers == "k1:9092,k2:9092" and settings.remarks == ()
    assert settings.host.enabled and settings.process.enabled and settings.instance.enabled


def test_a_file_of_masakari_monitors_is_taken_as_it_is(tmp_path: Path) -> None:
    settings = load([written(tmp_path, MONITORS, "masakarimonitors.conf"), written(tmp_path, KAFKA)])
    assert settings.agent.host == "cmp1.example.org" and settings.agent.debug
    assert (settings.process.check_interval, settings.process.restart_retries) == (7.0, 2)
    assert settings.raw["consul"] == {"agent_manage": "10.0.0.1:8500"}
    assert settings.raw["host"]["monitoring_driver"] == "consul"


def test_what_means_nothing_is_named_with_its_reason_and_what_nobody_knows_once(tmp_path: Path) -> None:
    settings = load([written(tmp_path, MONITORS, "masakarimonitors.conf"), written(tmp_path, KAFKA)])
    text = "\n".join(settings.remarks)
    assert len(settings.remarks) == 4
    assert (
        "[host] disable_ipmi_check, [host] ipmi_timeout: means nothing here: an agent reads no power state"
        in text
    )
    assert "[DEFAULT] log_dir: means nothing here: the log goes to stderr" in text
    assert (
        "[api] auth_url, [api] password, [callback] retry_max, [process] api_retry_max: means nothing" in text
    )
    assert "[procss] chek: no such option: look for a slip of the pen" in text
    assert "monitoring_driver" not in text and "s3cret" not in text


def test_a_later_file_goes_before_an_earlier_one_and_our_own_name_before_the_other(tmp_path: Path) -> None:
    first = written(tmp_path, KAFKA + "[agent]\nhost = one\n[DEFAULT]\nhostname = two\n", "a.conf")
    assert load([first]).agent.host == "one"
    assert load([first, written(tmp_path, "[agent]\nhost = three\n", "b.conf")]).agent.host == "three"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "bootstrap_servers is not set"),
        (KAFKA + "[process]\nrestart_retries = often\n", "restart_retries = often: write a whole number"),
        (KAFKA + "[process]\nrestart_retries = 1000\n", "from 0 to 100"),
        (KAFKA + "[process]\ncheck_interval = nan\n", "from 0.1 to 3600"),
        (KAFKA + "[host]\npeer_interval = fast\n", "write a number"),
        (KAFKA + "[instance]\nenabled = perhaps\n", "write true or false"),
        (KAFKA + "[agent]\nproof = maybe\n", "one of key, none"),
        (KAFKA + "security_protocol = TLS\n", "one of PLAINTEXT, SSL"),
        (KAFKA + "sasl_password_file = /no/such\n", "sasl_password_file /no/such cannot be read"),
        (KAFKA + "[agent]\nhost = " + "x" * 256 + "\n", "no name of a host"),
        ("no section = 1\n", "no section headers"),
    ],
)
def test_what_is_wrong_is_one_line_that_says_what_to_write(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadSetting) as caught:
        load([written(tmp_path, text)])
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="cannot be read"):
        load([str(tmp_path / "none.conf")])


def test_a_password_stays_out_of_sight_and_is_taken_byte_for_byte(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("a$b%(c)s#d\n")
    settings = load([written(tmp_path, KAFKA + f"sasl_password_file = {tmp_path}/password\n")])
    assert settings.kafka.sasl_password == "a$b%(c)s#d" and "a$b" not in repr(settings)


def test_systemds_folder_counts_unless_another_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", "/run/x:/run/y")
    assert load([written(tmp_path, KAFKA)]).agent.state_dir == "/run/x"
    assert load([written(tmp_path, KAFKA + "[agent]\nstate_dir = /z\n")]).agent.state_dir == "/z"


def test_the_sample_is_fresh_and_every_line_of_it_is_read(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-c",
        "import draw_agent_settings; print(draw_agent_settings.render(), end='')",
    ]
    drawn = subprocess.run(command, cwd=REPO / "tools", capture_output=True, text=True, check=True).stdout
    sample = (REPO / "deploy" / "agent.conf.sample").read_text()
    assert sample == drawn, "type .venv/bin/python tools/draw_agent_settings.py"
    said = re.sub(r"^#(\w+ = )", r"\1", sample, flags=re.MULTILINE).replace("servers = ", "servers = k:9092")
    assert replace(load([written(tmp_path, said)]), raw={}) == replace(
        load([written(tmp_path, KAFKA.replace("k1:9092,k2:9092", "k:9092"))]), raw={}
    )
