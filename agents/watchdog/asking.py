"""The question "are you without confirmation too?" between agents: 21 bytes over UDP, and an answer of 22.

An answer counts by the question's nonce, by the address that was asked, and by nothing else; who is not listed is not
answered. No answer is longer than its question by more than a byte, so that nobody is flooded through us.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import cast

from kasugai.adapters.wall import nonce as fresh
from kasugai.agents.kdump import Address, address_of

log = logging.getLogger(__name__)

QUESTION, ANSWER = b"KSG?1", b"KSG!1"
NONCE = 16
CONFIRMED, WITHOUT = b"c", b"w"
KEPT = 4_096
"""Questions without an answer that are remembered."""


def answer_to(data: bytes, *, without: bool) -> bytes | None:
    """Return the answer to a question; None for what is none."""
    if not is_question(data):
        return None
    return ANSWER + data[len(QUESTION) :] + (WITHOUT if without else CONFIRMED)


def is_question(data: bytes) -> bool:
    """Whether these bytes are a question."""
    return len(data) == len(QUESTION) + NONCE and data.startswith(QUESTION)


def read_answer(data: bytes) -> tuple[bytes, bool] | None:
    """Return an answer's nonce and whether it says "without"; None for what is no answer."""
    end = len(ANSWER) + NONCE
    if len(data) != end + 1 or not data.startswith(ANSWER) or data[end:] not in (CONFIRMED, WITHOUT):
        return None
    return data[len(ANSWER) : end], data[end:] == WITHOUT


class Asking(asyncio.DatagramProtocol):
    """Both sides of it, on one socket. Who asks with what is not known here."""

    def __init__(self, says_so: Callable[[], bool], heard: Callable[[str, object, bool], None]) -> None:
        """`says_so` is asked for each question of somebody listed; `heard` is told whose answer came, with what was
        noted when it was asked, and what it says."""
        self._says_so, self._heard = says_so, heard
        self._transport: asyncio.DatagramTransport | None = None
        self._hosts: dict[Address, str] = {}
        self._asked: dict[bytes, tuple[str, Address, object]] = {}

    def know(self, addresses: Mapping[str, Iterable[str]]) -> None:
        """Answer these hosts from now on, each by its addresses, and nobody else."""
        found = ((address_of(text), host) for host, texts in addresses.items() for text in texts)
        self._hosts = {address: host for address, host in found if address is not None}

    def ask(self, host: str, text: str, port: int, note: object) -> None:
        """Ask a host at one of its addresses; what cannot be sent was not asked."""
        address = address_of(text)
        if address is None or self._transport is None or self._transport.is_closing():
            return
        nonce = fresh(NONCE)
        if len(self._asked) >= KEPT:
            self._asked.pop(next(iter(self._asked)))
        self._asked[nonce] = host, address, note
        self._transport.sendto(QUESTION + nonce, (_on_socket(text, self._transport), port))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the socket."""
        self._transport = cast("asyncio.DatagramTransport", transport)  # asyncio's own is no instance of it

    def error_received(self, exc: Exception) -> None:
        """A machine that refuses or that no way leads to does not answer: that is all."""

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer a question, or take an answer."""
        sender = address_of(addr[0])
        if is_question(data):
            if sender in self._hosts and self._transport is not None:
                answer = answer_to(data, without=self._says_so())
                self._transport.sendto(answer or b"", addr)
        elif (found := read_answer(data)) is not None:
            self._take(found[0], sender, without=found[1])

    def _take(self, nonce: bytes, sender: Address | None, *, without: bool) -> None:
        asked = self._asked.get(nonce)
        if asked is None or asked[1] != sender:
            return
        del self._asked[nonce]
        self._heard(asked[0], asked[2], without)


def _on_socket(text: str, transport: asyncio.DatagramTransport) -> str:
    """Return an address as a socket of its family takes it: IPv4 within IPv6 on one that is bound to `::`."""
    bound = transport.get_extra_info("sockname")[0]
    return f"::ffff:{text}" if ":" in bound and ":" not in text else text
