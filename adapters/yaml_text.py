"""YAML that people wrote, as a document: a key that is there twice is refused, for one of the two would be lost unsaid.

What is wrong is named by line and key, never by value: these files may hold secrets.
"""

import re
from collections.abc import Hashable
from typing import Any, Final

import yaml

WORD: Final = re.compile(r"^[\w-]+$", re.ASCII)
"""What may be a key's name in a message; anything else may be a secret with a colon too few."""


class NoYaml(Exception):
    """It cannot be read. One line: file, line where there is one, reason."""


class _Once(yaml.constructor.BaseConstructor):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        names = ((key, str(key.value)) for key, _ in node.value if isinstance(key, yaml.ScalarNode))
        for key, name in names:
            if name in seen:
                what = name if WORD.match(name.replace(".", "_")) else "a key"
                raise yaml.constructor.ConstructorError(None, None, f"{what} is there twice", key.start_mark)
            seen.add(name)
        return super().construct_mapping(node, deep=deep)


class Typed(_Once, yaml.SafeLoader):
    """Numbers, yes and no, dates as YAML has them."""


class Plain(_Once, yaml.BaseLoader):
    """Text, lists and mappings, as they are written: 0123 stays 0123, yes stays yes."""


def document(file: str, text: str, loader: type[Typed] | type[Plain]) -> Any:
    """Return what a file's text says; NoYaml."""
    try:
        return yaml.load(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise NoYaml(f"{file}:{line}: this is no YAML: {error.problem}") from None
    except yaml.YAMLError:
        raise NoYaml(f"{file}: this is no YAML: it holds characters that are not allowed") from None
    except (ValueError, RecursionError):
        raise NoYaml(
            f"{file}: this is no YAML: it holds a number or a date that is none, or is too deep"
        ) from None
