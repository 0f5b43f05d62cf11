"""The product's modules as text and syntax: what house tests read. Nothing of ours is imported."""

import ast
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
LINKS = REPO / "src" / "kasugai"
OWN_FILES = {"__init__.py", "py.typed", "__pycache__"}
ROOMS = sorted(entry.name for entry in LINKS.iterdir() if entry.name not in OWN_FILES)

Graph = Mapping[str, frozenset[str]]
"""Each module with those that it imports."""


def files_of(*folders: str) -> list[Path]:
    """Return the Python files below these folders of the repository."""
    return [file for folder in folders for file in sorted((REPO / folder).rglob("*.py"))]


def place(file: Path) -> str:
    """Return where a file lies, as people write it."""
    return str(file.relative_to(REPO))


@cache
def tree_of(file: Path) -> ast.Module:
    """Return a file's syntax tree."""
    return ast.parse(file.read_bytes(), str(file))


def imported_names(file: Path) -> Iterator[str]:
    """Yield the modules that a file imports anywhere, also inside of functions and for types alone."""
    for node in ast.walk(tree_of(file)):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module
            case _:
                pass


def module_of(file: Path) -> str:
    """Return the name under which a file of a room is imported."""
    parts = file.relative_to(REPO).with_suffix("").parts
    return ".".join(("kasugai", *(part for part in parts if part != "__init__")))


def import_graph() -> Graph:
    """Return the modules of all rooms with what they import of one another, anywhere in their text."""
    files = {module_of(file): file for file in files_of(*ROOMS)}
    return {module: frozenset(_imports(file, files.keys()) - {module}) for module, file in files.items()}


def _imports(file: Path, known: Collection[str]) -> set[str]:
    """Of `from a import b` this is a.b where that is a module, else a."""
    found: set[str] = set()
    for node in ast.walk(tree_of(file)):
        match node:
            case ast.Import(names=names):
                found |= {alias.name for alias in names}
            case ast.ImportFrom(module=str(module), level=0, names=names):
                inner = [f"{module}.{alias.name}" for alias in names]
                found |= {each if each in known else module for each in inner}
            case _:
                pass
    return found & set(known)
