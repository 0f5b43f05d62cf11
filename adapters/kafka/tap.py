"""Shows a topic's records as JSON lines, whatever they hold: what `kasugai tap TOPIC` prints."""

import json
from collections.abc import AsyncGenerator
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, OFFSET_END

from kasugai.adapters.kafka.reader import Place, Reader
from kasugai.adapters.kafka.records import Incoming
from kasugai.adapters.settings.values import KafkaSettings
from kasugai.schemas.codec import Undecodable, decode
from kasugai.schemas.plain import to_json


async def tap(
    kafka: KafkaSettings, topic: str, *, beginning: bool = True, follow: bool = False
) -> AsyncGenerator[str, None]:
    """Yield one line of JSON per record: from the beginning or from now on; to the end as of now, or for ever."""
    async with Reader(kafka, "kasugai-tap") as reader:
        first = OFFSET_BEGINNING if beginning else OFFSET_END
        open_ = set(await reader.partitions(topic))
        await reader.assign([Place(topic, partition, first) for partition in open_])
        while open_ or follow:
            batch = await reader.next()
            for record in batch.records:
                yield json.dumps(line_of(record), ensure_ascii=False)
            open_ -= {end.partition for end in batch.ends}


def line_of(record: Incoming) -> dict[str, Any]:
    """Return what is shown of a record."""
    return {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "at": record.at,
        "key": None if record.key is None else _text(record.key),
        **_value(record.value),
        "headers": {name: _text(value) for name, value in record.headers},
    }


def _value(data: bytes | None) -> dict[str, Any]:
    if data is None:
        return {"value": None}
    try:
        return {"value": to_json(decode(data))}
    except Undecodable as error:
        return {"undecodable": str(error), "bytes": data.hex()}


def _text(data: bytes) -> str:
    return data.decode(errors="backslashreplace")
