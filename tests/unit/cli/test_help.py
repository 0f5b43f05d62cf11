"""Every command explains itself: one line, two examples that really parse, then usage and options, at 80 columns."""

import argparse
import ast
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kasugai.cli.main import build_parser, main


def commands(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, child in action.choices.items():
                yield f"{parser.prog} {name}".removeprefix("kasugai "), child
                yield from commands(child)


ALL = dict(commands(build_parser()))
SUMMARY_WIDTH = 80
ROOT = Path(__file__).parents[3]


def examples(parser: argparse.ArgumentParser) -> list[str]:
    return re.findall(r"^  (?:\w+=\S+ )?(kasugai .*)$", parser.description or "", re.MULTILINE)


def test_all_commands_are_there() -> None:
    assert set(ALL) == {
        "api",
        "policy",
        "policy sample",
        "project",
        "explain",
        "status",
        "demo",
        "sim",
        "sim list",
        "sim run",
        "sim detect",
        "liveness",
        "incident",
        "incident list",
        "incident show",
        "incident report",
        "incident watch",
        "incident hold",
        "incident approve",
        "incident cancel",
        "incident retry",
        "incident retire",
        "incident export",
        "incident verify",
        "fault",
        "fault publish",
        "degraded",
        "degraded begin",
        "degraded end",
        "segment",
        "segment apply",
        "segment list",
        "segment show",
        "segment arm",
        "segment disarm",
        "segment approve",
        "stop",
        "stop begin",
        "stop show",
        "stop end",
        "whatif",
        "whatif lose",
        "whatif rack",
        "whatif survive",
        "whatif compare",
        "agent",
        "agent enroll",
        "agent keys",
        "agent keys new",
        "agent keys list",
        "agent keys rotate",
        "agent keys retire",
        "agent keys revoke",
        "power",
        "power check",
        "topics",
        "topics apply",
        "topics check",
        "topics remake",
        "tap",
        "record",
        "replay",
        "shadow",
        "rebuild",
        "doctor",
        "import",
        "import masakari",
        "route",
        "observe",
        "bridge",
        "announce",
        "correlate",
        "worker",
        "agent check",
    }


@pytest.mark.parametrize("name", ALL)
def test_help_is_a_line_two_examples_and_the_options(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = ALL[name].format_help().splitlines()
    assert lines[0].endswith((".", ")")) and len(lines[0]) <= SUMMARY_WIDTH
    assert lines[1:3] == ["", "Examples:"]
    assert lines[6].startswith("Usage: kasugai ")
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("name", ALL)
def test_its_two_examples_can_be_typed(name: str) -> None:
    found = examples(ALL[name])
    assert len(found) == 2
    for example in found:
        words = shlex.split(example.partition("|")[0])
        assert words[0] == "kasugai"
        assert callable(build_parser().parse_args(words[1:]).run)
        assert words[1] == name.partition(" ")[0]


def texts(file: Path) -> Iterator[str]:
    """Every text that a module may say, f-strings by their fixed parts."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_no_message_names_a_command_that_is_not_there() -> None:
    """An operator types what an error message says, at night."""
    said = [
        (file.name, words)
        for room in (
            "adapters",
            "agents",
            "api",
            "bridge",
            "announcers",
            "observers",
            "cli",
            "core",
            "schemas",
            "sim",
            "streams",
            "workers",
        )
        for file in (ROOT / room).rglob("*.py")
        for text in texts(file)
        for words in re.findall(r"(?<![\w/.-])kasugai ([a-z]+)", text)
    ]
    assert len(said) > 50
    assert [(file, noun) for file, noun in said if noun not in ALL] == []


def test_a_kind_that_is_none_is_answered_with_those_that_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["incident", "list", "--kind", "guest"])
    assert "'guest' (choose from 'host', 'process', 'instance')" in capsys.readouterr().err


def test_help_loads_neither_kafka_nor_openstack() -> None:
    program = (
        "import sys\nfrom kasugai.cli.main import main\n"
        "try:\n    main(['incident', 'watch', '--help'])\nexcept SystemExit:\n    pass\n"
        "print({name.split('.')[0] for name in sys.modules} & {'confluent_kafka', 'openstack', 'faust', 'rich'})"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "set()"
