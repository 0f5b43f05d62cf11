"""`make trial-services`: a Kafka node and a Redis for whoever tries Kasugai, until Ctrl-C. They keep nothing."""

import signal
import sys

from tests.support.kafka import KafkaServer
from tests.support.redis import RedisServer

SAID = """\
For kasugai.conf (Ctrl-C ends both servers, and what they keep is gone):

[kafka]
bootstrap_servers = {kafka}
replication = 1
min_insync = 1
[redis]
url = {redis}
"""


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    ends = {signal.SIGINT, signal.SIGTERM}
    kafka, redis = KafkaServer().start(), RedisServer().start()
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, ends)
        sys.stdout.write(SAID.format(kafka=kafka.bootstrap, redis=redis.url))
        sys.stdout.flush()
        signal.sigwait(ends)
    finally:
        redis.stop()
        kafka.stop()


if __name__ == "__main__":
    main()
