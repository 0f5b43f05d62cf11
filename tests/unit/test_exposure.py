"""What is open to others is said in one line with the remedy, and what is closed is not."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from kasugai.adapters.settings import KafkaSettings, RedisSettings, Settings, load
from kasugai.adapters.settings.exposure import Part, exposures, is_loopback, used_by, warn
from kasugai.adapters.settings.values import AgentsSettings, ApiSettings

CLOSED = Settings(
    kafka=KafkaSettings(
        bootstrap_servers="k1:9093", security_protocol="SASL_SSL", sasl_username="kasugai-route"
    ),
    redis=RedisSettings(url="rediss://redis1/0", username="kasugai", password="hunter2hunter2"),
    api=ApiSettings(listen="127.0.0.1"),
)


@pytest.fixture
def reach() -> Iterator[Path]:
    """A folder that everybody may enter; pytest's are its user's own."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def told(**changes: object) -> str:
    """Return the one line that a change of what is closed leads to."""
    (line,) = exposures(replace(CLOSED, **changes))  # type: ignore[arg-type]
    assert "\n" not in line and "hunter2" not in line
    return line


def kafka(**changes: str) -> KafkaSettings:
    return replace(CLOSED.kafka, **changes)  # type: ignore[arg-type]


def redis(**changes: str) -> RedisSettings:
    return replace(CLOSED.redis, **changes)  # type: ignore[arg-type]


def test_what_is_closed_needs_no_word() -> None:
    assert exposures(CLOSED) == []
    certified = kafka(security_protocol="SSL", ssl_certfile="c", ssl_keyfile="k", sasl_username="")
    assert exposures(replace(CLOSED, kafka=certified)) == []


@pytest.mark.parametrize(
    ("protocol", "words"),
    [
        ("PLAINTEXT", "without TLS and without a password"),
        ("SASL_PLAINTEXT", "without TLS: "),
        ("SSL", "without a password or a certificate of ours"),
    ],
)
def test_kafka(protocol: str, words: str) -> None:
    line = told(kafka=kafka(security_protocol=protocol))
    assert words in line and "security_protocol = SASL_SSL" in line


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"username": "", "password": ""}, "Redis is used without a password"),
        ({"username": ""}, "as its user default, who may do everything"),
        (
            {"url": "rediss://default:hunter2hunter2@redis1/0", "username": "", "password": ""},
            "ACL SETUSER",
        ),
        ({"url": "redis://redis1/0"}, "Redis is used without TLS"),
        ({"url": "redis+sentinel://127.0.0.1,s2/kasugai/0"}, "Redis is used without TLS"),
    ],
)
def test_redis(changes: dict[str, str], words: str) -> None:
    assert words in told(redis=redis(**changes))


@pytest.mark.parametrize("url", ["redis://127.0.0.1/0", "redis://localhost/0", "unix:///run/redis.sock?db=0"])
def test_what_stays_on_this_machine_needs_no_tls(url: str) -> None:
    assert exposures(replace(CLOSED, redis=redis(url=url))) == []


@pytest.mark.parametrize("listen", ["0.0.0.0", "::", "192.0.2.1", "ha.example.org", ""])
def test_the_api_beyond_this_machine(listen: str) -> None:
    assert f"the API listens on {listen} without TLS" in told(api=ApiSettings(listen=listen))


def test_loopback_is_known_without_asking_anybody() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "localhost.example.org", "10.0.0.1")))


@pytest.mark.parametrize(
    ("mode", "words"),
    [(0o644, "every user"), (0o604, "every user"), (0o660, "others can write"), (0o640, "")],
)
def test_a_file_that_others_read_or_write(mode: int, words: str, reach: Path) -> None:
    secret = reach / "kafka.password"
    secret.write_text("hunter2hunter2\n")
    conf = reach / "kasugai.conf"
    conf.write_text(
        "[kafka]\nbootstrap_servers = k1:9093\nsecurity_protocol = SASL_SSL\nsasl_username = kasugai-route\n"
        f"sasl_password_file = {secret}\n[redis]\nurl = rediss://redis1/0\n"
        "username = kasugai\npassword = hunter2hunter2\n"
        f"[nova]\nclouds_file = {reach}/gone.yaml\n"
    )
    conf.chmod(0o640)
    secret.chmod(mode)
    settings = load([str(conf)])
    assert settings.files == (str(conf), str(secret), f"{reach}/gone.yaml")
    found = exposures(settings, [Part.FILES])
    if words:
        (line,) = found
        assert words in line and line.endswith(f"type: chmod u=rw,g=r,o= {secret}")
    else:
        assert found == []


def test_what_lies_in_a_folder_of_our_own_is_nobody_elses(reach: Path) -> None:
    conf = reach / "kasugai.conf"
    conf.write_text("[kafka]\nbootstrap_servers = k1:9092\n")
    conf.chmod(0o644)
    assert len(exposures(load([str(conf)]), [Part.FILES])) == 1
    reach.chmod(0o750)
    assert exposures(load([str(conf)]), [Part.FILES]) == []


@pytest.mark.parametrize(
    ("process", "parts"),
    [("route", 1), ("correlate", 1), ("worker_host", 2), ("project", 2), ("api", 3)],
)
def test_a_process_warns_of_what_it_uses(process: str, parts: int, caplog: pytest.LogCaptureFixture) -> None:
    settings = Settings(
        kafka=kafka(security_protocol="PLAINTEXT"),
        redis=RedisSettings(url="redis://127.0.0.1/0"),
        api=ApiSettings(listen="0.0.0.0"),
    )
    with caplog.at_level(logging.WARNING):
        warn(settings, used_by(process))
    assert [record.levelname for record in caplog.records] == ["WARNING"] * parts
    assert all(record.getMessage().startswith("open to others: ") for record in caplog.records)


def test_names_that_nobody_proves_are_said_where_agents_are_heard() -> None:
    line = told(agents=AgentsSettings(proof="none"))
    assert line.startswith("no agent proves its name") and "write into [agents]: proof = hmac" in line
    assert Part.AGENTS in used_by("route") and Part.AGENTS in used_by("liveness")
    assert Part.AGENTS not in used_by("correlate") and Part.AGENTS not in used_by("worker_host")
