"""The check that the settings ask for: by the master keys, or, asked for by name, none."""

from typing import Protocol

from kasugai.adapters.proving.checker import Checker, Headers
from kasugai.adapters.settings.values import AgentsSettings


class Proofs(Protocol):
    """Who tells whether a record is the word of whom it names."""

    @property
    def are_asked(self) -> bool:
        """Whether a record without a proof is nobody's word."""

    def trouble(self, host: str, topic: str, key: str, value: bytes, headers: Headers) -> str:
        """Return why a record is not proved to be the word of `host`, in one line; "" when it is."""


class Unasked:
    """`[agents] proof = none`: every name is believed."""

    are_asked = False

    def trouble(self, host: str, topic: str, key: str, value: bytes, headers: Headers) -> str:
        """Find none."""
        return ""


def proofs_of(agents: AgentsSettings) -> Proofs:
    """Return the check that [agents] asks for; a file of keys that is not there or not right is told in the log."""
    return Unasked() if agents.proof == "none" else Checker.of(agents.master_keys_file)
