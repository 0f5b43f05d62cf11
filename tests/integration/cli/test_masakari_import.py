"""An existing Masakari's database on a real MariaDB, imported into the inventory on a real Kafka."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from kasugai.cli.exits import Exit
from kasugai.cli.main import main
from tests.support.kafka import KafkaServer
from tests.support.mariadb import PASSWORD, MariaServer
from tests.support.masakari import HOSTS, ROWS, SEGMENT, TABLES

pytestmark = pytest.mark.integration


@pytest.fixture
def masakari() -> Iterator[MariaServer]:
    """A MariaDB with a Masakari's tables."""
    server = MariaServer().start()
    server.run(*TABLES, *ROWS, database="masakari")
    yield server
    server.stop()


@pytest.fixture
def config(tmp_path: Path) -> Iterator[str]:
    """A kasugai.conf for a Kafka of its own: Kasugai's topics have fixed names."""
    server = KafkaServer().start()
    file = tmp_path / "kasugai.conf"
    file.write_text(f"[kafka]\nbootstrap_servers = {server.bootstrap}\nreplication = 1\nmin_insync = 1\n")
    assert main(["topics", "apply", "--config-file", str(file)]) == Exit.OK
    yield str(file)
    server.stop()


def test_segments_and_hosts_come_over_and_a_second_import_writes_nothing(
    masakari: MariaServer, config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "masakari.conf"
    url = f"mysql+pymysql://masakari:{quote(PASSWORD, safe='')}@127.0.0.1:{masakari.port}/masakari"
    file.write_text(f"[database]\nconnection = {url}?charset=utf8mb4\n")
    words = ["import", "masakari", "--masakari-config", str(file), "--config-file", config]
    create = ["create  segment rack1", "create  host cmp1", "create  host cmp2"]
    capsys.readouterr()
    assert main(words) == Exit.OK
    told = capsys.readouterr()
    assert told.out.splitlines() == create and "nothing was. To write them, add --apply" in told.err
    assert main([*words, "--apply"]) == Exit.OK
    assert capsys.readouterr().out.splitlines() == create
    assert main([*words, "--apply"]) == Exit.OK
    assert "nothing was written" in capsys.readouterr().err
    assert main(["segment", "list", "-o", "json", "--config-file", config]) == Exit.OK
    (segment,) = json.loads(capsys.readouterr().out)
    assert (segment["segment_id"], segment["armed"]) == (SEGMENT, False)
    assert [(host["host_uuid"], host["on_maintenance"]) for host in segment["hosts"]] == [
        (HOSTS[0], True),
        (HOSTS[1], False),
    ]


def test_a_refused_login_is_told_without_the_password(
    masakari: MariaServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "kasugai.conf"
    file.write_text("[kafka]\nbootstrap_servers = 127.0.0.1:1\n")
    url = f"mysql://masakari:hunter2@127.0.0.1:{masakari.port}/masakari"
    assert main(["import", "masakari", "--database", url, "--config-file", str(file)]) == Exit.AWAY
    told = capsys.readouterr().err
    assert "Access denied" in told and "hunter2" not in told
