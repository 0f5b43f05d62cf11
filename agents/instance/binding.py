"""libvirt's own binding for Python, loaded when somebody watches guests and not before: it is an extra of its own."""

from functools import cache
from importlib import import_module
from typing import Any, Final

MISSING: Final = (
    "libvirt-python is not installed: type pip install 'kasugai[agent-libvirt]', or install python3-libvirt"
)


class NoBindingError(Exception):
    """There is no binding; the message says what to type."""


@cache
def binding(name: str = "libvirt") -> Any:
    """Return the module `libvirt`, or another of its binding; NoBindingError where it is not installed. Errors are not
    printed to stderr any more: who calls tells of them."""
    try:
        module: Any = import_module(name)
    except ImportError as error:
        raise NoBindingError(f"{MISSING} ({error})") from None
    if name == "libvirt":
        module.registerErrorHandler(lambda _context, _error: None, None)
    return module
