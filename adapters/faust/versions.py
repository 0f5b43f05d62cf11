"""Checks that the libraries whose insides this room touches are the very ones that were read and measured.

The remedies replace private methods by name; under another version they could be silently without effect.
"""

from collections.abc import Callable
from importlib.metadata import version

READ_AND_MEASURED = {"faust-streaming": "0.15.3", "aiokafka": "0.14.0", "mode-streaming": "0.7.1"}
"""Package -> the version whose source the line numbers in this room refer to."""


class WrongVersionError(Exception):
    """An installed library is not the one that the remedies were written for."""


def check_versions(installed: Callable[[str], str] = version) -> None:
    """Return when all versions are those that were read; raise WrongVersionError naming each that is not."""
    found = {name: installed(name) for name in READ_AND_MEASURED}
    wrong = [
        f"{name} {found[name]} (wanted {wanted})"
        for name, wanted in READ_AND_MEASURED.items()
        if found[name] != wanted
    ]
    if wrong:
        raise WrongVersionError(
            f"the Faust shell was not written for {', '.join(wrong)}: "
            "read adapters/faust against the new source, run its integration tests, then change READ_AND_MEASURED"
        )
