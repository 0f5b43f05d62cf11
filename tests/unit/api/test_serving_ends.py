"""How a process of the API ends when it is told to, also in the middle of its start."""

import signal
import socket
from collections.abc import Iterator

import pytest

from kasugai.adapters.settings import KafkaSettings, Settings
from kasugai.api import serve

SETTINGS = Settings(kafka=KafkaSettings(bootstrap_servers="127.0.0.1:1"))


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    """Leave the handlers as they were."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_an_error_that_takes_the_signals_place_ends_it_as_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seen in CI: a sibling whose port was taken ended all, and this one was building its admin client just then."""

    def opening(*_: object) -> int:
        try:
            signal.raise_signal(signal.SIGTERM)
        except SystemExit:
            raise TypeError("expected configuration property name as type unicode string") from None
        return 1

    monkeypatch.setattr(serve, "_observed", opening)
    with socket.socket() as listening, pytest.raises(SystemExit) as ended:
        serve._serve(SETTINGS, (), listening)
    assert ended.value.code == 0


def test_an_error_of_its_own_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def opening(*_: object) -> int:
        raise TypeError("of our own")

    monkeypatch.setattr(serve, "_observed", opening)
    with socket.socket() as listening, pytest.raises(TypeError, match="of our own"):
        serve._serve(SETTINGS, (), listening)
