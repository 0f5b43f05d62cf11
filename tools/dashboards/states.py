"""The states of hosts and guests as numbers with words and colours, for timelines: Prometheus has but numbers."""

from collections.abc import Mapping

from dashboards.parts import Colour, Query, Word, of
from kasugai.adapters.telemetry.project_metrics import GUEST_STATE, HOST_STATE

HOSTS: Mapping[str, Word] = {
    "suspected": Word(text="suspected", colour=Colour.YELLOW),
    "opened": Word(text="found dead", colour=Colour.ORANGE),
    "held": Word(text="held: a person", colour=Colour.RED),
    "recovering": Word(text="recovering", colour=Colour.BLUE),
    "out": Word(text="out", colour=Colour.GREY),
    "on-probation": Word(text="on probation", colour=Colour.PURPLE),
    "retired": Word(text="retired", colour=Colour.GREY),
}
"""By a host's state; one in service needs no bar."""
GUESTS: Mapping[str, Word] = {
    "detect": Word(text="detect", colour=Colour.YELLOW),
    "decide": Word(text="decide", colour=Colour.ORANGE),
    "fence": Word(text="fence", colour=Colour.PURPLE),
    "wait": Word(text="wait", colour=Colour.GREY),
    "move": Word(text="move", colour=Colour.BLUE),
    "prove": Word(text="back, to be proven", colour=Colour.GREEN),
    "failed": Word(text="failed", colour=Colour.RED),
}
"""By a guest's state in an open incident."""

_FIRST_OF_GUESTS = 11


def _numbered() -> tuple[Mapping[str, int], Mapping[str, int]]:
    hosts = {state: at for at, state in enumerate(HOSTS, start=1)}
    guests = {state: at for at, state in enumerate(GUESTS, start=_FIRST_OF_GUESTS)}
    return hosts, guests


HOST_NUMBERS, GUEST_NUMBERS = _numbered()
WORDS: Mapping[int, Word] = {HOST_NUMBERS[state]: word for state, word in HOSTS.items()} | {
    GUEST_NUMBERS[state]: word for state, word in GUESTS.items()
}
"""What each number of the timelines means."""


def hosts() -> Query:
    """Return the hosts that are not in service, each by its state's number."""
    return Query(
        expr=f"max by (hostname) ({_as_numbers(HOST_NUMBERS, of(HOST_STATE))})", legend="{{hostname}} (host)"
    )


def guests() -> Query:
    """Return the guests of open incidents, each by its state's number."""
    return Query(
        expr=f"max by (hostname, guest) ({_as_numbers(GUEST_NUMBERS, of(GUEST_STATE))})", legend="{{guest}}"
    )


def _as_numbers(numbers: Mapping[str, int], series: str) -> str:
    return " or ".join(
        f"{number} * {series.replace('{', f'{{state={chr(34)}{state}{chr(34)}, ', 1)}"
        for state, number in numbers.items()
    )
