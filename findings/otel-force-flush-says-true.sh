#!/usr/bin/env bash
# opentelemetry-sdk 1.45.2 with opentelemetry-exporter-otlp-proto-http 1.45.2.
#
# Expected: TracerProvider.force_flush(timeout_millis) waits that long at most and answers "True if all span
#   processors flushed their spans within the given timeout, False otherwise" (its docstring); the specification
#   ("Tracing SDK", ForceFlush) asks that a caller can learn whether it succeeded, failed or timed out.
# Seen:     with a collector that answers 503 (try again later, in OTLP) and a time-out of 1 s, it comes back after
#   several seconds, when the exporter has given up and dropped the span, and says True.
# Exits 0 while that is so, 1 if it has changed, 2 if it cannot be tried here.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    opentelemetry-sdk==1.45.2 opentelemetry-exporter-otlp-proto-http==1.45.2 ||
    { echo "The packages cannot be installed here."; exit 2; }

timeout 90 "$work/venv/bin/python" - <<'PY'
import logging
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

logging.disable(logging.CRITICAL)
posts = []


class BusyCollector(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        posts.append(self.path)
        self.send_response(503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), BusyCollector)
threading.Thread(target=server.serve_forever, daemon=True).start()
exporter = OTLPSpanExporter(endpoint=f"http://127.0.0.1:{server.server_port}/v1/traces", timeout=10)
provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(exporter))
with provider.get_tracer("worker").start_as_current_span("recovery"):
    pass
began = time.monotonic()
answer = provider.force_flush(timeout_millis=1000)
took = time.monotonic() - began
server.shutdown()

print("opentelemetry-sdk", version("opentelemetry-sdk"))
print("expected: force_flush(timeout_millis=1000) is back within about 1 s and says False, for no span was taken")
print(f"seen:     it was back after {took:.1f} s and said {answer}; the answer to all {len(posts)} requests was 503")
if not (answer is True and took > 2 and posts):
    sys.exit("Changed: force_flush now keeps its time-out, or says that the spans were not delivered.")
PY
