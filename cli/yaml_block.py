"""A mapping of a YAML file that knows its lines: whatever is wrong is named by file, line and key, with an example.

It knows YAML and nothing of segments.
"""

import difflib
from collections.abc import Iterable, Iterator, Mapping

import yaml

from kasugai.cli.exits import Misused

_BOOL = "tag:yaml.org,2002:bool"
_NULL = "tag:yaml.org,2002:null"
_TRUE = frozenset({"yes", "true", "on"})


def documents(file: str, text: str) -> Iterator["Block"]:
    """Yield the file's documents, each a mapping."""
    try:
        nodes = list(yaml.compose_all(text, Loader=yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise Misused(f"{file}:{line}: this is no YAML: {error.problem}") from error
    for node in nodes:
        yield Block(file, "", node)


class Block:
    """One mapping. `path` names it in messages."""

    def __init__(self, file: str, path: str, node: yaml.Node) -> None:
        """Refuse what is no mapping, and a key that is there twice."""
        self._file = file
        self._path = path
        self._node = node
        self._items: dict[str, yaml.Node] = {}
        if not isinstance(node, yaml.MappingNode):
            raise self.wrong(None, "a mapping belongs here", "name: rack1")
        for key, value in node.value:
            if key.value in self._items:
                raise Misused(f"{file}:{key.start_mark.line + 1}: {self._called(key.value)}: is there twice")
            self._items[key.value] = value

    def __contains__(self, name: str) -> bool:
        """Whether the key is there and has a value."""
        node = self._items.get(name)
        return node is not None and node.tag != _NULL

    @property
    def names(self) -> list[str]:
        """The keys."""
        return list(self._items)

    def wrong(self, name: str | None, reason: str, example: str) -> Misused:
        """Return the error about a key (None: about the mapping itself)."""
        node = self._items.get(name or "", self._node)
        called = self._called(name) if name else self._path or "the document"
        return Misused(f"{self._file}:{node.start_mark.line + 1}: {called}: {reason}; for example: {example}")

    def refuse_strangers(self, known: Mapping[str, str]) -> None:
        """Raise for a key that nobody reads; `known` has an example for each that is read."""
        for name in self._items:
            if name not in known:
                near = difflib.get_close_matches(name, known, 1, 0.5)
                hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
                raise self.wrong(
                    name, f"nobody reads this; {hint}", known[near[0] if near else next(iter(known))]
                )

    def text(self, name: str, example: str, default: str | None = None) -> str:
        """Return a key's text; it must be there when there is no default."""
        if name not in self:
            if default is None:
                raise self.wrong(None, f"{name} is missing", example)
            return default
        node = self._items[name]
        if not isinstance(node, yaml.ScalarNode) or not node.value.strip():
            raise self.wrong(name, "one word or sentence belongs here", example)
        return str(node.value)

    def flag(self, name: str, example: str, default: bool) -> bool:
        """Return a key's yes or no."""
        if name not in self:
            return default
        node = self._items[name]
        if node.tag != _BOOL:
            raise self.wrong(name, "yes or no belongs here", example)
        return str(node.value).lower() in _TRUE

    def block(self, name: str) -> "Block | None":
        """Return the mapping under a key."""
        return Block(self._file, self._called(name), self._items[name]) if name in self else None

    def items(self, name: str, example: str) -> "Iterable[str | Block]":
        """Return the items of a list under a key: words and mappings."""
        for index, item in enumerate(self._listed(name, example)):
            if isinstance(item, yaml.ScalarNode) and item.tag != _NULL:
                yield str(item.value)
            else:
                yield Block(self._file, f"{self._called(name)}[{index}]", item)

    def words(self, name: str, example: str) -> Iterator[str]:
        """Return the words of a list under a key."""
        for item in self._listed(name, example):
            is_word = isinstance(item, yaml.ScalarNode) and item.tag != _NULL and item.value.strip()
            if not is_word:
                raise self.wrong(name, "a list of words belongs here", example)
            yield str(item.value)

    def _listed(self, name: str, example: str) -> list[yaml.Node]:
        if name not in self:
            return []
        node = self._items[name]
        if not isinstance(node, yaml.SequenceNode):
            raise self.wrong(name, "a list belongs here", example)
        return list(node.value)

    def _called(self, name: str) -> str:
        return f"{self._path}.{name}" if self._path else name
