#!/usr/bin/env bash
# keystoneauth1 5.18.0 (what openstacksdk and most of OpenStack's clients send their requests with).
#
# Expected: connect_retries is "the maximum number of retries that should be attempted for connection errors"
#   (docstring of Session.request, "Using Sessions"). By convention a request that may have been received is sent
#   again only if that is harmless: urllib3's Retry counts connect apart from read, and never repeats a POST after the
#   connection was made.
# Seen:     a POST that the server has read in full, and whose connection then ends before the answer, counts as an
#   error of connection and is sent again. With connect_retries=2, one order to evacuate reaches Nova three times.
# Exits 0 while that is so, 1 if it has changed, 2 if it cannot be tried here.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check keystoneauth1==5.18.0 ||
    { echo "The packages cannot be installed here."; exit 2; }

timeout 60 "$work/venv/bin/python" - <<'PY'
import logging
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version

from keystoneauth1 import adapter, exceptions, noauth, session

logging.disable(logging.CRITICAL)
received = []


class Service(BaseHTTPRequestHandler):
    """Carries out each request, and ends before it can answer."""

    def do_POST(self):
        received.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}"
nova = adapter.Adapter(
    session.Session(auth=noauth.NoAuth(endpoint=url)),
    endpoint_override=url,
    connect_retries=2,
    connect_retry_delay=0.1,
)
try:
    nova.post("/servers/1/action", json={"evacuate": {"host": "compute-2"}})
    outcome = "an answer"
except exceptions.ConnectFailure as error:
    outcome = type(error).__name__
server.shutdown()

print("keystoneauth1", version("keystoneauth1"))
print("expected: connect_retries=2 repeats attempts to connect; a POST that was received is sent once")
for body in received:
    print("seen:     the server received POST", body)
print("seen:     the caller was told", outcome)
if not (len(received) == 3 and outcome == "ConnectFailure"):
    sys.exit("Changed: keystoneauth1 no longer repeats a POST that the server has received.")
PY
