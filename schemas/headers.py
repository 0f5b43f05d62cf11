"""The headers that every record of ours carries besides its trace: type and schema for who has no codec, and ids."""

from functools import cache
from uuid import UUID

from kasugai.schemas.registry import newest

Headers = tuple[tuple[str, bytes], ...]

_IDS = (("kasugai-event-id", "event_id"), ("kasugai-incident-id", "incident"))
"""Headers, and the fields that they show."""


def own_headers(value: object) -> Headers:
    """Return the headers of a record of `value`, without a trace."""
    return (*_schema_headers(type(value).__name__), *_ids(value))


@cache
def _schema_headers(type_: str) -> Headers:
    version = newest(type_)
    named = {
        "content-type": "application/vnd.confluent.avro",
        "kasugai-schema": f"{version.type}/{version.id}",
        "kasugai-fp": version.fingerprint,
    }
    return tuple((name, text.encode()) for name, text in named.items())


def _ids(value: object) -> Headers:
    found = ((header, getattr(value, name, None)) for header, name in _IDS)
    return tuple((header, str(id_).encode()) for header, id_ in found if isinstance(id_, UUID))
