"""Kafka with TLS, client certificates and passwords: every process and command goes in by the same options.

Real broker, real processes under the test profile; a host is recovered by what was said through the guarded door only.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kasugai.adapters.kafka.complaints import SHARED
from kasugai.adapters.kafka.layout import wanted
from kasugai.adapters.kafka.topics import Topics
from kasugai.adapters.settings import KafkaSettings, Settings, StreamSettings
from kasugai.cli.exits import Exit
from kasugai.cli.main import main
from kasugai.core.words.incident import Phase
from tests.support.kafka import REPO
from tests.support.kafka_secure import PASSWORD, SecureKafka
from tests.support.pipeline import Pipeline, Town
from tests.support.redis import RedisServer
from tests.support.supervisor import COMMANDS

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

TOWN = Town(racks={"rack1": ("cmp1", "cmp2", "cmp3")}, failing=("cmp1",), guests=3, spawn=0.2)
WRONG = "hunter22"


@pytest.fixture(scope="module")
def secure() -> Iterator[SecureKafka]:
    """A node of its own with the topics, on which everybody has the rights that the manual gives, and no more."""
    server = SecureKafka().start()
    admin = Settings(
        kafka=KafkaSettings(bootstrap_servers=server.bootstrap, replication=1, min_insync=1),
        stream=StreamSettings(partitions=4),
    )
    Topics(admin).apply(wanted(admin))
    manual = (REPO / "docs" / "operators" / "connections.md").read_text()
    server.grant("\n".join(line for line in manual.splitlines() if line.startswith("--allow-principal")))
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def _forget_refusals() -> Iterator[None]:
    """One process of tests plays many processes."""
    yield
    SHARED.refusal = ""


def test_a_host_is_recovered_through_the_guarded_door(
    secure: SecureKafka, redis_server: RedisServer, tmp_path: Path
) -> None:
    """Each process and the command line as a user of its own."""
    with Pipeline(secure, redis_server, tmp_path, TOWN) as site:
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
    assert not site.processes.own_ends


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_each_mechanism_lets_us_in(secure: SecureKafka, mechanism: str) -> None:
    settings = Settings(kafka=KafkaSettings(**secure.as_user("kasugai", mechanism)))
    assert Topics(settings).check([]) == []


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
