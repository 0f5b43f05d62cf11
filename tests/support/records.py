"""Writes and reads a few records from processes of their own, to prove that a broker serves strangers.

Each function starts a fresh Python with a client that shares nothing with the test.
"""

import json
import subprocess
import sys
from typing import Any

PRODUCE = """
import json, sys
from confluent_kafka import Producer
bootstrap, topic, values = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "log_level": 0})
for value in values:
    producer.produce(topic, value.encode(), key=value.encode())
sys.exit(producer.flush(30))
"""

CONSUME = """
import json, sys
from confluent_kafka import Consumer
bootstrap, topic, group, count = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group, "auto.offset.reset": "earliest",
                     "enable.auto.commit": False, "log_level": 0})
consumer.subscribe([topic])
values = [message.value().decode() for message in consumer.consume(count, 30)]
consumer.commit(asynchronous=False)
consumer.close()
print(json.dumps(values))
"""


def produce(bootstrap: str, topic: str, values: list[str]) -> None:
    """Write the values, acknowledged by the broker."""
    _python(PRODUCE, bootstrap, topic, json.dumps(values))


def consume(bootstrap: str, topic: str, group: str, count: int) -> list[str]:
    """Read so many values as a member of a group, commit, and return them sorted."""
    values: list[Any] = json.loads(_python(CONSUME, bootstrap, topic, group, str(count)))
    return sorted(map(str, values))


def _python(program: str, *arguments: str) -> str:
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout
