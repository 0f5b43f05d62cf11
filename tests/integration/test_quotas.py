"""A real broker takes the quotas of docs/operators/connections.md as they stand there."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.support.kafka import KafkaServer, java

pytestmark = pytest.mark.integration

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "operators" / "connections.md").read_text()
SECTION = PAGE[PAGE.index("### Quotas") : PAGE.index("## Redis")]
LINES = re.findall(r"^--entity-name .*$", SECTION, re.MULTILINE)


def configure(kafka: KafkaServer, words: list[str]) -> str:
    command = [*java(), "kafka.admin.ConfigCommand", "--bootstrap-server", kafka.bootstrap, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_broker_takes_the_lines_of_the_page(kafka: KafkaServer) -> None:
    assert len(LINES) == 2
    for line in LINES:
        configure(kafka, ["--alter", "--entity-type", "users", *shlex.split(line)])
    said = configure(kafka, ["--describe", "--entity-type", "users"])
    for line in LINES:
        _, user, _, quotas = shlex.split(line)
        (told,) = [each for each in said.splitlines() if f"'{user}'" in each]
        wanted = _rates(quotas)
        assert wanted and _rates(told) == wanted
        assert all(f"| {rate:.0f} |" in _row(user) for rate in wanted.values())


def _rates(text: str) -> dict[str, float]:
    return {name: float(rate) for name, rate in re.findall(r"(\w+_byte_rate)=([\d.E]+)", text)}


def _row(user: str) -> str:
    return next(line for line in SECTION.splitlines() if line.startswith(f"| `{user}` |"))
