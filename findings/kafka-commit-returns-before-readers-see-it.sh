#!/usr/bin/env bash
# confluent-kafka 2.16.1 with Apache Kafka 4.2.0 (needs Java 17 and Maven): transactions.
#
# Expected: when commit_transaction has returned, a consumer with isolation.level=read_committed that asks for the end
#   of the partition is told one behind the records that were committed: this level is to give "all transactional
#   messages which have been committed" (consumer configuration).
# Seen:     about one commit in four is not to be seen yet when the call returns, for up to some 20 ms. The coordinator
#   answers once it has noted the decision, and writes the markers that readers wait for afterwards (KIP-98): who lists
#   what he has just written may see what was there before. A producer that takes the transactional id is spared that:
#   init_transactions waits for the markers.
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
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
auto.create.topics.enable=false
EOF
kafka() { exec java -Xmx512m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp "$work/libs/*" "$@" >>"$work/log" 2>&1; }
(kafka kafka.tools.StorageTool format -t MkU3OEVBNTcwNTJENDM2Qg -c "$work/server.properties" --standalone)
(kafka kafka.Kafka "$work/server.properties") &
server=$!
disown             # or bash tells that it was killed

cat >"$work/commit.py" <<'PY'
import sys
import time

from confluent_kafka import Consumer, Producer, TopicPartition, libversion, version
from confluent_kafka.admin import AdminClient, NewTopic

ADDRESS, TOPIC, COMMITS = {"bootstrap.servers": f"127.0.0.1:{sys.argv[1]}", "log_level": 0}, "inventory", 400
admin = AdminClient(ADDRESS)
for _ in range(100):
    try:
        admin.create_topics([NewTopic(TOPIC, 1, 1)])[TOPIC].result()
        break
    except Exception:
        time.sleep(0.3)
else:
    sys.exit("The topic could not be made.")

producer = Producer(ADDRESS | {"transactional.id": "writer"})
producer.init_transactions(30)
reader = Consumer(ADDRESS | {"group.id": "reader", "isolation.level": "read_committed"})
where = TopicPartition(TOPIC, 0)
hidden, longest = 0, 0.0
for number in range(COMMITS):
    offsets = []
    producer.begin_transaction()
    producer.produce(TOPIC, str(number), on_delivery=lambda error, message: offsets.append(message.offset()))
    producer.commit_transaction(10)
    returned, seen = time.monotonic(), reader.get_watermark_offsets(where, 10)[1] > offsets[0]
    hidden += not seen
    while not seen:
        seen = reader.get_watermark_offsets(where, 10)[1] > offsets[0]
        longest = max(longest, time.monotonic() - returned)
reader.close()

print("confluent-kafka", version(), "librdkafka", libversion()[0], "Apache Kafka 4.2.0")
print(f"expected: 0 of {COMMITS} commits are hidden from a read_committed reader once the call has returned")
print(f"seen:     {hidden} of {COMMITS}, the longest for {longest * 1000:.0f} ms")
if hidden == 0:
    sys.exit("Changed: what was committed is to be seen when commit_transaction returns.")
PY
timeout 120 "$work/venv/bin/python" "$work/commit.py" "$port" 2>"$work/errors" ||
    { tail -n 1 "$work/errors"; exit 1; }
