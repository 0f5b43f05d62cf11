"""A worker as a process of its own, as `kasugai worker host` runs it: what a test can kill, stop and wake.

python -m tests.support.worker_process '{"bootstrap": ..., "redis": ..., "clouds": ..., ...}'
"""

import json
import logging
import sys

from kasugai.adapters.settings import (
    KafkaSettings,
    NovaSettings,
    RedisSettings,
    Settings,
    StreamSettings,
    WorkerSettings,
)
from kasugai.core.words.subject import Kind
from kasugai.core.words.timing import TEST
from kasugai.workers.app import main


def settings_of(*, bootstrap: str, redis: str, clouds: str, instance: str, partitions: int = 4) -> Settings:
    """Return the settings of a test deployment under the test profile."""
    return Settings(
        kafka=KafkaSettings(bootstrap_servers=bootstrap, replication=1, min_insync=1),
        redis=RedisSettings(url=redis),
        nova=NovaSettings(cloud="sim", clouds_file=clouds),
        stream=StreamSettings(partitions=partitions, instance=instance),
        worker=WorkerSettings(profile="test", timing=TEST),
    )


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    given = json.loads(sys.argv[1])
    group = given.pop("group")
    sys.exit(main(settings_of(**given), [Kind.HOST], group=group))
