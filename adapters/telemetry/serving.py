"""The small server of a process: /healthz (alive), /readyz (ready) and /metrics (the catalogue, for Prometheus).

It runs on a thread of its own, so that it can still say no when the loop stands still. It tells no secrets and no ids,
and takes no orders.
"""

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from opentelemetry import metrics
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import Counter, MeterProvider, ObservableCounter, ObservableGauge
from opentelemetry.sdk.resources import Resource
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from kasugai.adapters.telemetry.catalogue import BEAT_AGE, LAG, OLDEST_AGE, READY, RECORDS
from kasugai.adapters.telemetry.meters import Reading, watched, wide
from kasugai.adapters.telemetry.vitals import Vitals
from kasugai.adapters.telemetry.wide import joined

log = logging.getLogger(__name__)

SERIES = 50_000
"""How many series a metric of OpenTelemetry's may have, whose own limit is 2,000: what is beyond is told as one series
that nobody can find a host in."""


class PortTaken(Exception):
    """The address cannot be listened on. One line."""


@cache
def registry(resource: Resource) -> CollectorRegistry:
    """Return where Prometheus' text is made from; from the first call on, what is counted is kept."""
    collected = CollectorRegistry()
    reader = PrometheusMetricReader(
        registry=collected,
        scope_info_enabled=False,
        cardinality_limits=dict.fromkeys((Counter, ObservableCounter, ObservableGauge), SERIES),
    )
    provider = MeterProvider([reader], resource=resource, shutdown_on_exit=False)
    metrics.set_meter_provider(provider)
    return collected


@contextmanager
def served(vitals: Vitals, resource: Resource, bind: str, port: int) -> Iterator[str]:
    """Serve for the length of the block and give the address; PortTaken when nobody can listen there."""
    try:
        server = _Server((bind, port), vitals, registry(resource))
    except OSError as error:
        raise PortTaken(f"{bind}:{port} cannot be listened on: {error.strerror}") from error
    vitals.is_served = True
    thread = Thread(target=server.serve_forever, name="telemetry", daemon=True, kwargs={"poll_interval": 0.1})
    thread.start()
    address = f"http://{bind}:{server.server_address[1]}"
    log.info("health and metrics at %s", address)
    with (
        watched(READY, lambda: [(0.0 if vitals.unready() else 1.0, {})]),
        watched(BEAT_AGE, lambda: [(vitals.age, {})]),
        watched(LAG, lambda: _lags(vitals, "records")),
        watched(OLDEST_AGE, lambda: _lags(vitals, "age")),
        watched(RECORDS, lambda: [(n, {"topic": topic}) for topic, n in dict(vitals.lags.taken).items()]),
    ):
        try:
            yield address
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def _lags(vitals: Vitals, what: str) -> list[Reading]:
    return [
        (getattr(lag, what), {"topic": lag.topic, "partition": str(lag.partition)})
        for lag in vitals.lags.read()
    ]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, where: tuple[str, int], vitals: Vitals, collected: CollectorRegistry) -> None:
        self.vitals = vitals
        self.collected = collected
        super().__init__(where, _Door)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say what went wrong in a line; who asked and hung up is no trouble of ours (a scraper's time-out)."""
        error = sys.exception()
        if not isinstance(error, ConnectionError | TimeoutError):
            log.error(
                "a request to the health and metrics server failed: %s: %s", type(error).__name__, error
            )


class _Door(BaseHTTPRequestHandler):
    """One request."""

    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = 10
    server_version = "kasugai"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer one of the three paths."""
        match self.path.split("?", 1)[0]:
            case "/healthz":
                self._verdict(self.server.vitals.unhealthy())
            case "/readyz":
                self._verdict(self.server.vitals.unready())
            case "/metrics":
                encode, content_type = choose_encoder(self.headers.get("Accept", ""))
                page = joined(encode(self.server.collected), wide())
                self._answer(HTTPStatus.OK, content_type, page)
            case _:
                self._answer(HTTPStatus.NOT_FOUND, "text/plain", b"/healthz, /readyz or /metrics\n")

    def _verdict(self, troubles: list[str]) -> None:
        status = HTTPStatus.SERVICE_UNAVAILABLE if troubles else HTTPStatus.OK
        body = json.dumps({"ok": not troubles, "why_not": troubles}) + "\n"
        self._answer(status, "application/json", body.encode())

    def _answer(self, status: HTTPStatus, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: a scrape is no news."""
