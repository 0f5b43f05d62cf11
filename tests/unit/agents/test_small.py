"""An agent is small: what it loads, and what its extra brings along, in a process of its own."""

import json
import re
import subprocess
import sys
import tomllib

import pytest

from tests.support.sources import REPO

PROGRAM = """
import sys, json
before = set(sys.modules)
import kasugai.cli.entry, kasugai.cli.agent
import kasugai.agents.settings.loading, kasugai.agents.app
import kasugai.agents.outlook, kasugai.agents.process.watch, kasugai.agents.checking
print(json.dumps(sorted(set(sys.modules) - before)))
"""
FOREIGN = {"_cffi_backend", "_yaml", "confluent_kafka", "fastavro", "jeepney", "kasugai", "yaml"}
"""What does not come with Python; typing_extensions is loaded by confluent-kafka where it is there."""
MOST_MODULES = 420


@pytest.fixture(scope="module")
def loaded() -> list[str]:
    done = subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True)
    found: list[str] = json.loads(done.stdout)
    return found


def test_an_agent_loads_its_own_libraries_and_nothing_that_is_heavy(loaded: list[str]) -> None:
    tops = {name.partition(".")[0] for name in loaded}
    foreign = {name for name in tops if name not in sys.stdlib_module_names and "cython" not in name}
    assert foreign - FOREIGN - {"typing_extensions"} == set()
    assert len(loaded) < MOST_MODULES


def test_of_the_core_an_agent_knows_the_words_alone(loaded: list[str]) -> None:
    core = {name for name in loaded if name.startswith("kasugai.core.")}
    assert {name for name in core if not name.startswith("kasugai.core.words")} == set()
    rooms = {name.split(".")[1] for name in loaded if name.startswith("kasugai.")}
    assert rooms == {"adapters", "agents", "cli", "core", "schemas"}


def test_the_extra_names_what_is_loaded_and_the_lock_holds_nothing_else() -> None:
    project = tomllib.loads((REPO / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["agent"]]
    names = {word.partition(">")[0].lower() for word in wanted}
    assert names == {"confluent-kafka", "fastavro", "jeepney", "pyyaml"}
    lock = (REPO / "requirements" / "agent.txt").read_text()
    locked = {
        line.partition("==")[0] for line in lock.splitlines() if "==" in line and not line.startswith(" ")
    }
    assert locked - {"typing-extensions"} == names
    assert "--hash=sha256:" in lock


def test_everybody_elses_libraries_are_an_extra_of_their_own() -> None:
    extras = tomllib.loads((REPO / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    services = {re.split(r"[>\[]", word)[0] for word in extras["services"]}
    assert {"faust-streaming", "redis", "openstacksdk", "opentelemetry-sdk"} <= services
