"""Kafka with TLS, client certificates and passwords: every process and command goes in by the same options.

Real broker, real processes under the test profile; a host is recovered by what was said through the guarded door only.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from kasugai.adapters.kafka.complaints import SHARED
from kasugai.adapters.kafka.hidden import hidden
from kasugai.adapters.kafka.topics import Topics
from kasugai.adapters.redis_rights import USERS, acl_line
from kasugai.adapters.settings import KafkaSettings, Settings
from kasugai.cli.exits import Exit
from kasugai.cli.main import main
from kasugai.core.words.incident import Phase
from kasugai.sim.child import free_port
from tests.support.api_process import ask
from tests.support.kafka_secure import PASSWORD, SecureKafka
from tests.support.pipeline import Pipeline, Town
from tests.support.redis import RedisServer
from tests.support.supervisor import COMMANDS

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

TOWN = Town(racks={"rack1": ("cmp1", "cmp2", "cmp3")}, failing=("cmp1",), guests=3, spawn=0.2)
WRONG = "hunter22"
READERS: dict[str, tuple[str, ...]] = {"project": ("project",), "api": ("api",)}
REPORT = {
    "notification": {
        "type": "COMPUTE_HOST",
        "hostname": "cmp2",
        "generated_time": "2026-11-30T00:00:00",
        "payload": {"event": "STOPPED", "cluster_status": "OFFLINE", "host_status": "UNKNOWN"},
    }
}
ORDER = {"command": {"order": "hold", "host": "cmp3", "reason": "drill"}}


@pytest.fixture(autouse=True)
def _forget_refusals() -> Iterator[None]:
    """One process of tests plays many processes."""
    yield
    SHARED.refusal = ""


def test_a_host_is_recovered_through_the_guarded_door(
    secure: SecureKafka, own_redis: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each process and the command line as a user of its own, at Kafka and at Redis, and what the manual gives it."""
    with Redis.from_url(own_redis.url) as admin:
        for user in USERS:
            admin.execute_command(*acl_line(user, PASSWORD).split())
    monkeypatch.setattr(secure, "redis_password", PASSWORD)
    port = free_port()
    api = f"[api]\nauth_strategy = noauth2\nlisten = 127.0.0.1\nport = {port}\n"
    with Pipeline(secure, own_redis, tmp_path, TOWN, commands={**COMMANDS, **READERS}, config=api) as site:
        site.processes.until(
            lambda: all(site.processes.is_at_work(name) for name in COMMANDS), 60, lambda: "all at work"
        )
        site.lose("cmp1")
        site.processes.until(lambda: any(view.is_told for view in site.incidents()), 60, site.processes.tails)
        (view,) = site.incidents()
        assert view.phase is Phase.RECOVERED
        assert max(site.calls().values()) == 1
        assert all(PASSWORD not in site.processes.log(name) for name in COMMANDS)
        assert main(["incident", "show", "cmp1", "--config-file", str(site.config)]) == Exit.OK
        assert ask(port, "POST", "/v1/notifications", json.dumps(REPORT))[0] == 202
        site.processes.until(lambda: shown(port) == ["cmp2"], 60, site.processes.tails)
        status, order = ask(port, "POST", "/kasugai/v1/commands", json.dumps(ORDER))
        assert (status, json.loads(order)["command"]["author"]) == (202, "admin")
    assert not site.processes.own_ends


def shown(port: int) -> list[str]:
    """Return the hosts of the notifications that the API shows; nothing while its views are being computed."""
    status, body = ask(port, "GET", "/v1/notifications")
    if status != 200:
        return []
    hosts = {host["uuid"]: host["name"] for host in _hosts(port)}
    rows = json.loads(body)["notifications"]
    return [hosts[row["source_host_uuid"]] for row in rows if row["status"] == "running"]


def _hosts(port: int) -> list[dict[str, str]]:
    segments = json.loads(ask(port, "GET", "/v1/segments")[1])["segments"]
    answers = [ask(port, "GET", f"/v1/segments/{segment['uuid']}/hosts")[1] for segment in segments]
    return [host for body in answers for host in json.loads(body)["hosts"]]


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_each_mechanism_lets_us_in(secure: SecureKafka, mechanism: str) -> None:
    settings = Settings(kafka=KafkaSettings(**secure.as_user("kasugai", mechanism)))
    assert Topics(settings).check([]) == []


def test_a_login_is_told_which_topics_it_is_not_shown_and_which_are_not_there(secure: SecureKafka) -> None:
    settings = Settings(kafka=KafkaSettings(**secure.as_user("kasugai-agent", "SCRAM-SHA-512")))
    admin = Topics(settings).admin
    asked = ["kasugai.faults.peers", "kasugai.commands", "kasugai.verdicts"]
    assert hidden(admin, asked) == {"kasugai.commands", "kasugai.verdicts"}
    everybody = Topics(Settings(kafka=KafkaSettings(bootstrap_servers=secure.bootstrap))).admin
    assert hidden(everybody, [*asked, "no.topic"]) == frozenset()
    assert (
        "no.topic" not in Topics(Settings(kafka=KafkaSettings(bootstrap_servers=secure.bootstrap))).present()
    )


def written(secure: SecureKafka, folder: Path, **other: str) -> str:
    """Write a kasugai.conf with some options set otherwise."""
    options = {**secure.as_user("kasugai"), **other}
    lines = "".join(f"{name} = {value}\n" for name, value in options.items() if value)
    file = folder / "kasugai.conf"
    nova = "auth_url = http://127.0.0.1:1/v3\nusername = u\npassword = p\nproject_name = p\n"
    file.write_text(f"[kafka]\n{lines}[nova]\n{nova}[stream]\ninstance = lost\n")
    return str(file)


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"sasl_password": WRONG}, "invalid credentials"),
        ({"ssl_certfile": "", "ssl_keyfile": ""}, "alert bad certificate"),
        ({"ssl_cafile": ""}, "broker certificate could not be verified"),
    ],
)
def test_who_is_not_let_in_is_told_why_in_one_line(
    secure: SecureKafka, tmp_path: Path, capfd: pytest.CaptureFixture[str], other: dict[str, str], why: str
) -> None:
    assert main(["topics", "check", "--config-file", written(secure, tmp_path, **other)]) == Exit.AWAY
    (line,) = capfd.readouterr().err.splitlines()
    assert why in line
    assert line.endswith("see docs/operators/connections.md")
    assert WRONG not in line


def test_processes_with_a_wrong_password_wait_and_say_so_once(secure: SecureKafka, tmp_path: Path) -> None:
    config = written(secure, tmp_path, sasl_password=WRONG)
    logs = {name: tmp_path / f"{name}.log" for name in ("route", "correlate", "worker host")}
    running = {}
    try:
        for name, log in logs.items():
            command = [sys.executable, "-m", "kasugai.cli", *name.split(), "--config-file", config]
            with log.open("wb") as out:
                running[name] = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 60
        while not all("does not let us in" in log.read_text() for log in logs.values()):
            assert time.monotonic() < deadline, {name: log.read_text() for name, log in logs.items()}
            time.sleep(0.1)
        time.sleep(2.5)  # a client that is refused tries again several times a second
        for name, log in logs.items():
            said = log.read_text()
            assert running[name].poll() is None, said
            assert WRONG not in said
            assert said.count("does not let us in") <= 2, said
            assert len(said.splitlines()) <= 6, said
    finally:
        for process in running.values():
            process.kill()
            process.wait()
