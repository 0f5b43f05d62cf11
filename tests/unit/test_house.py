"""Guards the layout of docs/adr/0001-packaging.md (links, lists of rooms that must agree, what the core imports), and
what the house asks of every file: no circle, no long file, pages that a terminal shows whole.

Everything here reads files; nothing of ours is imported but the package root.
"""

import ast
import os
import re
import statistics
import subprocess
import sys
import tomllib
from collections.abc import Collection, Mapping
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import pytest

from tests.support.sources import (
    LINKS,
    REPO,
    ROOMS,
    cuts_of_text,
    defines,
    files_of,
    import_graph,
    imported_names,
    members_named,
    place,
    private_names_of,
)

SETTINGS: dict[str, Any] = tomllib.loads((REPO / "pyproject.toml").read_text())
TOOL: dict[str, Any] = SETTINGS["tool"]
PRODUCT = (*ROOMS, "bench", "acceptance", "tools")
LONGEST, MEDIAN = 400, 130
"""Lines of a product file."""
FEW = 5
"""A file of no more lines says nothing about how long files are: most are empty packages."""
COLUMNS = 120
PAGES = [
    REPO / "CONTRIBUTING.md",
    REPO / "docs" / "architecture.md",
    *sorted((REPO / "docs" / "adr").glob("*.md")),
]
"""Those that are read whole, in a terminal beside the code."""

KIND_TABLES = {
    "core/words/subject.py",
    "core/deciding/kinds.py",
    "core/recovering/advance.py",
    "core/telling/kinds.py",
    "workers/observers.py",
    "adapters/nova/questions.py",
}
"""Where a kind of subject is named: its word, how it is decided about, how it is recovered, how it is told, what a
worker looks at, and which rights it needs."""
ACTION_TABLES = {
    f"core/recovering/{name}.py"
    for name in ("planning", "host", "instance", "process", "returning", "draining")
}
"""Where actions are named beside the files of the kinds of steps: which of them a recovery is made of."""
OWN_TEXT = {"api/projection/buckets.py"}
"""What takes apart only text that it has put together: the place of a record."""


def rooms_of_the_import_contract() -> set[str]:
    layers: list[str] = TOOL["importlinter"]["contracts"][0]["layers"]
    return {room.strip() for layer in layers for room in layer.split("|")}


def rooms_banned_by_ruff() -> set[str]:
    banned: dict[str, Any] = TOOL["ruff"]["lint"]["flake8-tidy-imports"]["banned-api"]
    return {name for name, entry in banned.items() if entry["msg"] == f"use kasugai.{name}"}


def rooms_of_pyright() -> set[str]:
    return {Path(path).name for path in TOOL["pyright"]["include"]} - {"tests", "bench", "acceptance"}


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
        f"{place(file)}: {name}"
        for file in files_of(*PRODUCT, "tests")
        for name in imported_names(file)
        if name.split(".")[0] in ROOMS
    ]
    assert bare == []
    assert not set(ROOMS) & set(sys.modules)


def test_the_core_imports_itself_and_the_standard_library_only() -> None:
    allowed = sys.stdlib_module_names
    foreign = [
        f"{place(file)}: {name}"
        for file in files_of("core")
        for name in imported_names(file)
        if name.split(".")[0] not in allowed and not (name + ".").startswith("kasugai.core.")
    ]
    assert foreign == []


def circle_of(graph: Mapping[str, Collection[str]]) -> list[str]:
    """Return the modules of one circle, or nothing."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return sorted(set(error.args[1]))
    return []


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = import_graph()
    assert len(graph) > 300 and sum(map(len, graph.values())) > 1000
    assert circle_of(graph) == []


def test_a_circle_is_seen() -> None:
    assert circle_of({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == ["a", "b", "c"]


def test_a_kind_of_subject_is_named_in_the_tables_of_kinds_only() -> None:
    naming = {
        place(file): lines
        for file in files_of("core", "streams", "workers", "adapters")
        if (lines := members_named(file, "Kind")) and not defines(file, "Kind")
    }
    assert {name: lines for name, lines in naming.items() if name not in KIND_TABLES} == {}


def test_an_action_is_named_by_its_own_kind_of_step_and_by_plans_only() -> None:
    naming = {
        place(file): lines
        for file in files_of("core", "streams", "workers", "adapters", "api", "cli")
        if (lines := members_named(file, "Action")) and not defines(file, "Action")
    }
    assert {
        name: lines
        for name, lines in naming.items()
        if name not in ACTION_TABLES and not name.startswith("core/recovering/steps/")
    } == {}


def test_nobody_reads_a_subject_or_a_step_out_of_a_name() -> None:
    cutting = {
        place(file): lines
        for file in files_of("core", "workers", "streams", "api/projection", "cli")
        if (lines := cuts_of_text(file))
    }
    assert {name: lines for name, lines in cutting.items() if name not in OWN_TEXT} == {}


def test_the_core_is_tested_without_a_shell_and_without_a_loop_of_asyncios_own() -> None:
    files = files_of("tests/unit/core")
    shells = {place(file) for file in files for name in imported_names(file) if "kasugai.streams" in name}
    loops = {place(file): names for file in files if (names := private_names_of(file, "asyncio"))}
    assert (shells, loops) == (set(), {})


def test_what_contributing_names_is_there() -> None:
    text = (REPO / "CONTRIBUTING.md").read_text()
    tops = {entry.name for entry in REPO.iterdir() if entry.is_dir()}
    named = {word for word in re.findall(r"`([^`\s]+)`", text) if "/" in word and word.split("/")[0] in tops}
    missing = {word for word in named if not list(REPO.glob(word.replace("NAME", "*").rstrip("/")))}
    assert len(named) > 20 and missing == set()


def test_a_product_file_is_short() -> None:
    lines = {place(file): file.read_bytes().count(b"\n") for file in files_of(*PRODUCT)}
    assert {name: count for name, count in lines.items() if count > LONGEST} == {}
    assert statistics.median(count for count in lines.values() if count > FEW) <= MEDIAN


def test_avro_does_not_stand_beside_avro_python3() -> None:
    with pytest.raises(PackageNotFoundError):
        distribution("avro")


LOCKS = [
    "run.txt",
    "dev.txt",
    "clients.txt",
    "nova.txt",
    "acceptance.txt",
    "libvirt.txt",
    "looks.txt",
    "build.txt",
    "tools.txt",
]


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_has_hashes_and_no_address(lock: str) -> None:
    text = (REPO / "requirements" / lock).read_text()
    pins = [block for block in text.split("\n") if "==" in block and not block.startswith((" ", "#"))]
    assert pins and all(pin.endswith("\\") for pin in pins)
    assert text.count("--hash=sha256:") >= len(pins)
    assert "://" not in text


def test_the_docs_copy_of_the_architecture_opens_as_agreed() -> None:
    assert (REPO / "docs" / "architecture.md").read_text().startswith("# Kasugai: architecture\n")


@pytest.mark.parametrize("page", PAGES, ids=place)
def test_a_page_for_reading_fits_a_terminal(page: Path) -> None:
    wide = [
        f"{number}: {len(line)} columns"
        for number, line in enumerate(page.read_text().split("\n"), start=1)
        if len(line) > COLUMNS
    ]
    assert wide == []


def test_the_command_answers() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "kasugai.cli", "--version"],
        check=True,
        capture_output=True,
        text=True,
        cwd="/",
    )
    assert done.stdout == f"kasugai {SETTINGS['project']['version']}\n"
