#!/usr/bin/env bash
# confluent-kafka 2.16.1 (confluent-kafka-python with its librdkafka).
#
# Expected: what a handler of a signal raises comes out of whatever the main thread is doing ("signal", Execution of
#   Python signal handlers, Python 3.11): a handler that calls sys.exit ends the program, wherever the signal finds it.
# Seen:     while a client reads its configuration, SystemExit is replaced by TypeError, "expected configuration
#   property name as type unicode string" (or "value"), though every name is text and the configuration is valid: str()
#   of each name looks for signals, and its failure is taken for a name of the wrong type. A program that is told to end
#   just then reports a fault of its configuration, or, where it catches TypeError, does not end.
# Exits 0 while that is so, 1 if it has changed, 2 if it cannot be tried here.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check confluent-kafka==2.16.1 ||
    { echo "The packages cannot be installed here."; exit 2; }

timeout 120 "$work/venv/bin/python" - <<'PY'
import collections
import random
import signal
import sys
from importlib.metadata import version

from confluent_kafka import Producer

CONFIG = {
    "bootstrap.servers": "127.0.0.1:9092",
    "client.id": "finding",
    "reconnect.backoff.ms": 100,
    "reconnect.backoff.max.ms": 2000,
    "socket.keepalive.enable": True,
    "log_level": 0,
}
signal.signal(signal.SIGALRM, lambda *_: sys.exit(0))
chance = random.Random(1)
seen = collections.Counter()
for _ in range(2000):
    try:
        signal.setitimer(signal.ITIMER_REAL, chance.uniform(1e-6, 4e-5))
        Producer(CONFIG)
        signal.pause()
    except BaseException as error:
        seen[f"{type(error).__name__}: {error}"] += 1
print("confluent-kafka", version("confluent-kafka"))
print("expected: 2000 constructions, each met by one signal whose handler exits, end in SystemExit: 0")
for text, times in seen.most_common():
    print(f"seen:     {times} times {text}")
if not any(text.startswith("TypeError: expected configuration property") for text in seen):
    sys.exit("Changed: an exit that a signal's handler asks for is no longer taken for a wrong property.")
PY
