"""Guards the layout of docs/adr/0001-packaging.md: links, lists of rooms that must agree, and what the core imports.

Everything here reads files; nothing of ours is imported but the package root.
"""

import ast
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import pytest

REPO = Path(__file__).resolve().parents[2]
LINKS = REPO / "src" / "kasugai"
OWN_FILES = {"__init__.py", "py.typed", "__pycache__"}
SETTINGS: dict[str, Any] = tomllib.loads((REPO / "pyproject.toml").read_text())
TOOL: dict[str, Any] = SETTINGS["tool"]
ROOMS = sorted(entry.name for entry in LINKS.iterdir() if entry.name not in OWN_FILES)


def rooms_of_the_import_contract() -> set[str]:
    layers: list[str] = TOOL["importlinter"]["contracts"][0]["layers"]
    return {room.strip() for layer in layers for room in layer.split("|")}


def rooms_banned_by_ruff() -> set[str]:
    banned: dict[str, Any] = TOOL["ruff"]["lint"]["flake8-tidy-imports"]["banned-api"]
    return {name for name, entry in banned.items() if entry["msg"] == f"use kasugai.{name}"}


def rooms_of_pyright() -> set[str]:
    return {Path(path).name for path in TOOL["pyright"]["include"]} - {"tests", "bench"}


def imported_names(source: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(source.read_bytes(), str(source))):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module
            case _:
                pass


def python_files() -> list[Path]:
    folders = (*ROOMS, "tests", "bench", "tools")
    return [file for folder in folders for file in sorted((REPO / folder).rglob("*.py"))]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_is_a_relative_link_to_a_package_at_the_top(room: str) -> None:
    assert os.readlink(LINKS / room) == f"../../{room}"
    assert (REPO / room).is_dir() and not (REPO / room).is_symlink()
    assert ast.get_docstring(ast.parse((REPO / room / "__init__.py").read_text()))


@pytest.mark.parametrize(
    "listed",
    [
        pytest.param(set(TOOL["coverage"]["run"]["source_dirs"]), id="coverage"),
        pytest.param(rooms_banned_by_ruff(), id="ruff"),
        pytest.param(rooms_of_pyright(), id="pyright"),
        pytest.param(rooms_of_the_import_contract(), id="import contract"),
    ],
)
def test_every_list_of_rooms_agrees_with_the_links(listed: set[str]) -> None:
    assert listed == set(ROOMS)


def test_the_sdist_names_no_room_itself() -> None:
    assert not set(TOOL["hatch"]["build"]["targets"]["sdist"]["only-include"]) & set(ROOMS)


def test_nobody_imports_a_room_by_its_bare_name() -> None:
    bare = [
        f"{file.relative_to(REPO)}: {name}"
        for file in python_files()
        for name in imported_names(file)
        if name.split(".")[0] in ROOMS
    ]
    assert bare == []
    assert not set(ROOMS) & set(sys.modules)


def test_the_core_imports_itself_and_the_standard_library_only() -> None:
    allowed = sys.stdlib_module_names
    foreign = [
        f"{file.relative_to(REPO)}: {name}"
        for file in sorted((REPO / "core").rglob("*.py"))
        for name in imported_names(file)
        if name.split(".")[0] not in allowed and not (name + ".").startswith("kasugai.core.")
    ]
    assert foreign == []


def test_avro_does_not_stand_beside_avro_python3() -> None:
    with pytest.raises(PackageNotFoundError):
        distribution("avro")


@pytest.mark.parametrize("lock", ["run.txt", "dev.txt", "clients.txt"])
def test_a_lock_file_has_hashes_and_no_address(lock: str) -> None:
    text = (REPO / "requirements" / lock).read_text()
    pins = [block for block in text.split("\n") if "==" in block and not block.startswith((" ", "#"))]
    assert pins and all(pin.endswith("\\") for pin in pins)
    assert text.count("--hash=sha256:") >= len(pins)
    assert "://" not in text


def test_the_docs_copy_of_the_architecture_opens_as_agreed() -> None:
    assert (REPO / "docs" / "architecture.md").read_text().startswith("# Kasugai: architecture\n")


def test_the_command_answers() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "kasugai.cli", "--version"],
        check=True,
        capture_output=True,
        text=True,
        cwd="/",
    )
    assert done.stdout == f"kasugai {SETTINGS['project']['version']}\n"
