#!/usr/bin/env bash
# confluent-kafka 2.16.1 with Apache Kafka 4.2.0 (needs Java 17 and Maven), in the new group protocol (KIP-848).
#
# Expected: a topic that was deleted and made again under its name is another topic: it has another id, so that
#   clients can tell (KIP-516, "Topic Identifiers"), and this protocol assigns partitions by that id.
#   auto.offset.reset=earliest says where to begin in a partition of which nothing was read yet: at its first record.
# Seen:     a running consumer goes on in the new topic at the offset that it had reached in the old one. It leaves
#   out as many of the new records as it had read old ones, without an error; a group that starts now reads them all.
# Exits 0 while that is so, 1 if it has changed, 2 if it cannot be tried here.
set -euo pipefail

work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill -9 "$server" || true; rm -rf "$work"' EXIT
cat >"$work/pom.xml" <<'XML'
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>findings</groupId>
  <artifactId>kafka</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>4.2.0</version>
    </dependency>
  </dependencies>
</project>
XML
mvn -q -B -Dstyle.color=never -f "$work/pom.xml" dependency:copy-dependencies \
    -DincludeScope=runtime -DoutputDirectory="$work/libs" >"$work/log" 2>&1 ||
    { echo "Kafka cannot be fetched here (Java 17 and Maven are needed)."; exit 2; }
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check confluent-kafka==2.16.1 ||
    { echo "The packages cannot be installed here."; exit 2; }

read -r port controller < <(python3 -c '
import socket
free = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(one.getsockname()[1] for one in free))')
cat >"$work/server.properties" <<EOF
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:$controller
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller
advertised.listeners=PLAINTEXT://127.0.0.1:$port
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=$work/data
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
auto.create.topics.enable=false
EOF
kafka() { exec java -Xmx512m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp "$work/libs/*" "$@" >>"$work/log" 2>&1; }
(kafka kafka.tools.StorageTool format -t MkU3OEVBNTcwNTJENDM2Qg -c "$work/server.properties" --standalone)
(kafka kafka.Kafka "$work/server.properties") &
server=$!
disown             # or bash tells that it was killed

cat >"$work/recreate.py" <<'PY'
import sys
import time

from confluent_kafka import Consumer, Producer, libversion, version
from confluent_kafka.admin import AdminClient, NewTopic

ADDRESS, TOPIC = {"bootstrap.servers": f"127.0.0.1:{sys.argv[1]}", "log_level": 0}, "inventory"
admin = AdminClient(ADDRESS)


def create():
    """Once the server is up, and has forgotten a topic of this name."""
    for _ in range(100):
        try:
            return admin.create_topics([NewTopic(TOPIC, 1, 1)])[TOPIC].result()
        except Exception:
            time.sleep(0.3)
    sys.exit("The topic could not be made.")


def produce(words):
    producer = Producer(ADDRESS)
    for word in words:
        producer.produce(TOPIC, word)
    producer.flush(10)


def group(name):
    consumer = Consumer(ADDRESS | {
        "group.id": name, "auto.offset.reset": "earliest", "group.protocol": "consumer",
        "topic.metadata.refresh.interval.ms": 1000,
    })
    consumer.subscribe([TOPIC])
    return consumer


def read(consumer, last, seconds):
    """What comes until this record has come or the time is over, and the errors."""
    words, errors, end = [], [], time.monotonic() + seconds
    while time.monotonic() < end and last not in words:
        message = consumer.poll(0.2)
        if message is not None:
            (errors if message.error() else words).append((message.value() or b"").decode())
    return words, errors


create()
produce(f"old-{number}" for number in range(3))
running = group("running")
before, _ = read(running, "old-2", 30)
admin.delete_topics([TOPIC])[TOPIC].result()
create()
produce(f"new-{number}" for number in range(6))
after, errors = read(running, "new-5", 20)
fresh, _ = read(group("fresh"), "new-5", 30)

print("confluent-kafka", version(), "librdkafka", libversion()[0], "Apache Kafka 4.2.0")
print("expected: after the topic was made again the running consumer reads new-0 to new-5")
print("seen:     the running consumer, old topic:", *before)
print("seen:     the running consumer, new topic:", *after, "| errors:", *(errors or ["none"]))
print("seen:     a group that starts now:        ", *fresh)
if not (len(before) == 3 and after == ["new-3", "new-4", "new-5"] and not errors and len(fresh) == 6):
    sys.exit("Changed: a running consumer no longer leaves out the first records of a topic that was made again.")
PY
timeout 120 "$work/venv/bin/python" "$work/recreate.py" "$port" 2>"$work/errors" ||
    { tail -n 1 "$work/errors"; exit 1; }
