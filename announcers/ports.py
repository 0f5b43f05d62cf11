"""What whoever tells of incidents needs: somebody who sends, and somebody who remembers what a matter is called.

Memory is a comfort: without it a message begins a thread of its own, and an alert still has its key.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a receiver was told of a matter before."""

    key: str
    """What the matter was called then: an alert goes on under its first name."""
    thread: str = ""
    """What the receiver calls the first message; empty where it says nothing."""


class Answer(Protocol):
    """What came back."""

    @property
    def status(self) -> int:
        """Return the status of HTTP."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the headers by name in small letters."""
        ...

    @property
    def body(self) -> bytes:
        """Return the body."""
        ...


class Sends(Protocol):
    """Whoever sends."""

    async def send(
        self, method: str, url: str, body: bytes, headers: Mapping[str, str], *, ca_file: str, proxy: str
    ) -> Answer:
        """Send once, and return the answer whatever it is; Unanswered (adapters/web.py) when there is none."""
        ...


class Remembers(Protocol):
    """What was told to whom. Calls raise LedgerAway when nobody answers."""

    async def known(self, receiver: str, key: str) -> Known | None:
        """Return what the receiver was told of the matter; None for nothing."""
        ...

    async def learn(self, receiver: str, key: str, known: Known) -> None:
        """Remember it, for longer than incidents are kept."""
        ...

    async def forget(self, receiver: str, key: str) -> None:
        """Remember nothing of the matter any more."""
        ...
