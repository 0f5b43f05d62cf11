"""Nova 34's own notifications, as they stood on RabbitMQ, and as either bus carries them."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1] / "samples" / "nova-notifications"
NAMES = sorted(file.name.removesuffix(".json") for file in FOLDER.glob("*.json"))
"""One of each event type, of instance.update and service.update one of each change."""


@cache
def _text(name: str) -> str:
    return (FOLDER / f"{name}.json").read_text()


def message(name: str) -> dict[str, Any]:
    """Return what the envelope of a sample holds, to be changed at will."""
    found: dict[str, Any] = json.loads(_text(name))["message"]
    return found


def enveloped(inner: Mapping[str, Any], version: str = "2.0") -> bytes:
    """Return a message's body on either bus."""
    return json.dumps({"oslo.version": version, "oslo.message": json.dumps(inner)}).encode()


def on_rabbit(name: str) -> bytes:
    """Return a sample's body as RabbitMQ carries it."""
    return enveloped(message(name))


def on_kafka(name: str) -> bytes:
    """Return it as Kafka carries it: the context in one object, no `_unique_id`."""
    inner = message(name)
    spread = [key for key in inner if key.startswith("_context_")]
    context = {key.removeprefix("_context_"): inner.pop(key) for key in spread}
    inner.pop("_unique_id")
    return enveloped(inner | {"_context": context})
