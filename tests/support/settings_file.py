"""The kasugai.conf of tests and benches: one Kafka node, one Redis, and a simulated Nova where one is needed."""

from pathlib import Path

CONFIG = """\
[kafka]
{kafka}
replication = 1
min_insync = 1
[redis]
url = {redis}
[stream]
partitions = {partitions}
[worker]
profile = {profile}
"""
CLOUD = """\
[nova]
cloud = sim
clouds_file = {clouds}
[power]
devices_file =
"""
NOWHERE = "redis://127.0.0.1:1/0"


def settings_for(
    *,
    kafka: str,
    redis: str = NOWHERE,
    clouds: Path | None = None,
    partitions: int = 4,
    profile: str = "test",
    more: str = "",
) -> str:
    """Return the text. `kafka`: what [kafka] says about the node (KafkaServer.conf); `clouds`: where the simulated
    Nova's clouds.yaml lies; `more`: what stands at the end, where a group may come a second time."""
    text = CONFIG.format(kafka=kafka, redis=redis, partitions=partitions, profile=profile)
    return text + (CLOUD.format(clouds=clouds) if clouds is not None else "") + more


def trusting_admins(folder: Path) -> str:
    """Return the section of a deployment whose monitors fence, as docs/api/migration.md says to write it: who has the
    role admin may assert it. The file is written into `folder`."""
    rules = folder / "policy.yaml"
    rules.write_text('"kasugai:notification:assert": "role:admin"\n')
    return f"[oslo_policy]\npolicy_file = {rules}\n"
