#!/usr/bin/env bash
# faust-streaming 0.15.3 (aiokafka 0.14.0), on the mock cluster inside confluent-kafka 2.16.1.
#
# Expected: stream.noack() is a "stream where acks are manual" (its docstring), so an event that the agent has not
#   acked is not committed, and comes again after a restart.
# Seen:     one unacked event exactly at the committed offset is committed past as soon as later ones are acked, and
#   never comes again: of the events 0 to 5 with only event 2 unacked, 6 is committed. With 2 and 3 unacked it is 2,
#   as expected.
# Exits 0 while that is so, 1 if it has changed, 2 if it cannot be tried here.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    faust-streaming==0.15.3 aiokafka==0.14.0 confluent-kafka==2.16.1 ||
    { echo "The packages cannot be installed here."; exit 2; }

cat >"$work/agent.py" <<'PY'
import asyncio
import os
import sys

import faust
from confluent_kafka import Consumer, Producer, TopicPartition

EVENTS = 6
unacked = {int(number) for number in sys.argv[1].split(",")}
cluster = Producer({"bootstrap.servers": "none", "test.mock.num.brokers": 1, "log_level": 0})
(broker,) = cluster.list_topics(timeout=10).brokers.values()
address = f"{broker.host}:{broker.port}"
producer = Producer({"bootstrap.servers": address})
for number in range(EVENTS):
    producer.produce("faults", value=str(number), partition=0)
producer.flush(10)

app = faust.App(
    "correlator", broker=f"kafka://{address}", broker_commit_interval=0.5, web_enabled=False, datadir=sys.argv[2],
    topic_allow_declare=False, topic_disable_leader=True,
)
topic = app.topic("faults", value_type=bytes, value_serializer="raw")
seen = []


@app.agent(topic)
async def correlate(stream):
    async for event in stream.noack().events():
        number = int(event.value)
        seen.append(number)
        if number not in unacked:
            event.ack()


def committed():
    consumer = Consumer({"bootstrap.servers": address, "group.id": "correlator"})
    (partition,) = consumer.committed([TopicPartition("faults", 0)], timeout=10)
    return partition.offset


async def main():
    await app.start()
    while len(seen) < EVENTS:
        await asyncio.sleep(0.1)
    await asyncio.sleep(3)                  # several times the interval of commits
    print(committed(), flush=True)
    os._exit(0)                             # the worker is killed, as it were: what is committed now is what counts


asyncio.run(main())
PY
committed_with() {      # the numbers of the events that stay unacked
    timeout 60 "$work/venv/bin/python" -W ignore "$work/agent.py" "$1" "$work/data" 2>"$work/log" | tail -n 1
}
one=$(committed_with 2)
two=$(committed_with 2,3)
echo "faust-streaming 0.15.3"
echo "expected: of the events 0 to 5 all are acked but 2, and 2 is committed: event 2 is the next one to read"
echo "seen:     event 2 unacked: $one is committed"
echo "seen:     events 2 and 3 unacked: $two is committed"
if [ "$one $two" != "6 2" ]; then
    echo "Changed: Faust no longer commits past a single unacked event, or stops elsewhere than described."
    exit 1
fi
