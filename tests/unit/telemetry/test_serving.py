"""What the health and metrics server says of requests that come to nothing."""

from http.client import HTTPException
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from kasugai.adapters.telemetry import serving
from kasugai.adapters.telemetry.vitals import Vitals
from tests.support.metrics import RESOURCE


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (BrokenPipeError("gone"), []),
        (ConnectionResetError("gone"), []),
        (TimeoutError("slow"), []),
        (LookupError("no such"), ["a request to the health and metrics server failed: LookupError: no such"]),
    ],
)
def test_who_hangs_up_is_no_news_and_a_fault_of_ours_is_a_line(
    error: Exception,
    said: list[str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """socketserver itself prints a traceback for each."""

    def fail(*_: bytes) -> bytes:
        raise error

    monkeypatch.setattr(serving, "joined", fail)
    with serving.served(Vitals(), RESOURCE, "127.0.0.1", 0) as address:
        with pytest.raises((URLError, HTTPException, OSError)):
            urlopen(f"{address}/metrics", timeout=5)
        with urlopen(f"{address}/healthz", timeout=5) as answer:
            assert answer.status == 200
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == said
    assert "Traceback" not in capfd.readouterr().err
