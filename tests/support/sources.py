"""The product's modules as text and syntax: what house tests read. Nothing of ours is imported."""

import ast
from collections.abc import Collection, Iterator, Mapping
from functools import cache, lru_cache
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
LINKS = REPO / "src" / "kasugai"
OWN_FILES = {"__init__.py", "py.typed", "__pycache__"}
ROOMS = sorted(entry.name for entry in LINKS.iterdir() if entry.name not in OWN_FILES)

CUTTING = {"partition", "rpartition", "split", "rsplit", "removeprefix", "removesuffix"}

Graph = Mapping[str, frozenset[str]]
"""Each module with those that it imports."""


def files_of(*folders: str) -> list[Path]:
    """Return the Python files below these folders of the repository."""
    return [file for folder in folders for file in sorted((REPO / folder).rglob("*.py"))]


def place(file: Path) -> str:
    """Return where a file lies, as people write it."""
    return str(file.relative_to(REPO))


@lru_cache(maxsize=8)
def tree_of(file: Path) -> ast.Module:
    """Return a file's syntax tree."""
    return ast.parse(file.read_bytes(), str(file))


@cache
def imported_names(file: Path) -> tuple[str, ...]:
    """Return the modules that a file imports anywhere, also inside of functions and for types alone."""
    return tuple(_names_imported(tree_of(file)))


def _names_imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
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


def members_named(file: Path, enum: str) -> list[int]:
    """Return the lines in which a file names a member of an enum: `Enum.MEMBER`, in code and in patterns."""
    return [
        node.lineno
        for node in ast.walk(tree_of(file))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == enum
        and node.attr.isupper()
    ]


def defines(file: Path, name: str) -> bool:
    """Whether a file defines that class."""
    return any(isinstance(node, ast.ClassDef) and node.name == name for node in tree_of(file).body)


def cuts_of_text(file: Path) -> list[int]:
    """Return the lines in which a file takes text apart at a colon or a slash."""
    return [
        node.lineno
        for node in ast.walk(tree_of(file))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in CUTTING
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and {":", "/"} & set(str(node.args[0].value))
    ]


def private_names_of(file: Path, package: str) -> list[str]:
    """Return the private names of a package that a file uses, imported or by attribute."""
    return [name for node in ast.walk(tree_of(file)) for name in _private(node, package)]


def _private(node: ast.AST, package: str) -> list[str]:
    match node:
        case ast.ImportFrom(module=str(module), names=names) if module.split(".")[0] == package:
            return [alias.name for alias in names if alias.name.startswith("_")]
        case ast.Attribute(attr=attr) if attr.startswith("_") and _root(node) == package:
            return [attr]
        case _:
            return []


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
