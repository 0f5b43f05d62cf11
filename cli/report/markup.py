"""HTML as a tree of the standard library's: what is text is escaped where the tree is written, and nowhere else, so no
name of a host or a guest can become markup. Text from outside is made visible on its way in.
"""

from collections.abc import Iterator
from xml.etree.ElementTree import Element, tostring

from kasugai.core.words.visible import shortened, visible

LONGEST = 2_000
"""Characters of one text: names have 255 at most, details 2,000."""

Child = Element | str | None


def tag(name: str, /, *children: Child, **attributes: str) -> Element:
    """Return an element; None among the children is nothing. An attribute's name has `_` for `-`, and one at its end
    where Python has the word (`class_`)."""
    element = Element(name, {_named(key): shown(value) for key, value in attributes.items()})
    for child in children:
        if isinstance(child, str):
            _add_text(element, shown(child))
        elif child is not None:
            element.append(child)
    return element


def raw(name: str, text: str, /, **attributes: str) -> Element:
    """Return an element whose text is ours and is no text to be read: a style, a script."""
    element = Element(name, {_named(key): value for key, value in attributes.items()})
    element.text = text
    return element


def with_code(sentence: str) -> Iterator[Child]:
    """Yield a sentence of ours with what stands between backticks as code."""
    for number, part in enumerate(sentence.split("`")):
        yield tag("code", part) if number % 2 else part


def document(root: Element) -> str:
    """Return the page's text."""
    return f"<!DOCTYPE html>\n{tostring(root, encoding='unicode', method='html')}\n"


def shown(text: str) -> str:
    """Return text from outside as a page may hold it: visible, and not without end."""
    return shortened(visible(text), LONGEST)


def _named(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def _add_text(element: Element, text: str) -> None:
    if len(element):
        element[-1].tail = (element[-1].tail or "") + text
    else:
        element.text = (element.text or "") + text
