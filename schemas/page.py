"""Turns the contract files into docs/topics.md.

`tools/draw_topics.py` writes the page; a test proves that it is fresh.
"""

from collections.abc import Iterable

from kasugai.schemas.registry import newest
from kasugai.schemas.topics import DEAD_LETTERS, Cleanup, Stamped, Topic

HEAD = """\
<!-- Generated from schemas/topics/*.yaml by tools/draw_topics.py: change the contract file, then run it. -->

# Topics

Every record is Confluent-framed Avro; the number behind a record type is its schema id (`schemas/ids.json`).
`N` is the deployment's number of partitions (`[stream] partitions`, 12 unless set), fixed when the topics are made.
"""


def render(topics: Iterable[Topic]) -> str:
    """Return the page."""
    live = [topic for topic in topics if not topic.name.endswith(DEAD_LETTERS)]
    return (
        "\n".join([HEAD, *_table(live), "", *(line for topic in live for line in _section(topic))]).rstrip()
        + "\n"
    )


def _table(topics: list[Topic]) -> Iterable[str]:
    yield "| topic | key | partitions | kept | timestamps | records | written by | read by |"
    yield "|---|---|---|---|---|---|---|---|"
    for topic in topics:
        cells = (
            f"[{topic.name}](#{topic.name.replace('.', '')})",
            topic.key,
            str(topic.partitions or "N"),
            _kept(topic),
            "broker" if topic.timestamps is Stamped.APPEND else "producer",
            ", ".join(f"{name} {newest(name).id}" for name in topic.schemas) or "–",
            ", ".join(topic.writers),
            ", ".join(topic.readers),
        )
        yield f"| {' | '.join(cells)} |"


def _section(topic: Topic) -> Iterable[str]:
    yield f"## {topic.name}\n"
    yield f"{topic.description}\n"
    if topic.proved:
        yield "Each record of an agent proves whose word it is (the header `kasugai-proof`).\n"
    if topic.dead_letters:
        yield f"What a reader gives up on goes to `{topic.name}{DEAD_LETTERS}` (3 partitions, 30 days).\n"


def _kept(topic: Topic) -> str:
    if topic.cleanup is Cleanup.COMPACT or topic.retention is None:
        return "last of each key"
    hours = topic.retention // 3_600_000
    return f"{hours} h" if hours < 48 else f"{hours // 24} d"
