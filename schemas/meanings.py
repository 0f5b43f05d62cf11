"""What each word of a closed set means, for people: the docstrings in the core's source, and nowhere else.

A member without a docstring means what its name says.
"""

import ast
import inspect
import textwrap
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from itertools import pairwise
from types import MappingProxyType


@cache
def meanings(cls: type[StrEnum]) -> Mapping[str, str]:
    """Return each member's sentence by its word; its blanks and line ends are single blanks."""
    body = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
    assert isinstance(body, ast.ClassDef), "the source of a class is a class"
    found = {member.value: member.value.replace("-", " ") for member in cls}
    for statement, after in pairwise(body.body):
        match statement, after:
            case (
                ast.Assign(targets=[ast.Name(id=name)]),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                found[cls[name].value] = " ".join(text.split())
            case _:
                pass
    return MappingProxyType(found)


def meaning(word: StrEnum) -> str:
    """Return a word's sentence; of one that this version does not know, that it does not."""
    return meanings(type(word)).get(word, "a word of a newer Kasugai: upgrade this one to read what it means")
